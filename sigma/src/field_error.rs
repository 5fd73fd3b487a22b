//! The errors of the field tests of a rule.

use crate::regexes::RegexError;

/// The reason why a field with its modifiers and values cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// A keyword search, which names no field.
    #[error(
        "keywords are searched in the whole text of an event, which a policy cannot read; \
         name a field"
    )]
    Keywords,
    /// An empty list of values.
    #[error("the list of values is empty; add a value")]
    NoValues,
    /// The value is not a string, a number, a boolean or null.
    #[error("a value must be a string, a number, a boolean or null")]
    NoScalar,
    /// A modifier on a null value.
    #[error("null cannot have a modifier; remove the modifier")]
    ModifiedNull,
    /// The modifier does not exist.
    #[error("`{0}` is not a known modifier; use a modifier of the Sigma specification")]
    UnknownModifier(String),
    /// A modifier of the specification that a policy cannot express.
    #[error("`{modifier}`: {why}")]
    Unsupported {
        /// The name of the modifier.
        modifier: &'static str,
        /// The reason why a policy cannot express it.
        why: &'static str,
    },
    /// The value of a modifier, or another modifier before it, does not meet its requirement.
    #[error("`{modifier}` {requirement}")]
    Misused {
        /// The name of the modifier.
        modifier: String,
        /// The requirement of the modifier, as the end of a sentence: "needs a number".
        requirement: &'static str,
    },
    /// The value is not a CIDR range.
    #[error("`{0}` is not a valid CIDR range; use a range such as 10.0.0.0/8")]
    NoRange(String),
    /// The value of `base64offset` is empty, so no Base64 text can be searched for.
    #[error("the value of `base64offset` is empty; add at least one character")]
    ShortBase64,
    /// A UTF-16 modifier without a Base64 modifier after it.
    #[error("a UTF-16 modifier needs `base64` or `base64offset` after it")]
    BareUtf16,
    /// The modifiers `cased` and `re` together. A regular expression is case-sensitive without
    /// `cased`.
    #[error("`re` is already case-sensitive; remove `cased`")]
    CasedRegex,
    /// The regular expression is not valid, or has different meanings in PCRE and in Rust.
    #[error("the regular expression cannot be imported: {0}")]
    Regex(#[from] RegexError),
}

impl FieldError {
    /// Creates the error for a modifier whose requirement is not met.
    pub(crate) fn misused_modifier(modifier: &str, requirement: &'static str) -> FieldError {
        FieldError::Misused { modifier: modifier.to_owned(), requirement }
    }
}
