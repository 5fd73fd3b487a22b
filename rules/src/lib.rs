//! The pure core: policies, event views, evaluation, findings.
//!
//! Absent here: files, the network, clocks, the environment. Text and bytes come in, plain data
//! goes out, and the same input gives the same output on any day.

pub mod bundle;
mod cases;
mod diagnostic;
mod evaluation;
pub mod event;
mod finding;
pub mod json;
mod merge_patch;
pub mod ocsf;
pub mod policy;
mod text;
mod waiver;

pub use cases::{CaseDifference, CaseError, PolicyCase, read_cases};
pub use diagnostic::{Diagnostic, DiagnosticLevel};
pub use evaluation::configuration_item::ConfigurationItem;
pub use evaluation::record_evaluator::{
    EventFilter, MissingConfiguration, PolicyEvaluation, RecordEvaluation, RecordEvaluator,
    RecordOutcome, parse_epoch_millis,
};
pub use evaluation::single_evaluation::{
    ComplianceStatus, Evaluation, ResourceContext, ResourceIdentity, evaluate_event,
};
pub use finding::{AppliedWaiver, Finding, FindingAction, FindingActor, REMEDIATOR_ROLE};
pub use merge_patch::apply_merge_patch;
pub use text::{escape_json, is_deceptive, json_line, line_and_column};
pub use waiver::{WaiverError, WaiverSet, WaiverTerms};
