//! Indents lines of YAML in steps of two spaces, and keeps the style of each value.

use evenkeel_rules::policy::is_lint_comment;

/// The indentation of one nesting level, in spaces.
const INDENT_STEP: usize = 2;

/// The kind of a header's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineKind {
    /// A blank line.
    Blank,
    /// A YAML comment, or an allow comment for `evenkeel check`.
    Comment,
    /// A key, a list item, or a value that begins on a separate line.
    Node,
    /// A continuation of the value above.
    Continuation,
}

/// A line with its new indentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct YamlLine {
    pub(super) kind: LineKind,
    /// The indentation before formatting.
    pub(super) original_indent: usize,
    pub(super) indent: usize,
    pub(super) text: String,
}

/// The way in which a value continues after its first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ValueContinuation {
    /// The value is empty, or consists of nested keys or items on the lines below.
    Below,
    /// A block scalar, which begins with `|` or `>`.
    Block {
        /// The indentation that the scalar's header states, in columns.
        stated: Option<usize>,
        /// True if the scalar keeps blank lines at its end.
        keep: bool,
        /// The indentation of the scalar's first line.
        from: Option<usize>,
    },
    /// Brackets or quotes that are not closed yet.
    Open(BracketScan),
    /// Brackets or quotes that are closed. The value has no further lines.
    Closed,
    /// A scalar without quotes. It can continue on the next lines.
    Plain,
}

/// The position of a text within brackets and quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct BracketScan {
    depth: usize,
    quote: Option<char>,
}

/// An open nesting level: its old and its new indentation, and whether it contains list items.
#[derive(Clone, Copy, Debug)]
struct IndentFrame {
    original_indent: usize,
    new_indent: usize,
    item: bool,
}

/// Returns the lines of a header with their new indentation. `rests` contains the lines without
/// their `//`.
pub(super) fn reindent_lines(rests: &[&str]) -> Vec<YamlLine> {
    let mut reader = LineReader { frames: Vec::new(), lines: Vec::new() };
    let mut rests = rests.iter().copied().peekable();
    while let Some(rest) = rests.next() {
        let text = rest.trim();
        let was = indent_width(rest);
        if text.is_empty() || text.starts_with('#') || is_lint_comment(rest) {
            let kind = if text.is_empty() { LineKind::Blank } else { LineKind::Comment };
            reader.lines.push(YamlLine {
                kind,
                original_indent: was,
                indent: 0,
                text: text.to_owned(),
            });
            continue;
        }
        let value = reader.read_node(was, text);
        let mut more = Vec::new();
        let (mut scan, parent) =
            (value, reader.frames.last().map_or(0, |frame| frame.original_indent));
        while let Some(next) =
            rests.peek().copied().filter(|next| continues_value(&scan, next, parent))
        {
            more.push(next);
            if let ValueContinuation::Block { from: from @ None, .. } = &mut scan
                && !next.trim().is_empty()
            {
                *from = Some(indent_width(next));
            }
            if let ValueContinuation::Open(open) = scan {
                scan = open.scan_line(next);
            }
            rests.next();
        }
        // Blank lines at the end of a value belong to it only if a block scalar keeps them.
        let end = more.iter().rposition(|line| !line.trim().is_empty());
        let end = end.map_or(0, |end| end.saturating_add(1));
        let after = if matches!(value, ValueContinuation::Block { keep: true, .. }) {
            Vec::new()
        } else {
            more.split_off(end)
        };
        reader.push_continuation(&value, &more);
        reader.push_trailing_lines(&after);
    }
    indent_comments(&mut reader.lines);
    reader.lines
}

fn indent_width(rest: &str) -> usize {
    rest.len().saturating_sub(rest.trim_start_matches(' ').len())
}

