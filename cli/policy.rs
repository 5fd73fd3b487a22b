//! Commands for authors of policies.

pub(crate) mod check;
pub(crate) mod docs;
pub(crate) mod explain;
pub(crate) mod fmt;
pub(crate) mod frameworks;
pub(crate) mod import;
pub(crate) mod lsp;
pub(crate) mod new;
pub(crate) mod schema;
pub(crate) mod test;
