//! Why a payload, or a part of one, cannot be opened.

use std::fmt;

/// A payload, or a part of one, that was not opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadError {
    /// What was being opened: a format's name, or the place of what it carries.
    pub what: &'static str,
    /// What is wrong with it.
    pub why: PayloadErrorKind,
    /// The names of its members, where its format is not known: those that may be shown.
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
            write!(f, ": it has `{}`", self.member_names.join("`, `"))
        }
    }
}

impl std::error::Error for PayloadError {}

/// What is wrong with something that should carry events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PayloadErrorKind {
    /// There is nothing in it.
    #[error("is empty")]
    Empty,
    /// Not text.
    #[error("is not UTF-8 text")]
    NotUtf8,
    /// Text, but no JSON.
    #[error("is not JSON")]
    NotJson,
    /// JSON, but no object.
    #[error("is not a JSON object")]
    NotAnObject,
    /// An object of another kind than all that are known.
    #[error("has no shape that is known")]
    UnknownShape,
    /// A member that it must have is missing, or one has the wrong type.
    #[error("has no usable `{0}`")]
    Member(&'static str),
    /// Not base64.
    #[error("its data is not base64")]
    NotBase64,
    /// Not gzip, or not all of it.
    #[error("its gzip data is damaged or cut off")]
    Damaged,
    /// It unpacks to more than any such thing does.
    #[error("unpacks to more than may be held")]
    TooLarge,
    /// It carries more parts than any such thing does.
    #[error("has more parts than may be held")]
    TooMany,
    /// Carriers in carriers in carriers.
    #[error("is wrapped too often")]
    TooDeep,
}

/// A name from an input, if it is one that may be shown.
pub(crate) fn displayable_name(name: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b" -_.:".contains(&byte);
    (!name.is_empty() && name.len() <= 64 && name.bytes().all(plain)).then_some(name)
}
