//! The errors of the import of a rule.

use crate::field_error::FieldError;

/// The reason why a rule cannot be converted into a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The document is not valid YAML.
    #[error("not valid YAML: {why}")]
    Yaml {
        /// The line of the document, counted from 1.
        line: usize,
        /// The description of the error.
        why: String,
    },
    /// A part of the rule is missing or not valid.
    #[error("{0}")]
    Rule(String),
    /// The condition is not valid, or a policy cannot express it.
    #[error("condition: {0}")]
    Condition(String),
    /// A selection is not valid, or a policy cannot express it.
    #[error("selection `{name}`: {why}")]
    Selection {
        /// The name of the selection.
        name: String,
        /// The description of the error.
        why: String,
    },
    /// A field, a modifier or a value is not valid, or a policy cannot express it.
    #[error("`{field}`: {why}")]
    Field {
        /// The field with its modifiers, as in the rule.
        field: String,
        /// The description of the error.
        why: FieldError,
    },
    /// The events for `match` in the header of the policy cannot be determined.
    #[error("{0}")]
    Unwatched(String),
    /// The policy that was created from the rule does not compile, for example because it is too
    /// long.
    #[error("the generated policy does not compile: {0}")]
    Compile(String),
    /// The search found no event that the rule describes, so the policy would have no test case.
    #[error("no event was found that the rule describes; the rule may contradict itself")]
    NoMatchingEvent,
    /// Another rule has the same policy id.
    #[error("the policy id `{id}` is already used by a rule in {other}; change the title")]
    DuplicateId {
        /// The id of the policy.
        id: String,
        /// The file of the other rule.
        other: String,
    },
}

impl ImportError {
    /// Returns the text that marks the line of the error in the rule. The result is empty if the
    /// error concerns the whole rule or already contains its line.
    pub(crate) fn source_marker(&self) -> &str {
        match self {
            ImportError::Condition(_) => "condition:",
            ImportError::Selection { name, .. } => name,
            ImportError::Field { field, .. } => field,
            ImportError::DuplicateId { .. } => "title:",
            ImportError::Unwatched(_) | ImportError::Compile(_) | ImportError::NoMatchingEvent => {
                "detection:"
            }
            ImportError::Yaml { .. } | ImportError::Rule(_) => "",
        }
    }
}
