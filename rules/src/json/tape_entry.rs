//! The entry that a JSON tape stores for each value of the text.

/// The type of a JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonKind {
    /// `null`
    Null,
    /// `true`
    True,
    /// `false`
    False,
    /// A number, which is kept as text until a caller reads it.
    Number,
    /// A string without escapes.
    Text,
    /// A string with escapes.
    EscapedText,
    /// A list.
    List,
    /// An object.
    Object,
}

/// The positions of one value and of its key in the text, as byte offsets.
#[derive(Clone, Copy, Debug)]
pub(super) struct TapeEntry {
    pub(super) kind: JsonKind,
    pub(super) escaped_key: bool,
    pub(super) key: (u32, u32),
    pub(super) span: (u32, u32),
    /// The index of the first entry after this value and everything that it contains.
    pub(super) next: u32,
}
