//! What an author of policies needs, and what judging never does: no function carries it.
//!
//! Absent here: files, the network, clocks. Text comes in, diagnostics and text go out.

pub mod lint;
pub mod sigma;
