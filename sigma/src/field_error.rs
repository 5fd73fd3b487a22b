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
    #[error("it has no values")]
    NoValues,
    /// The value is not a string, a number, a boolean or null.
    #[error("a value must be a string, a number, a boolean or null")]
    NoScalar,
    /// A modifier on a null value.
    #[error("null cannot have a modifier")]
    ModifiedNull,
    /// The modifier does not exist.
    #[error("`{0}` is not a known modifier")]
    UnknownModifier(String),
    /// A modifier of the specification that a policy cannot express.
    #[error("`{modifier}`: {why}")]
    Unsupported {
        /// The name of the modifier.
        modifier: &'static str,
        /// The reason why a policy cannot express it.
        why: &'static str,
    },
    /// The value, or a modifier before this one, is not valid for the modifier.
    #[error("`{modifier}` {wants}")]
    Misused {
        /// The name of the modifier.
        modifier: String,
        /// The requirement of the modifier, as the end of a sentence.
        wants: &'static str,
    },
    /// The value is not a CIDR range.
    #[error("`{0}` is not a valid CIDR range")]
    NoRange(String),
    /// The value is too short to be found in Base64 at any position.
    #[error("the value is too short to be recognized in Base64")]
    ShortBase64,
    /// A UTF-16 modifier without a Base64 modifier after it.
    #[error("a UTF-16 modifier needs a Base64 modifier after it")]
    BareUtf16,
    /// The modifiers `cased` and `re` together.
    #[error("`cased` cannot be combined with `re`")]
    CasedRegex,
    /// The regular expression has another meaning in Rust, or is not valid.
    #[error("the regular expression cannot be imported: {0}")]
    Regex(#[from] RegexError),
}

impl FieldError {
    /// Creates the error for a modifier whose requirement is not met.
    pub(crate) fn misused_modifier(modifier: &str, wants: &'static str) -> FieldError {
        FieldError::Misused { modifier: modifier.to_owned(), wants }
    }
}
