//! A condition as CEL that fails for no event, whatever shape its fields have.

use crate::expr::{Expr, Likeness, Matcher, Operator, Test};
use crate::pattern::{Pattern, Shape};
use evenkeel_rules::is_deceptive;

/// Names that a variable of a policy cannot have: CEL's own, those of the policy's scope, and those bound here.
const TAKEN: &[&str] = &[
    "account",
    "as",
    "bool",
    "break",
    "bytes",
    "cel",
    "const",
    "continue",
    "double",
    "dyn",
    "else",
    "event",
    "false",
    "for",
    "function",
    "google",
    "if",
    "import",
    "in",
    "int",
    "ip",
    "let",
    "list",
    "loop",
    "map",
    "math",
    "namespace",
    "net",
    "now",
    "null",
    "null_type",
    "number",
    "optional",
    "optional_type",
    "other",
    "package",
    "params",
    "part",
    "regex",
    "request",
    "resource",
    "response",
    "return",
    "sets",
    "sigma_actor",
    "string",
    "strings",
    "lists",
    "base64",
    "text",
    "true",
    "type",
    "uint",
    "value",
    "var",
    "violations",
    "void",
    "while",
];

/// How long a variable may be: CEL's sources end at 8 KiB.
const LONGEST: usize = 6_000;

/// How many values of a long list are kept together.
const CHUNK: usize = 50;

/// How long a line should be at most.
const WIDTH: usize = 100;

/// How many alternatives of a kind are written side by side before they become a list.
const FEW: usize = 2;

/// The selections of a condition as variables, and the condition that uses them.
#[derive(Debug)]
pub(crate) struct Written {
    /// Names and expressions, in the order of their use.
    pub(crate) variables: Vec<(String, String)>,
    /// The expression.
    pub(crate) body: String,
}

/// Writes a condition.
pub(crate) fn write(condition: &Expr) -> Written {
    let mut writer = Writer { variables: Vec::new(), of: Vec::new() };
    let body = writer.expr(condition).text;
    Written { variables: writer.variables, body }
}

/// How strongly an expression holds together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Binding {
    Call,
    Comparison,
    And,
    Or,
}

/// An expression.
struct Code {
    text: String,
    binding: Binding,
}

impl Code {
    fn call(text: String) -> Code {
        Code { text, binding: Binding::Call }
    }

    fn comparison(text: String) -> Code {
        Code { text, binding: Binding::Comparison }
    }

    /// All of the parts, or some of them.
    fn joined(mut parts: Vec<Code>, binding: Binding) -> Code {
        if parts.len() == 1
            && let Some(only) = parts.pop()
        {
            return only;
        }
        let other = if binding == Binding::And { Binding::Or } else { Binding::And };
        let text = |part: Code| {
            if part.binding == other { bracketed(&part.text) } else { part.text }
        };
        let texts: Vec<String> = parts.into_iter().map(text).collect();
        let operator = if binding == Binding::And { "&&" } else { "||" };
        let long = texts.iter().map(String::len).sum::<usize>() > 80;
        let with = if long { format!("\n  {operator} ") } else { format!(" {operator} ") };
        Code { text: texts.join(&with), binding }
    }

    fn negated(self) -> Code {
        let bare = self.binding == Binding::Call && !self.text.starts_with('!');
        Code::call(if bare {
            format!("!{}", self.text)
        } else {
            format!("!{}", bracketed(&self.text))
        })
    }
}

fn bracketed(text: &str) -> String {
    format!("({})", text.replace('\n', "\n  "))
}

struct Writer {
    variables: Vec<(String, String)>,
    /// Selections that have their variable, and its name.
    of: Vec<(String, String)>,
}

impl Writer {
    fn expr(&mut self, expr: &Expr) -> Code {
        match expr {
            Expr::All(parts) => {
                Code::joined(parts.iter().map(|part| self.expr(part)).collect(), Binding::And)
            }
            Expr::Any(parts) => {
                Code::joined(parts.iter().map(|part| self.expr(part)).collect(), Binding::Or)
            }
            Expr::Not(part) => self.expr(part).negated(),
            Expr::Named(name, inner) => Code::call(self.variable(name, inner)),
            Expr::Test(test) => field(test),
        }
    }

