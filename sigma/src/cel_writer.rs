//! Converts a condition to a CEL expression that does not fail for any event, even if fields of the
//! event are missing or have an unexpected type.

use crate::pattern::{PatternComparison, PatternUnit, SigmaPattern};
use crate::rule_condition::{
    FieldTest, NumberOperator, RuleCondition, TextComparison, ValueMatcher,
};
use evenkeel_rules::is_deceptive;

/// Names that a variable of a policy cannot have: names of CEL, names in the scope of a policy, and
/// names that the generated expressions bind.
const RESERVED_NAMES: &[&str] = &[
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
    "field",
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
    "sigma_omitted",
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

/// The maximum length of the expression of a variable, in bytes. A longer expression is split,
/// because the length of a CEL source is limited to 8 KiB.
const MAX_VARIABLE_LENGTH: usize = 6_000;

/// The number of values in each part of a list that is split.
const VALUES_PER_CHUNK: usize = 50;

/// The preferred maximum length of a line, in bytes.
const MAX_LINE_WIDTH: usize = 100;

/// The maximum number of alternatives of one kind that become separate comparisons. If there are
/// more, they become a list.
const MAX_INLINE_ALTERNATIVES: usize = 2;

/// The selections of a condition as variables, and the expression that uses them.
#[derive(Debug)]
pub(crate) struct CelCondition {
    /// The names and the expressions of the variables, in the order of their definition.
    pub(crate) variables: Vec<(String, String)>,
    /// The expression of the condition.
    pub(crate) body: String,
}

impl CelCondition {
    /// Creates a condition with a constant result.
    pub(crate) fn constant(truth: bool) -> Self {
        CelCondition { variables: Vec::new(), body: truth.to_string() }
    }
}

/// Converts a condition to CEL.
pub(crate) fn write_condition(condition: &RuleCondition) -> CelCondition {
    let mut writer = CelWriter { variables: Vec::new(), selection_variables: Vec::new() };
    let body = writer.write_expression(condition).text;
    CelCondition { variables: writer.variables, body }
}

/// The outermost operator of an expression. It determines whether the expression needs brackets
/// inside a larger expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BindingStrength {
    Call,
    Comparison,
    And,
    Or,
}

/// A part of a CEL expression.
struct CelFragment {
    text: String,
    binding: BindingStrength,
}

impl CelFragment {
    fn from_call(text: String) -> CelFragment {
        CelFragment { text, binding: BindingStrength::Call }
    }

    fn from_comparison(text: String) -> CelFragment {
        CelFragment { text, binding: BindingStrength::Comparison }
    }

    /// Joins the parts with `&&` or with `||`.
    fn join_fragments(mut parts: Vec<CelFragment>, binding: BindingStrength) -> CelFragment {
        if parts.len() == 1
            && let Some(only) = parts.pop()
        {
            return only;
        }
        let other = if binding == BindingStrength::And {
            BindingStrength::Or
        } else {
            BindingStrength::And
        };
        let text = |part: CelFragment| {
            if part.binding == other { add_brackets(&part.text) } else { part.text }
        };
        let texts: Vec<String> = parts.into_iter().map(text).collect();
        let operator = if binding == BindingStrength::And { "&&" } else { "||" };
        let long = texts.iter().map(String::len).sum::<usize>() > 80;
        let with = if long { format!("\n  {operator} ") } else { format!(" {operator} ") };
        CelFragment { text: texts.join(&with), binding }
    }

    fn into_negated(self) -> CelFragment {
        let bare = self.binding == BindingStrength::Call && !self.text.starts_with('!');
        CelFragment::from_call(if bare {
            format!("!{}", self.text)
        } else {
            format!("!{}", add_brackets(&self.text))
        })
    }
}

fn add_brackets(text: &str) -> String {
    format!("({})", text.replace('\n', "\n  "))
}

struct CelWriter {
    variables: Vec<(String, String)>,
    /// The selections that already have a variable, each with the name of the variable.
    selection_variables: Vec<(String, String)>,
}

impl CelWriter {
    fn write_expression(&mut self, expr: &RuleCondition) -> CelFragment {
        match expr {
            RuleCondition::All(parts) => CelFragment::join_fragments(
                parts.iter().map(|part| self.write_expression(part)).collect(),
                BindingStrength::And,
            ),
            RuleCondition::Any(parts) => CelFragment::join_fragments(
                parts.iter().map(|part| self.write_expression(part)).collect(),
                BindingStrength::Or,
            ),
            RuleCondition::Not(part) => self.write_expression(part).into_negated(),
            RuleCondition::Named(name, inner) => {
                CelFragment::from_call(self.write_variable(name, inner))
            }
            RuleCondition::Test(test) => self.write_field_test(test),
        }
    }

