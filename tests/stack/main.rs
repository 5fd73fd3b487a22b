//! Both built functions, driven as AWS Lambda drives them: from a developer's call to a repaired API, and back.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod backend;
mod member;
mod patterns;
mod permissions;
mod sessions;
mod story;
#[expect(dead_code, reason = "the tests of the other function use the rest of it")]
#[path = "../lambda/support/mod.rs"]
mod support;
mod template;
mod wired;
