//! Lines of YAML with their indentation in steps of two, each value in the style that it was written in.

use evenkeel_rules::policy::is_lint;

/// By how much what is nested is indented.
const STEP: usize = 2;

/// What a line of a header is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing but blanks.
    Blank,
    /// A comment of YAML's, or one for the linter.
    Note,
    /// A key, an item, or a value that begins on a line of its own.
    Node,
    /// What continues the value above.
    More,
}

/// A line, indented as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) kind: Kind,
    /// The indentation that it had.
    pub(super) was: usize,
    pub(super) indent: usize,
    pub(super) text: String,
}

/// How a value goes on behind the line that it begins on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    /// Below: what is nested has lines of its own, or there is nothing.
    Below,
    /// `|` or `>`, with how many columns its text is indented where it says so, and whether it keeps
    /// blank lines at its end.
    Block {
        stated: Option<usize>,
        keep: bool,
        /// The indentation of its first line.
        from: Option<usize>,
    },
    /// In brackets or quotes that are not closed yet.
    Open(Scan),
    /// Closed brackets or quotes: nothing goes on.
    Closed,
    /// Words without quotes.
    Plain,
}

/// Where in brackets and quotes a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Scan {
    depth: usize,
    quote: Option<char>,
}

/// An indentation that is open: what it was, what it becomes, and whether it is that of a list's items.
#[derive(Clone, Copy, Debug)]
struct Frame {
    was: usize,
    to: usize,
    item: bool,
}

/// The lines, which come without the marks of their comment.
pub(super) fn lines(rests: &[&str]) -> Vec<Line> {
    let mut reader = Reader { frames: Vec::new(), lines: Vec::new() };
    let mut rests = rests.iter().copied().peekable();
    while let Some(rest) = rests.next() {
        let text = rest.trim();
        let was = column(rest);
        if text.is_empty() || text.starts_with('#') || is_lint(rest) {
            let kind = if text.is_empty() { Kind::Blank } else { Kind::Note };
            reader.lines.push(Line { kind, was, indent: 0, text: text.to_owned() });
            continue;
        }
        let value = reader.node(was, text);
        let mut more = Vec::new();
        let (mut scan, parent) = (value, reader.frames.last().map_or(0, |frame| frame.was));
        while let Some(next) = rests.peek().copied().filter(|next| goes_on(&scan, next, parent)) {
            more.push(next);
            if let Value::Block { from: from @ None, .. } = &mut scan
                && !next.trim().is_empty()
            {
                *from = Some(column(next));
            }
            if let Value::Open(open) = scan {
                scan = open.over(next);
            }
            rests.next();
        }
        // Blank lines at a value's end are no part of it, unless it says so.
        let end = more.iter().rposition(|line| !line.trim().is_empty());
        let end = end.map_or(0, |end| end.saturating_add(1));
        let after = if matches!(value, Value::Block { keep: true, .. }) {
            Vec::new()
        } else {
            more.split_off(end)
        };
        reader.more(&value, &more);
        reader.between(&after);
    }
    settle(&mut reader.lines);
    reader.lines
}

fn column(rest: &str) -> usize {
    rest.len().saturating_sub(rest.trim_start_matches(' ').len())
}

/// Whether a line continues a value whose key has the indentation `parent`.
fn goes_on(value: &Value, next: &str, parent: usize) -> bool {
    let (blank, deeper) = (next.trim().is_empty(), column(next) > parent);
    match value {
        Value::Below | Value::Closed => false,
        Value::Block { .. } | Value::Plain if is_lint(next) => false,
        Value::Block { from, .. } => blank || from.map_or(deeper, |from| column(next) >= from),
        Value::Open(_) => true,
        Value::Plain => blank || (deeper && !next.trim_start().starts_with('#')),
    }
}

struct Reader {
    frames: Vec<Frame>,
    lines: Vec<Line>,
}

impl Reader {
    /// Takes a line with a key, an item or a value, and says how the value goes on.
    fn node(&mut self, was: usize, text: &str) -> Value {
        let (mut column, mut rest, mut shown) = (was, text, String::new());
        let mut indent = None;
        while let Some(behind) =
            rest.strip_prefix('-').filter(|b| b.is_empty() || b.starts_with(' '))
        {
            let to = self.open(column, true);
            indent = indent.or(Some(to));
            shown.push('-');
            let value = behind.trim_start();
            column = column.saturating_add(rest.len().saturating_sub(value.len()));
            rest = value;
            if !rest.is_empty() {
                shown.push(' ');
            }
        }
        let (shown_key, value) = key(rest).unwrap_or(("", rest));
        if !shown_key.is_empty() || indent.is_none() {
            let to = self.open(column, false);
            indent = indent.or(Some(to));
        }
        shown.push_str(shown_key);
        if !shown_key.is_empty() && !value.is_empty() {
            shown.push(' ');
        }
        shown.push_str(value);
        let indent = indent.unwrap_or_default();
        self.lines.push(Line { kind: Kind::Node, was, indent, text: shown });
        begun(value)
    }

