//! What an author of policies needs, and what judging never does: no function carries it.
//!
//! Absent here: files, the network, clocks. Text comes in, diagnostics and text go out.

pub mod coverage;
pub mod docs;
pub mod edit;
pub mod events;
pub mod flip;
pub mod fmt;
pub mod frameworks;
mod infer;
pub mod lint;
pub mod models;
pub mod mutants;
pub mod scaffold;
pub mod schema;
pub mod sigma;
mod types;
