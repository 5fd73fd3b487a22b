//! The errors of parsing a payload or a part of a payload.

use std::fmt;

/// An error in the parsing of a payload or a part of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadError {
    /// The name of the format, or the location of the text that was parsed.
    pub what: &'static str,
    /// The cause.
    pub why: PayloadErrorKind,
    /// The first eight member names of an object in an unknown format. `...` replaces a name that
    /// is not safe to display.
    pub member_names: Vec<String>,
}

impl PayloadError {
    pub(crate) fn new(what: &'static str, why: PayloadErrorKind) -> Self {
        Self { what, why, member_names: Vec::new() }
    }
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)?;
        if self.member_names.is_empty() {
            Ok(())
        } else {
            write!(f, "; its members are `{}`", self.member_names.join("`, `"))
        }
    }
}

impl std::error::Error for PayloadError {}

/// The cause of a parsing error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PayloadErrorKind {
    /// The text or the list is empty.
    #[error("is empty")]
    Empty,
    /// The bytes are not UTF-8 text.
    #[error("is not UTF-8 text")]
    NotUtf8,
    /// The text is not JSON.
    #[error("is not JSON")]
    NotJson,
    /// The JSON value is not an object.
    #[error("is not a JSON object")]
    NotAnObject,
    /// The object has no known format.
    #[error("has no known format")]
    UnknownShape,
    /// A required member is missing or has the wrong type.
    #[error("has no usable `{0}`")]
    Member(&'static str),
    /// The data is not base64.
    #[error("has data that is not base64")]
    NotBase64,
    /// The data is not valid gzip data, or is incomplete.
    #[error("has gzip data that is damaged or cut off")]
    Damaged,
    /// The decompressed data exceeds the size limit.
    #[error("exceeds the limit of 32 MiB, or 128 MiB for all parts together, when decompressed")]
    TooLarge,
    /// The payload exceeds the limit on the number of parts.
    #[error("exceeds the limit of 100000 parts")]
    TooMany,
    /// The payload exceeds the limit on the nesting depth.
    #[error("exceeds the limit of 8 nested payloads")]
    TooDeep,
}

/// Returns a name from an input if it is safe to display: at most 64 characters, only letters,
/// digits and ` -_.:`.
pub(crate) fn displayable_name(name: &str) -> Option<&str> {
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b" -_.:".contains(&byte);
    (!name.is_empty() && name.len() <= 64 && name.bytes().all(is_safe)).then_some(name)
}