    fn write_variable(&mut self, name: &str, inner: &RuleCondition) -> String {
        if let Some((_, known)) = self.selection_variables.iter().find(|(of, _)| of == name) {
            return known.clone();
        }
        let mut text = self.write_expression(inner).text;
        if text.len() > MAX_VARIABLE_LENGTH {
            text = self.write_pieces(name, inner).unwrap_or(text);
        }
        let id = self.choose_variable_name(name);
        self.variables.push((id.clone(), text));
        self.selection_variables.push((name.to_owned(), id.clone()));
        id
    }

    /// Splits an expression that is longer than [`MAX_VARIABLE_LENGTH`] into several variables.
    /// Returns the expression that joins the variables, or `None` if it cannot be split.
    fn write_pieces(&mut self, name: &str, expr: &RuleCondition) -> Option<String> {
        let (parts, binding) = split_expression(expr)?;
        let named = |(at, part): (usize, &RuleCondition)| {
            // The line break makes the name differ from the names of all selections.
            CelFragment::from_call(
                self.write_variable(&format!("{name}\n{}", at.saturating_add(1)), part),
            )
        };
        let codes = parts.iter().enumerate().map(named).collect();
        Some(CelFragment::join_fragments(codes, binding).text)
    }

    /// Writes the test of a field.
    fn write_field_test(&mut self, test: &FieldTest) -> CelFragment {
        let groups = test.groups.iter().map(|group| self.write_any_matcher(&test.field, group));
        let all = CelFragment::join_fragments(groups.collect(), BindingStrength::And);
        if test.negated { all.into_negated() } else { all }
    }

    /// Writes an expression that is true if at least one matcher is true for a field.
    fn write_any_matcher(&mut self, field: &str, matchers: &[ValueMatcher]) -> CelFragment {
        let (texts, others): (Vec<&ValueMatcher>, Vec<&ValueMatcher>) =
            matchers.iter().partition(|matcher| is_text_matcher(matcher));
        let mut parts = Vec::new();
        // These two fields are strings in every record, so that their tests need no `texts_at`.
        if matches!(field, "eventSource" | "eventName") {
            parts.extend(write_text_tests(&format!("event.{field}"), &texts));
        } else {
            let (partial, whole): (Vec<_>, Vec<_>) =
                texts.into_iter().partition(|matcher| is_partial(matcher) && can_be_object(field));
            let list = format!("texts_at(event, {})", quote_cel(field));
            parts.extend(write_exists(&list, &whole));
            if !partial.is_empty() {
                parts.extend(write_exists(&self.write_texts_variable(field), &partial));
            }
        }
        parts.extend(others.into_iter().map(|one| write_field_matcher(field, one)));
        CelFragment::join_fragments(parts, BindingStrength::Or)
    }

    /// Returns the variable for the texts of a field and for each string inside the field. The JSON
    /// text of an object contains its strings in escaped form, so that a part of a string may occur
    /// only in the string.
    fn write_texts_variable(&mut self, field: &str) -> String {
        let path = quote_cel(field);
        let expression = format!("texts_at(event, {path}) + strings_in(values_at(event, {path}))");
        if let Some((known, _)) = self.variables.iter().find(|(_, text)| *text == expression) {
            return known.clone();
        }
        let key = field.rsplit('.').next().unwrap_or_default();
        let id = self.choose_variable_name(&format!("texts_in_{key}"));
        self.variables.push((id.clone(), expression));
        id
    }

    /// Returns a valid name that no variable has.
    fn choose_variable_name(&self, name: &str) -> String {
        let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let mut id: String = name.chars().map(word).collect();
        let begins = id.starts_with(|c: char| c.is_ascii_alphabetic());
        if !begins || RESERVED_NAMES.contains(&id.as_str()) {
            id = format!("sigma_{id}");
        }
        while self.variables.iter().any(|(taken, _)| *taken == id) {
            id.push('_');
        }
        id
    }
}

