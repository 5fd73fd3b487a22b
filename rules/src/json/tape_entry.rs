//! What a tape writes down of one value.

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonKind {
    /// `null`
    Null,
    /// `true`
    True,
    /// `false`
    False,
    /// A number, kept as text until it is asked for.
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

/// Where one value, and the key before it, lie in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct TapeEntry {
    pub(super) kind: JsonKind,
    pub(super) escaped_key: bool,
    pub(super) key: (u32, u32),
    pub(super) span: (u32, u32),
    /// The entry after this value and all it contains.
    pub(super) next: u32,
}
