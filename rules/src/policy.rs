//! Policies: the header and the expressions of a `.cel` file, and sets of policies.

mod compiled_policy;
mod event_index;
mod header;
mod message_template;
mod policy_file;
mod policy_set;
mod remediation_values;
mod settings;

pub use compiled_policy::{
    ExpressionError, ExpressionRole, FilledValues, Policy, PolicyExpression, UnknownParameterError,
};
pub use header::{
    OutcomeMatch, PolicyMatch, PolicyParameter, RemediationHeader, RemediationMode, SafetyTier,
    Severity, is_lint_comment, split_header,
};
pub use policy_file::PolicyFile;
pub use policy_set::PolicySet;

pub(crate) use header::OrderedMap;
