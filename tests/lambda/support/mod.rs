//! What the function meets: the Runtime API, AWS, and a proxy between that breaks on demand.

pub(crate) mod aws;
pub(crate) mod events;
pub(crate) mod function;
pub(crate) mod http;
pub(crate) mod proxy;
pub(crate) mod stand;
