//! Commands about the deployed stack: its templates, its policies, and whether it works.

pub(crate) mod deploy_bundle;
pub(crate) mod doctor;
pub(crate) mod template;