/// Returns whether a line continues a value whose key has the indentation `parent`.
fn continues_value(value: &ValueContinuation, next: &str, parent: usize) -> bool {
    let (blank, deeper) = (next.trim().is_empty(), indent_width(next) > parent);
    match value {
        ValueContinuation::Below | ValueContinuation::Closed => false,
        ValueContinuation::Block { .. } | ValueContinuation::Plain if is_lint_comment(next) => {
            false
        }
        ValueContinuation::Block { from, .. } => {
            blank || from.map_or(deeper, |from| indent_width(next) >= from)
        }
        ValueContinuation::Open(_) => true,
        ValueContinuation::Plain => blank || (deeper && !next.trim_start().starts_with('#')),
    }
}

struct LineReader {
    frames: Vec<IndentFrame>,
    lines: Vec<YamlLine>,
}

impl LineReader {
    /// Reads a line with a key, an item or a value, and returns the way in which the value
    /// continues.
    fn read_node(&mut self, was: usize, text: &str) -> ValueContinuation {
        let (mut column, mut rest, mut shown) = (was, text, String::new());
        let mut indent = None;
        while let Some(behind) =
            rest.strip_prefix('-').filter(|b| b.is_empty() || b.starts_with(' '))
        {
            let to = self.open_level(column, true);
            indent = indent.or(Some(to));
            shown.push('-');
            let value = behind.trim_start();
            column = column.saturating_add(rest.len().saturating_sub(value.len()));
            rest = value;
            if !rest.is_empty() {
                shown.push(' ');
            }
        }
        let (shown_key, value) = split_key(rest).unwrap_or(("", rest));
        if !shown_key.is_empty() || indent.is_none() {
            let to = self.open_level(column, false);
            indent = indent.or(Some(to));
        }
        shown.push_str(shown_key);
        if !shown_key.is_empty() && !value.is_empty() {
            shown.push(' ');
        }
        shown.push_str(value);
        let indent = indent.unwrap_or_default();
        self.lines.push(YamlLine {
            kind: LineKind::Node,
            original_indent: was,
            indent,
            text: shown,
        });
        classify_value(value)
    }

    /// Returns the new indentation of a key or an item whose old indentation is `was`.
    fn open_level(&mut self, was: usize, item: bool) -> usize {
        while self.frames.last().is_some_and(|frame| frame.original_indent > was) {
            self.frames.pop();
        }
        if self
            .frames
            .last()
            .is_some_and(|frame| frame.original_indent == was && frame.item && !item)
        {
            self.frames.pop();
        }
        let to = match self.frames.last() {
            Some(frame) if frame.original_indent == was && frame.item == item => {
                return frame.new_indent;
            }
            Some(frame) => frame.new_indent.saturating_add(INDENT_STEP),
            None => 0,
        };
        self.frames.push(IndentFrame { original_indent: was, new_indent: to, item });
        to
    }

    /// Reads the lines that continue a value, and keeps their relative indentation.
    fn push_continuation(&mut self, value: &ValueContinuation, more: &[&str]) {
        let parent = self.frames.last().copied();
        let (was, to) = parent.map_or((0, 0), |frame| (frame.original_indent, frame.new_indent));
        let text = more.iter().find(|line| !line.trim().is_empty());
        let first = text.map_or(0, |line| indent_width(line));
        let block = matches!(value, ValueContinuation::Block { .. });
        let (from, base) = match value {
            ValueContinuation::Block { stated: Some(stated), .. } => {
                (was.saturating_add(*stated), to.saturating_add(*stated))
            }
            _ => (first, to.saturating_add(INDENT_STEP)),
        };
        for line in more {
            let column = indent_width(line);
            let indent = if line.trim().is_empty() || (column <= was && !block) {
                to
            } else {
                base.saturating_add(column.saturating_sub(from))
            };
            // Spaces at the end of a line belong to the text of a block scalar.
            let shown = if block {
                line.trim_start_matches(' ').trim_end_matches('\r')
            } else {
                line.trim()
            };
            let shown = if line.trim().is_empty() { line.trim() } else { shown };
            self.lines.push(YamlLine {
                kind: LineKind::Continuation,
                original_indent: column,
                indent,
                text: shown.to_owned(),
            });
        }
    }