/// Returns the parts of an expression and the operator that joins them, or `None` if the expression
/// cannot be split.
fn split_expression(expr: &RuleCondition) -> Option<(Vec<RuleCondition>, BindingStrength)> {
    match expr {
        RuleCondition::All(parts) => Some((parts.clone(), BindingStrength::And)),
        RuleCondition::Any(parts) => Some((parts.clone(), BindingStrength::Or)),
        RuleCondition::Test(FieldTest { field, groups, negated: false }) => match groups.as_slice()
        {
            [group] if group.len() > VALUES_PER_CHUNK => {
                let part = |chunk: &[ValueMatcher]| {
                    let groups = vec![chunk.to_vec()];
                    RuleCondition::Test(FieldTest { field: field.clone(), groups, negated: false })
                };
                Some((group.chunks(VALUES_PER_CHUNK).map(part).collect(), BindingStrength::Or))
            }
            _ => None,
        },
        _ => None,
    }
}

fn is_text_matcher(matcher: &ValueMatcher) -> bool {
    matches!(matcher, ValueMatcher::Text(..) | ValueMatcher::Regex(..) | ValueMatcher::Cidr(_))
}

/// Returns whether a matcher compares a part of a text, as `contains`, `startswith`, `endswith` and
/// `re` do.
fn is_partial(matcher: &ValueMatcher) -> bool {
    match matcher {
        ValueMatcher::Text(pattern, _) => match pattern.units.as_slice() {
            [PatternUnit::AnyText] => false,
            [PatternUnit::AnyText, ..] | [.., PatternUnit::AnyText] => true,
            _ => false,
        },
        ValueMatcher::Regex(..) => true,
        _ => false,
    }
}

/// Returns whether the value of a field can be an object.
///
/// Source: AWS CloudTrail User Guide, "CloudTrail record contents" and "CloudTrail userIdentity
/// element".
fn can_be_object(field: &str) -> bool {
    const OBJECTS_OF_IDENTITY: &[&str] = &["userIdentity", "sessionContext", "sessionIssuer"];
    let mut keys = field.split('.');
    match keys.next().unwrap_or_default() {
        "userIdentity" => field.split('.').all(|key| OBJECTS_OF_IDENTITY.contains(&key)),
        "awsRegion" | "errorCode" | "errorMessage" | "eventCategory" | "eventTime"
        | "eventType" | "recipientAccountId" | "sourceIPAddress" | "userAgent"
        | "vpcEndpointId" => false,
        _ => true,
    }
}

/// Writes an expression that is true if a matcher is true for a text of a list, or `None` if there
/// are no matchers.
fn write_exists(list: &str, matchers: &[&ValueMatcher]) -> Option<CelFragment> {
    if matchers.is_empty() {
        return None;
    }
    let tests = write_text_tests("text", matchers);
    let test = CelFragment::join_fragments(tests, BindingStrength::Or).text;
    let head = format!("{list}.exists(text,");
    let long = head.len().saturating_add(test.len()) > MAX_LINE_WIDTH && !test.contains('\n');
    let between = if long { "\n    " } else { " " };
    Some(CelFragment::from_call(format!("{head}{between}{})", test.replace('\n', "\n  "))))
}

/// Writes the tests of a value that is text.
fn write_text_tests(value: &str, matchers: &[&ValueMatcher]) -> Vec<CelFragment> {
    let mut parts = Vec::new();
    for cased in [false, true] {
        let subject = if cased { value.to_owned() } else { format!("{value}.lowerAscii()") };
        let shapes: Vec<PatternComparison> = matchers
            .iter()
            .filter_map(|matcher| match matcher {
                ValueMatcher::Text(pattern, _) if pattern.cased == cased => {
                    Some(lowered_comparison(pattern))
                }
                _ => None,
            })
            .collect();
        parts.extend(write_comparisons(&subject, &shapes));
    }
    for matcher in matchers {
        match matcher {
            ValueMatcher::Text(pattern, _) => match pattern.to_comparison() {
                PatternComparison::Everything => {
                    parts.push(CelFragment::from_call("true".to_owned()));
                }
                PatternComparison::Other => {
                    parts.push(write_regex_test(value, &pattern.to_regex()));
                }
                _ => {}
            },
            ValueMatcher::Regex(source, _) => parts.push(write_regex_test(value, source)),
            ValueMatcher::Cidr(range) => {
                let inside =
                    format!("isIP({value}) && cidr({}).containsIP({value})", quote_cel(range));
                parts.push(CelFragment { text: inside, binding: BindingStrength::And });
            }
            _ => {}
        }
    }
    parts
}

