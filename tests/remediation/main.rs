//! Tests of remediation: each remediator alone, and both built functions as the templates connect
//! them.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot continue must fail"
)]

mod calls;
mod catalog;
mod stack;