    fn variable(&mut self, name: &str, inner: &Expr) -> String {
        if let Some((_, known)) = self.of.iter().find(|(of, _)| of == name) {
            return known.clone();
        }
        let mut text = self.expr(inner).text;
        if text.len() > LONGEST {
            text = self.pieces(name, inner).unwrap_or(text);
        }
        let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let mut id: String = name.chars().map(word).collect();
        let begins = id.starts_with(|c: char| c.is_ascii_alphabetic());
        if !begins || TAKEN.contains(&id.as_str()) {
            id = format!("sigma_{id}");
        }
        while self.variables.iter().any(|(taken, _)| *taken == id) {
            id.push('_');
        }
        self.variables.push((id.clone(), text));
        self.of.push((name.to_owned(), id.clone()));
        id
    }

    /// An expression that is too long, in variables of its own.
    fn pieces(&mut self, name: &str, expr: &Expr) -> Option<String> {
        let (parts, binding) = parts(expr)?;
        let named = |(at, part): (usize, &Expr)| {
            // No selection is called so.
            Code::call(self.variable(&format!("{name}\n{}", at.saturating_add(1)), part))
        };
        let codes = parts.iter().enumerate().map(named).collect();
        Some(Code::joined(codes, binding).text)
    }
}

/// Parts of an expression that is too long for one variable, and how they are joined.
fn parts(expr: &Expr) -> Option<(Vec<Expr>, Binding)> {
    match expr {
        Expr::All(parts) => Some((parts.clone(), Binding::And)),
        Expr::Any(parts) => Some((parts.clone(), Binding::Or)),
        Expr::Test(Test { field, groups, negated: false }) => match groups.as_slice() {
            [group] if group.len() > CHUNK => {
                let part = |chunk: &[Matcher]| {
                    let groups = vec![chunk.to_vec()];
                    Expr::Test(Test { field: field.clone(), groups, negated: false })
                };
                Some((group.chunks(CHUNK).map(part).collect(), Binding::Or))
            }
            _ => None,
        },
        _ => None,
    }
}

/// What is said of a field.
fn field(test: &Test) -> Code {
    let group = |group: &Vec<Matcher>| some(&test.field, group);
    let all = Code::joined(test.groups.iter().map(group).collect(), Binding::And);
    if test.negated { all.negated() } else { all }
}

/// That some matcher holds of a field.
fn some(field: &str, matchers: &[Matcher]) -> Code {
    let of_text = |matcher: &Matcher| {
        matches!(matcher, Matcher::Text(..) | Matcher::Regex(..) | Matcher::Cidr(_))
    };
    let texts: Vec<&Matcher> = matchers.iter().filter(|matcher| of_text(matcher)).collect();
    let mut parts = Vec::new();
    // Every record has these two as text.
    let is_text = matches!(field, "eventSource" | "eventName");
    if is_text {
        parts.extend(of_value(&format!("event.{field}"), &texts));
    } else if !texts.is_empty() {
        let test = Code::joined(of_value("text", &texts), Binding::Or).text;
        let texts = format!("texts_at(event, {}).exists(text,", quote(field));
        let long = texts.len().saturating_add(test.len()) > WIDTH && !test.contains('\n');
        let between = if long { "\n    " } else { " " };
        parts.push(Code::call(format!("{texts}{between}{})", test.replace('\n', "\n  "))));
    }
    parts.extend(
        matchers.iter().filter(|matcher| !of_text(matcher)).map(|one| of_field(field, one)),
    );
    Code::joined(parts, Binding::Or)
}

/// What is said of a value that is text.
fn of_value(value: &str, matchers: &[&Matcher]) -> Vec<Code> {
    let mut parts = Vec::new();
    for cased in [false, true] {
        let subject = if cased { value.to_owned() } else { format!("{value}.lowerAscii()") };
        let shapes: Vec<Shape> = matchers
            .iter()
            .filter_map(|matcher| match matcher {
                Matcher::Text(pattern, _) if pattern.cased == cased => Some(lowered(pattern)),
                _ => None,
            })
            .collect();
        parts.extend(compared(&subject, &shapes));
    }
    for matcher in matchers {
        match matcher {
            Matcher::Text(pattern, _) => match pattern.shape() {
                Shape::Everything => parts.push(Code::call("true".to_owned())),
                Shape::Other => parts.push(found(value, &pattern.regex())),
                _ => {}
            },
            Matcher::Regex(source, _) => parts.push(found(value, source)),
            Matcher::Cidr(range) => {
                let inside = format!("isIP({value}) && cidr({}).containsIP({value})", quote(range));
                parts.push(Code { text: inside, binding: Binding::And });
            }
            _ => {}
        }
    }
    parts
}

