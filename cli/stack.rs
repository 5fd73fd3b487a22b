//! Commands for operators of the stack: render its templates, deploy policies, check that it works.

pub(crate) mod deploy_bundle;
pub(crate) mod doctor;
pub(crate) mod template;
