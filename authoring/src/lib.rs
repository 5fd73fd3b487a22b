//! What an author of policies needs, and what judging never does: no function carries it.
//!
//! Absent here: files, the network, clocks. Text comes in, diagnostics and text go out.

pub mod check;
pub mod counterfactual;
pub mod coverage;
pub mod docs;
pub mod editor;
pub mod format;
pub mod frameworks;
pub mod mutation;
pub mod scaffold;
pub mod schema;
pub mod services;
mod types;
