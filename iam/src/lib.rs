//! Answers questions about IAM policy documents: who can do what. It needs no AWS account and makes
//! no network calls.
//!
//! An answer is *no*, *yes* with a request that proves it, or *unknown* with the reason. The request
//! of a *yes* is always one that [`decide_request`] allows. The README of the crate states what is
//! modelled, what is unknown, and how it was tested.
//!
//! ```
//! use evenkeel_iam::{PolicyDocument, Surroundings, public_statements};
//!
//! let document = PolicyDocument::parse_text(
//!     r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage",
//!         "Resource": "arn:aws:sqs:eu-central-1:111122223333:orders"}}"#,
//! )?;
//! let found = public_statements(&document, &Surroundings::default());
//! assert_eq!(
//!     found[0].answer.to_string(),
//!     "yes: arn:aws:iam::999988887777:role/x may sqs:SendMessage on \
//!      arn:aws:sqs:eu-central-1:111122223333:orders, without conditions"
//! );
//! # Ok::<(), evenkeel_iam::DocumentError>(())
//! ```

mod accounts;
mod answer;
mod callers;
mod catalog;
mod evaluate;
mod inquiry;
mod internet;
mod keys;
mod model;
mod named;
mod network;
mod providers;
mod questions;
mod request_domain;
mod solver;
mod surroundings;

pub use answer::{Answer, UnknownReason, Witness};
pub use callers::PublicDefinition;
pub use evaluate::{Decision, decide_request};
pub use internet::find_internet_ranges;
pub use model::document::{DocumentError, PolicyDocument, PrincipalName, Statement};
pub use model::request::{Caller, Request};
pub use network::{NetworkRule, find_open_rules};
pub use questions::administrator::{grants_all, is_administrator};
pub use questions::grants::{Grantee, grants_access};
pub use questions::new_access::grants_new_access;
pub use questions::outsiders::{OutsiderName, find_outsiders};
pub use questions::public::{open_endpoint_statements, public_statements, public_statements_for};
pub use questions::transport::find_insecure_request;
pub use questions::trust::open_trust_statements;
pub use questions::{StatementAnswer, join_answers};
pub use solver::steps::StepLimit;
pub use surroundings::Surroundings;
