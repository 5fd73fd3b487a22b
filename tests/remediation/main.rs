//! Repairs: each remediator by itself, and both built functions together as the templates wire them.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod calls;
mod catalog;
mod stack;