fn write_regex_test(value: &str, regex: &str) -> CelFragment {
    CelFragment::from_call(format!("{value}.matches({})", quote_cel(regex)))
}

/// Returns the comparison of a pattern, in lower case if the pattern is not case-sensitive.
fn lowered_comparison(pattern: &SigmaPattern) -> PatternComparison {
    let lower = |text: String| if pattern.cased { text } else { text.to_ascii_lowercase() };
    match pattern.to_comparison() {
        PatternComparison::Equal(text) => PatternComparison::Equal(lower(text)),
        PatternComparison::Contains(text) => PatternComparison::Contains(lower(text)),
        PatternComparison::StartsWith(text) => PatternComparison::StartsWith(lower(text)),
        PatternComparison::EndsWith(text) => PatternComparison::EndsWith(lower(text)),
        other => other,
    }
}

/// Writes the comparisons of `subject`. Comparisons of the same kind are combined.
fn write_comparisons(subject: &str, shapes: &[PatternComparison]) -> Vec<CelFragment> {
    let mut equal = Vec::new();
    let mut calls =
        [("contains", Vec::new()), ("startsWith", Vec::new()), ("endsWith", Vec::new())];
    let [(_, contains), (_, starts), (_, ends)] = &mut calls;
    for shape in shapes {
        match shape {
            PatternComparison::Equal(text) => equal.push(quote_cel(text)),
            PatternComparison::Contains(text) => contains.push(quote_cel(text)),
            PatternComparison::StartsWith(text) => starts.push(quote_cel(text)),
            PatternComparison::EndsWith(text) => ends.push(quote_cel(text)),
            PatternComparison::Everything | PatternComparison::Other => {}
        }
    }
    let mut parts = match equal.as_slice() {
        [] => Vec::new(),
        [one] => vec![CelFragment::from_comparison(format!("{subject} == {one}"))],
        many => vec![CelFragment::from_comparison(format!("{subject} in {}", write_list(many)))],
    };
    for (call, texts) in &calls {
        if texts.len() > MAX_INLINE_ALTERNATIVES {
            let each = format!("{}.exists(part, {subject}.{call}(part))", write_list(texts));
            parts.push(CelFragment::from_call(each));
        } else {
            parts.extend(
                texts
                    .iter()
                    .map(|text| CelFragment::from_call(format!("{subject}.{call}({text})"))),
            );
        }
    }
    parts
}

/// Writes a test of a field that is not a test of the field's text.
fn write_field_matcher(field: &str, matcher: &ValueMatcher) -> CelFragment {
    let path = quote_cel(field);
    match matcher {
        ValueMatcher::Exists(wanted) => {
            let sign = if *wanted { ">" } else { "==" };
            CelFragment::from_comparison(format!("size(values_at(event, {path})) {sign} 0"))
        }
        ValueMatcher::Compare(operator, number) => {
            let sign = match operator {
                NumberOperator::Less => "<",
                NumberOperator::AtMost => "<=",
                NumberOperator::Greater => ">",
                NumberOperator::AtLeast => ">=",
            };
            CelFragment::from_call(format!(
                "numbers_at(event, {path}).exists(number, number {sign} {number:?})"
            ))
        }
        ValueMatcher::Field(likeness, other, cased) => {
            let lower = if *cased { "" } else { ".lowerAscii()" };
            let (one, two) = (format!("text{lower}"), format!("other{lower}"));
            let test = match likeness {
                TextComparison::Equal => format!("{one} == {two}"),
                TextComparison::Contains => format!("{one}.contains({two})"),
                TextComparison::StartsWith => format!("{one}.startsWith({two})"),
                TextComparison::EndsWith => format!("{one}.endsWith({two})"),
            };
            let others = format!("texts_at(event, {})", quote_cel(other));
            CelFragment::from_call(format!(
                "texts_at(event, {path}).exists(text, {others}\n    .exists(other, {test}))"
            ))
        }
        // This test is also true for a missing field, because the list is then empty.
        _ => CelFragment::from_call(format!(
            "values_at(event, {path}).all(value, type(value) == null_type)"
        )),
    }
}

/// Writes a list, in lines of a readable length.
fn write_list(items: &[String]) -> String {
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

/// Returns a CEL string literal. Characters that could deceive a reader, or that could form a lint
/// comment, are escaped.
pub(crate) fn quote_cel(text: &str) -> String {
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