    /// The new indentation of a key or an item that had the indentation `was`.
    fn open(&mut self, was: usize, item: bool) -> usize {
        while self.frames.last().is_some_and(|frame| frame.was > was) {
            self.frames.pop();
        }
        if self.frames.last().is_some_and(|frame| frame.was == was && frame.item && !item) {
            self.frames.pop();
        }
        let to = match self.frames.last() {
            Some(frame) if frame.was == was && frame.item == item => return frame.to,
            Some(frame) => frame.to.saturating_add(STEP),
            None => 0,
        };
        self.frames.push(Frame { was, to, item });
        to
    }

    /// Takes the lines that continue a value: as far apart from each other as they were.
    fn more(&mut self, value: &Value, more: &[&str]) {
        let parent = self.frames.last().copied();
        let (was, to) = parent.map_or((0, 0), |frame| (frame.was, frame.to));
        let text = more.iter().find(|line| !line.trim().is_empty());
        let first = text.map_or(0, |line| column(line));
        let block = matches!(value, Value::Block { .. });
        let (from, base) = match value {
            Value::Block { stated: Some(stated), .. } => {
                (was.saturating_add(*stated), to.saturating_add(*stated))
            }
            _ => (first, to.saturating_add(STEP)),
        };
        for line in more {
            let column = column(line);
            let indent = if line.trim().is_empty() || (column <= was && !block) {
                to
            } else {
                base.saturating_add(column.saturating_sub(from))
            };
            // Blanks at the end of a block's line are part of its text.
            let shown = if block {
                line.trim_start_matches(' ').trim_end_matches('\r')
            } else {
                line.trim()
            };
            let shown = if line.trim().is_empty() { line.trim() } else { shown };
            self.lines.push(Line { kind: Kind::More, was: column, indent, text: shown.to_owned() });
        }
    }

    /// Takes the blank lines and the linter's comments that stand behind a value.
    fn between(&mut self, rests: &[&str]) {
        for rest in rests {
            let kind = if rest.trim().is_empty() { Kind::Blank } else { Kind::Note };
            let text = rest.trim().to_owned();
            self.lines.push(Line { kind, was: column(rest), indent: 0, text });
        }
    }
}

/// A comment is indented as what it stands above.
fn settle(lines: &mut [Line]) {
    let mut below = 0;
    for line in lines.iter_mut().rev() {
        match line.kind {
            Kind::Node => below = line.indent,
            Kind::Note | Kind::Blank => line.indent = below,
            Kind::More => {}
        }
    }
}

/// A key with its colon, and what stands behind it.
pub(super) fn key(text: &str) -> Option<(&str, &str)> {
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
        // What is behind a `#` is a comment.
        text.find(" #").is_none_or(|comment| comment > found).then_some(found)?
    };
    let (key, rest) = text.split_at_checked(end)?;
    let value = rest.strip_prefix(':').filter(|b| b.is_empty() || b.starts_with(' '))?;
    Some((text.get(..key.len().saturating_add(1))?, value.trim_start()))
}

/// How a value that begins so goes on.
fn begun(value: &str) -> Value {
    let mut value = value;
    // An anchor or a tag stands before what it is of.
    while value.starts_with(['&', '!']) {
        value = value.split_once(' ').map_or("", |(_, rest)| rest.trim_start());
    }
    match value.chars().next() {
        None | Some('#') => Value::Below,
        Some('|' | '>') => {
            let marks = value.split(' ').next().unwrap_or_default();
            let stated =
                marks.chars().find_map(|c| c.to_digit(10)).and_then(|n| usize::try_from(n).ok());
            Value::Block { stated, keep: marks.contains('+'), from: None }
        }
        Some('[' | '{' | '"' | '\'') => Scan { depth: 0, quote: None }.over(value),
        Some(_) => Value::Plain,
    }
}

impl Scan {
    /// Where one is behind a line.
    fn over(self, line: &str) -> Value {
        let Scan { mut depth, mut quote } = self;
        // What is before a character that could begin a quote: words may hold such characters.
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
            Value::Closed
        } else {
            Value::Open(Scan { depth, quote })
        }
    }
}
