//! The built function, driven as AWS Lambda drives it, before what stands in for AWS.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod canary;
mod crashes;
mod doors;
mod faults;
mod settings;
mod trail;
