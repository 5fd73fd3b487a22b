//! Why a rule cannot become a policy.

use crate::field_error::FieldError;

/// Why a rule cannot become a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The document is no YAML.
    #[error("no YAML: {why}")]
    Yaml {
        /// The line of the document, counted from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// The rule lacks something, or it is not what it should be.
    #[error("{0}")]
    Rule(String),
    /// The condition is not one, or says what a policy cannot.
    #[error("condition: {0}")]
    Condition(String),
    /// A selection is not one, or says what a policy cannot.
    #[error("selection `{name}`: {why}")]
    Selection {
        /// The selection's name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// A modifier is unknown, or says what a policy cannot.
    #[error("`{field}`: {why}")]
    Field {
        /// The field with its modifiers, as the rule has it.
        field: String,
        /// What is wrong with it.
        why: FieldError,
    },
    /// Nothing tells which events the policy must watch.
    #[error("{0}")]
    Unwatched(String),
    /// What was made of the rule is no policy, such as one that is too long.
    #[error("the policy would not compile: {0}")]
    Compile(String),
    /// No event was found that the rule describes.
    #[error("no event was found that the rule describes: it may contradict itself")]
    NoMatchingEvent,
    /// Another rule has become a policy of the same name.
    #[error("the policy would be called `{id}`, as that of {other}")]
    DuplicateId {
        /// The policy's id.
        id: String,
        /// The other rule's file.
        other: String,
    },
}

impl ImportError {
    /// What to look for in the rule's text, to say on which line it stands.
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
