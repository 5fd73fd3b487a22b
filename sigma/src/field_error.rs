//! Why what a rule says of a field cannot become a part of a policy.

use crate::regexes::RegexError;

/// Why a field, its modifiers and its values are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// A search without a field.
    #[error(
        "keywords are searched in the whole text of an event, which a policy does not see: name a field"
    )]
    Keywords,
    /// An empty list of values.
    #[error("it has no values")]
    NoValues,
    /// The value is neither a text, a number, a boolean nor null.
    #[error("a value is a text, a number, a boolean or null")]
    NoScalar,
    /// A modifier of null.
    #[error("null takes no modifier")]
    ModifiedNull,
    /// There is no such modifier.
    #[error("there is no modifier `{0}`")]
    UnknownModifier(String),
    /// A modifier of the specification that no policy can keep.
    #[error("`{modifier}`: {why}")]
    Unsupported {
        /// The modifier.
        modifier: &'static str,
        /// Why no policy can keep it.
        why: &'static str,
    },
    /// The value or what stands before a modifier does not fit it.
    #[error("`{modifier}` {wants}")]
    Misused {
        /// The modifier.
        modifier: String,
        /// What it wants, as the end of a sentence.
        wants: &'static str,
    },
    /// The value is no range of addresses.
    #[error("`{0}` is no range of addresses")]
    NoRange(String),
    /// Too few characters to be found in Base64 wherever they stand.
    #[error("the value is too short to be told in Base64")]
    ShortBase64,
    /// UTF-16 that no Base64 follows.
    #[error("UTF-16 is only looked for inside Base64")]
    BareUtf16,
    /// A regular expression whose case counts by two modifiers.
    #[error("`cased` does not go with `re`")]
    CasedRegex,
    /// A regular expression means something else here, or nothing.
    #[error("the regular expression cannot be taken over: {0}")]
    Regex(#[from] RegexError),
}

impl FieldError {
    /// A modifier that wants something else.
    pub(crate) fn misused_modifier(modifier: &str, wants: &'static str) -> FieldError {
        FieldError::Misused { modifier: modifier.to_owned(), wants }
    }
}
