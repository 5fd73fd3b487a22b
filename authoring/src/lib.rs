//! Tools for authors of policies: diagnostics, coverage, mutation tests, formatting, documentation
//! pages, scaffolds and editor support.
//!
//! The Lambda functions do not contain this crate, because an evaluation does not need it. The
//! crate reads no files, no network and no clock: its functions take text or compiled policies, and
//! return diagnostics or text.
//!
//! # Example
//!
//! ```
//! use evenkeel_authoring::check::lint_policies;
//! use evenkeel_rules::policy::{PolicyFile, PolicySet};
//!
//! let text = "// METADATA
//! // title: Default encryption of a bucket was removed
//! // description: New objects are encrypted with another key.
//! // severity: MEDIUM
//! // match: {eventSource: s3.amazonaws.com, eventName: DeleteBucketEncrypton}
//! // resource: {type: AWS::S3::Bucket, id: request.bucketName}
//! // message: Bucket {{resource.id}} lost its default encryption
//!
//! true
//! ";
//! let file = PolicyFile { name: "s3-encryption-removed.cel".to_owned(), text: text.to_owned() };
//! let set = PolicySet::compile_files(&[file], None).unwrap();
//!
//! let diagnostics = lint_policies(&set, &[], None);
//! assert_eq!(diagnostics[0].code, "unknown-event");
//! assert_eq!(diagnostics[0].help.as_deref(), Some("did you mean `DeleteBucketEncryption`?"));
//! ```

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
pub mod sources;
mod types;
