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
mod merge;
pub mod ocsf;
pub mod policy;
mod text;
mod waiver;

pub use cases::{Case, CaseError, Difference, read_cases};
pub use diagnostic::{Diagnostic, Level};
pub use evaluation::evaluate::{ComplianceStatus, Evaluation, Facts, Resource, evaluate};
pub use evaluation::item::ConfigurationItem;
pub use evaluation::judge::{
    Filter, Judge, Judged, JudgedEvent, MissingConfiguration, PolicyEvaluation, milliseconds,
};
pub use finding::{Action, Actor, Finding, REMEDIATOR_ROLE, Suppression};
pub use merge::merge;
pub use text::{escape_json, is_deceptive, json_line, line_and_column};
pub use waiver::{WaiverError, WaiverTerms, Waivers};
