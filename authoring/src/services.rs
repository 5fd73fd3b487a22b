//! Data about AWS services: the events that they emit, and the parameters and responses of their
//! calls. `authoring/tables/generate.py` generates the tables.

pub mod config_types;
pub(crate) mod defaults;
pub mod events;
pub mod models;
pub(crate) mod resource_types;