fn found(value: &str, regex: &str) -> Code {
    Code::call(format!("{value}.matches({})", quote(regex)))
}

/// A pattern's shape, in lower case where it does not mind.
fn lowered(pattern: &Pattern) -> Shape {
    let lower = |text: String| if pattern.cased { text } else { text.to_ascii_lowercase() };
    match pattern.shape() {
        Shape::Equal(text) => Shape::Equal(lower(text)),
        Shape::Contains(text) => Shape::Contains(lower(text)),
        Shape::Starts(text) => Shape::Starts(lower(text)),
        Shape::Ends(text) => Shape::Ends(lower(text)),
        other => other,
    }
}

/// Comparisons of a kind, together.
fn compared(subject: &str, shapes: &[Shape]) -> Vec<Code> {
    let mut equal = Vec::new();
    let mut calls =
        [("contains", Vec::new()), ("startsWith", Vec::new()), ("endsWith", Vec::new())];
    let [(_, contains), (_, starts), (_, ends)] = &mut calls;
    for shape in shapes {
        match shape {
            Shape::Equal(text) => equal.push(quote(text)),
            Shape::Contains(text) => contains.push(quote(text)),
            Shape::Starts(text) => starts.push(quote(text)),
            Shape::Ends(text) => ends.push(quote(text)),
            Shape::Everything | Shape::Other => {}
        }
    }
    let mut parts = match equal.as_slice() {
        [] => Vec::new(),
        [one] => vec![Code::comparison(format!("{subject} == {one}"))],
        many => vec![Code::comparison(format!("{subject} in {}", list(many)))],
    };
    for (call, texts) in &calls {
        if texts.len() > FEW {
            let each = format!("{}.exists(part, {subject}.{call}(part))", list(texts));
            parts.push(Code::call(each));
        } else {
            parts.extend(texts.iter().map(|text| Code::call(format!("{subject}.{call}({text})"))));
        }
    }
    parts
}

/// What is said of a field otherwise than of its text.
fn of_field(field: &str, matcher: &Matcher) -> Code {
    let path = quote(field);
    match matcher {
        Matcher::Exists(wanted) => {
            let sign = if *wanted { ">" } else { "==" };
            Code::comparison(format!("size(values_at(event, {path})) {sign} 0"))
        }
        Matcher::Compare(operator, number) => {
            let sign = match operator {
                Operator::Less => "<",
                Operator::AtMost => "<=",
                Operator::Greater => ">",
                Operator::AtLeast => ">=",
            };
            Code::call(format!(
                "numbers_at(event, {path}).exists(number, number {sign} {number:?})"
            ))
        }
        Matcher::Field(likeness, other, cased) => {
            let lower = if *cased { "" } else { ".lowerAscii()" };
            let (one, two) = (format!("text{lower}"), format!("other{lower}"));
            let test = match likeness {
                Likeness::Equal => format!("{one} == {two}"),
                Likeness::Contains => format!("{one}.contains({two})"),
                Likeness::Starts => format!("{one}.startsWith({two})"),
                Likeness::Ends => format!("{one}.endsWith({two})"),
            };
            let others = format!("texts_at(event, {}).exists(other, {test})", quote(other));
            Code::call(format!("texts_at(event, {path}).exists(text,\n  {others})"))
        }
        // Of nothing, everything holds.
        _ => Code::call(format!("values_at(event, {path}).all(value, type(value) == null_type)")),
    }
}

/// A list, in lines of a readable length.
fn list(items: &[String]) -> String {
    let (mut out, mut width) = ("[".to_owned(), 0_usize);
    for (at, item) in items.iter().enumerate() {
        width = width.saturating_add(item.len());
        if at > 0 {
            out.push_str(if width > 90 { ",\n    " } else { ", " });
            width = if width > 90 { item.len() } else { width };
        }
        out.push_str(item);
    }
    out.push(']');
    out
}

/// A text as CEL writes it, without anything that could deceive a reader or mean something in a comment.
pub(crate) fn quote(text: &str) -> String {
    let mut out = "'".to_owned();
    for c in text.chars() {
        match c {
            '\\' | '\'' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if is_deceptive(c) || c == ':' && out.ends_with("lint") => {
                out.push_str(&if u32::from(c) > 0xffff {
                    format!("\\U{:08x}", u32::from(c))
                } else {
                    format!("\\u{:04x}", u32::from(c))
                });
            }
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}
