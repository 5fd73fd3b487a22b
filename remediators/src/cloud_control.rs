//! What AWS Cloud Control knows of resource types, and what becomes of a resource's properties.

pub(crate) mod properties;
mod types;

pub use types::ResourceType;