    /// Reads the blank lines and allow comments after a value.
    fn push_trailing_lines(&mut self, rests: &[&str]) {
        for rest in rests {
            let kind = if rest.trim().is_empty() { LineKind::Blank } else { LineKind::Comment };
            let text = rest.trim().to_owned();
            self.lines.push(YamlLine {
                kind,
                original_indent: indent_width(rest),
                indent: 0,
                text,
            });
        }
    }
}

/// Indents each comment like the key or item below it.
fn indent_comments(lines: &mut [YamlLine]) {
    let mut below = 0;
    for line in lines.iter_mut().rev() {
        match line.kind {
            LineKind::Node => below = line.indent,
            LineKind::Comment | LineKind::Blank => line.indent = below,
            LineKind::Continuation => {}
        }
    }
}

/// Splits a line into its key with the colon, and the value.
pub(super) fn split_key(text: &str) -> Option<(&str, &str)> {
    let first = text.chars().next()?;
    let end = if first == '"' || first == '\'' {
        let close = text.get(1..)?.find(first)?.saturating_add(2);
        close.saturating_add(text.get(close..)?.find(|c| c != ' ')?)
    } else if "[{#&*!|>%@`,?".contains(first) {
        return None;
    } else {
        let colon = |(at, _): &(usize, &str)| {
            text.get(at.saturating_add(1)..).is_some_and(|b| b.is_empty() || b.starts_with(' '))
        };
        let found = text.match_indices(':').find(colon)?.0;
        // A `:` after ` #` is part of a comment.
        text.find(" #").is_none_or(|comment| comment > found).then_some(found)?
    };
    let (key, rest) = text.split_at_checked(end)?;
    let value = rest.strip_prefix(':').filter(|b| b.is_empty() || b.starts_with(' '))?;
    Some((text.get(..key.len().saturating_add(1))?, value.trim_start()))
}

/// Returns the way in which a value continues, from its first line.
fn classify_value(value: &str) -> ValueContinuation {
    let mut value = value;
    // An anchor or a tag precedes the value.
    while value.starts_with(['&', '!']) {
        value = value.split_once(' ').map_or("", |(_, rest)| rest.trim_start());
    }
    match value.chars().next() {
        None | Some('#') => ValueContinuation::Below,
        Some('|' | '>') => {
            let marks = value.split(' ').next().unwrap_or_default();
            let stated =
                marks.chars().find_map(|c| c.to_digit(10)).and_then(|n| usize::try_from(n).ok());
            ValueContinuation::Block { stated, keep: marks.contains('+'), from: None }
        }
        Some('[' | '{' | '"' | '\'') => BracketScan { depth: 0, quote: None }.scan_line(value),
        Some(_) => ValueContinuation::Plain,
    }
}

impl BracketScan {
    /// Returns the state after a further line.
    fn scan_line(self, line: &str) -> ValueContinuation {
        let BracketScan { mut depth, mut quote } = self;
        // The previous character. A quote character within a word does not begin a quoted text.
        let mut before = if depth == 0 { ',' } else { ' ' };
        let mut chars = line.trim().chars();
        while let Some(c) = chars.next() {
            match (quote, c) {
                (Some('"'), '\\') => drop(chars.next()),
                (Some(open), c) if open == c => quote = None,
                (None, '#') if before == ' ' => break,
                (None, '"' | '\'') if " ,:[{".contains(before) => quote = Some(c),
                (None, '[' | '{') => depth = depth.saturating_add(1),
                (None, ']' | '}') => depth = depth.saturating_sub(1),
                _ => {}
            }
            before = c;
        }
        if depth == 0 && quote.is_none() {
            ValueContinuation::Closed
        } else {
            ValueContinuation::Open(BracketScan { depth, quote })
        }
    }
}
