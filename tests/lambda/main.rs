//! Tests of the built evaluate function: a stand-in for the Lambda Runtime API invokes it, with the
//! AWS stand-in as its AWS.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue must fail")]

mod canary;
mod crashes;
mod faults;
mod settings;
mod sources;
mod trail;
