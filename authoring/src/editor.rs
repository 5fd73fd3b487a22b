//! Answers completion, hover and definition requests of editors from the text of a policy. The
//! policy need not compile.

use crate::schema::{EventField, list_event_fields, list_write_events};
use crate::services::events;
use crate::services::models::CallSide;
use evenkeel_engine::library_functions;
use std::ops::Range;

/// A completion for a position in a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletionProposal {
    /// The text to insert.
    pub text: String,
    /// A short description of the text.
    pub detail: String,
    /// The kind of the text.
    pub kind: ProposalKind,
}

/// The kind of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProposalKind {
    /// A key of the header, or a field of an event.
    Field,
    /// A value of a header's key.
    Value,
    /// A function.
    Function,
    /// A name of the scope, a variable or a parameter.
    Name,
}

/// The keys of the header: the parent key, the key and its description.
const KEYS: &[(&str, &str, &str)] = &[
    ("", "title", "the problem that a finding reports, in one line"),
    ("", "description", "the reason why the problem matters"),
    ("", "severity", "the severity of a finding: INFORMATIONAL to CRITICAL"),
    ("", "severityReason", "the reason why the severity differs from the one of the controls"),
    ("", "match", "the events and configuration items that the policy evaluates"),
    ("", "resource", "the resource of a finding"),
    ("", "parameters", "the values that an organization can set, used as params.NAME"),
    ("", "variables", "names for CEL expressions, which other expressions can use"),
    ("", "message", "the message of a finding: text with {{ CEL }} placeholders"),
    ("", "controls", "the controls of frameworks that a finding violates"),
    (
        "",
        "implements",
        "the controls that require monitoring, and that the policy itself implements",
    ),
    ("", "references", "addresses of documentation"),
    ("", "remediation", "the remediation of a finding"),
    ("match", "eventSource", "event sources, such as s3.amazonaws.com, or '*' for every source"),
    ("match", "eventName", "event names, without an API version, or '*' for every name"),
    ("match", "identityType", "values of userIdentity.type, such as Root; every type by default"),
    ("match", "notWatched", "events that set a parameter and are left out, each with the reason"),
    ("match", "onlySource", "the reason why the policy evaluates only events, or only items"),
    ("match", "outcome", "success (default), failure or any"),
    ("match", "resourceType", "AWS Config resource types"),
    ("resource", "type", "the CloudFormation type"),
    ("resource", "each", "CEL: a list with one element for each resource, evaluated as `each`"),
    ("resource", "id", "CEL: the id of the resource"),
    ("resource", "arn", "CEL: the ARN of the resource"),
    ("remediation", "run", "the name of the remediator"),
    ("remediation", "mode", "report, notify, approve, warn or auto"),
    ("remediation", "with", "the settings of the remediator"),
    ("remediation", "tier", "the safety tier of `patch`: A, B or C"),
    ("remediation", "actions", "the IAM actions that AWS needs to apply `patch`"),
    ("remediation", "checks", "the checks that run before the properties are set"),
    ("remediation", "patch", "the required properties of the resource"),
    ("remediation", "ask", "the point that a person must check before the approval"),
];

/// The keys with a fixed set of values, and these values.
const VALUES: &[(&str, &[&str])] = &[
    ("severity", &["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"]),
    ("outcome", &["success", "failure", "any"]),
    ("mode", &["report", "notify", "approve", "warn", "auto"]),
];

/// The names that every expression can use, and their descriptions.
const SCOPE: &[(&str, &str)] = &[
    ("account", "the account: id, alias, ou, tags"),
    ("each", "the element of `resource.each` that is evaluated"),
    ("event", "the unchanged CloudTrail record"),
    ("now", "the time of the event"),
    ("params", "the policy's parameters"),
    ("request", "the normalized parameters of the call; never null"),
    ("resource", "the resource: type, id, arn, account, region, tags, configuration"),
    ("response", "the normalized response of the call; never null"),
    ("violations", "in the message: the list that the body returned"),
];

/// The text of a policy, which need not be complete or valid.
#[derive(Debug)]
pub struct PolicyDraft<'t> {
    text: &'t str,
    /// The byte position at which the header ends.
    header_end: usize,
}

impl<'t> PolicyDraft<'t> {
    /// Creates the draft of a text.
    pub fn new(text: &'t str) -> Self {
        let header = text.split_inclusive('\n').take_while(|line| line.starts_with("//"));
        PolicyDraft { text, header_end: header.map(str::len).sum() }
    }

    fn header_text(&self) -> &'t str {
        self.text.get(..self.header_end).unwrap_or_default()
    }

    /// Returns the events in the header: each with its source and its name.
    fn watched_events(&self) -> Vec<(&'t str, &'t str)> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let words = || self.header_text().split(|c| !is_part(c)).filter(|word| !word.is_empty());
        let sources: Vec<&str> =
            words().filter(|word| events::event_names(word).is_some()).collect();
        let of = |name: &'t str| {
            sources
                .iter()
                .find(|source| events::has_event(source, name))
                .map(|source| (*source, name))
        };
        words().filter_map(of).collect()
    }

    /// Returns the names below a key of the header (its variables or parameters), with the byte
    /// position of each.
    fn names_below(&self, key: &str) -> Vec<(&'t str, usize)> {
        let (mut names, mut inside, mut start) = (Vec::new(), false, 0_usize);
        for line in self.header_text().split_inclusive('\n') {
            let rest = line.strip_prefix("//").unwrap_or_default();
            let indent = rest.len().saturating_sub(rest.trim_start().len());
            let name = rest.trim_start().split_once(':').map_or("", |(name, _)| name);
            if indent <= 1 {
                inside = name == key;
            } else if inside && indent == 3 && !name.is_empty() && !name.contains(' ') {
                let at = start.saturating_add(line.len().saturating_sub(rest.trim_start().len()));
                names.push((name, at));
            }
            start = start.saturating_add(line.len());
        }
        names
    }

    /// Returns the completions for a position of the text.
    ///
    /// `at` is a byte position. `remediators` contains the names of all remediators.
    ///
    /// ```
    /// use evenkeel_authoring::editor::PolicyDraft;
    ///
    /// let text = "// METADATA\n// severity: H";
    /// let proposals = PolicyDraft::new(text).propose_completions(text.len(), &[]);
    /// assert!(proposals.iter().any(|proposal| proposal.text == "HIGH"));
    /// ```
    pub fn propose_completions(&self, at: usize, remediators: &[&str]) -> Vec<CompletionProposal> {
        let before = self.text.get(..at).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        let in_header = at <= self.header_end && line.starts_with("//");
        if in_header && let Some(found) = self.header_proposals(before, line, remediators) {
            return found;
        }
        self.expression_proposals(before)
    }

    fn header_proposals(
        &self,
        before: &str,
        line: &str,
        remediators: &[&str],
    ) -> Option<Vec<CompletionProposal>> {
        let rest = line.strip_prefix("//").unwrap_or_default();
        let indent = rest.len().saturating_sub(rest.trim_start().len());
        let parent = parent_key(before, indent);
        // In `match: {eventSource: s3...`, the last key that is still open determines the values.
        let open = rest.rsplit(['{', ',']).next().unwrap_or_default();
        let key = open.split_once(':').map(|(key, _)| key.trim());
        let key =
            key.or_else(|| last_key(rest).filter(|key| ["eventName", "eventSource"].contains(key)));
        let value = |text: &str, detail: &str| CompletionProposal {
            text: text.to_owned(),
            detail: detail.to_owned(),
            kind: ProposalKind::Value,
        };
        match key {
            None => {
                let parent =
                    if rest.contains('{') { last_key(rest.split('{').next()?)? } else { parent };
                let keys = KEYS.iter().filter(|key| key.0 == parent);
                let field = |key: &(&str, &str, &str)| CompletionProposal {
                    text: key.1.to_owned(),
                    detail: key.2.to_owned(),
                    kind: ProposalKind::Field,
                };
                let found: Vec<CompletionProposal> = keys.map(field).collect();
                (!found.is_empty()).then_some(found)
            }
            Some("eventSource") => {
                Some(events::event_sources().map(|source| value(&source, "event source")).collect())
            }
            Some("eventName") => {
                let is_part = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
                let words = self.header_text().split(|c| !is_part(c));
                let sources = words.filter(|word| events::event_names(word).is_some());
                Some(
                    sources
                        .flat_map(|source| {
                            list_write_events(source)
                                .into_iter()
                                .map(|name| value(name, source))
                                .collect::<Vec<_>>()
                        })
                        .collect(),
                )
            }
            Some("run") => Some(remediators.iter().map(|id| value(id, "remediator")).collect()),
            Some(key) => {
                let values = VALUES.iter().find(|values| values.0 == key)?;
                Some(values.1.iter().map(|text| value(text, key)).collect())
            }
        }
    }

    fn expression_proposals(&self, before: &str) -> Vec<CompletionProposal> {
        let chain = trailing_path(before);
        let name = |text: &str, detail: &str| CompletionProposal {
            text: text.to_owned(),
            detail: detail.to_owned(),
            kind: ProposalKind::Name,
        };
        let Some((path, _)) = chain.rsplit_once('.') else {
            let scope = SCOPE.iter().map(|(text, detail)| name(text, detail));
            let variables =
                self.names_below("variables").into_iter().map(|(text, _)| name(text, "variable"));
            return scope.chain(variables).chain(propose_functions(false)).collect();
        };
        if path == "params" {
            return self
                .names_below("parameters")
                .into_iter()
                .map(|(text, _)| name(text, "parameter"))
                .collect();
        }
        let field = |field: &EventField| CompletionProposal {
            text: field.name.clone(),
            detail: describe_field(field),
            kind: ProposalKind::Field,
        };
        self.find_fields(path).iter().map(field).chain(propose_functions(true)).collect()
    }

    /// Returns the fields of the value at a path, for all events of the policy.
    fn find_fields(&self, path: &str) -> Vec<EventField> {
        let mut steps = path.split('.').map(|step| step.trim_start_matches('?'));
        let side = match steps.next() {
            Some("request") => CallSide::Request,
            Some("response") => CallSide::Response,
            _ => return Vec::new(),
        };
        let mut found: Vec<EventField> = Vec::new();
        for (source, name) in self.watched_events() {
            for field in list_event_fields(source, name, side) {
                if !found.iter().any(|other| other.name == field.name) {
                    found.push(field);
                }
            }
        }
        for step in steps {
            found = found
                .into_iter()
                .find(|field| field.name == step)
                .map(|field| field.fields)
                .unwrap_or_default();
        }
        found
    }

    /// Returns the description of the word at a byte position of the text.
    pub fn hover_text(&self, at: usize) -> Option<String> {
        let (word, range) = self.find_word(at)?;
        let chain = trailing_path(self.text.get(..range.end)?);
        if let Some((path, last)) = chain.rsplit_once('.') {
            let last = last.trim_start_matches('?');
            if let Some(field) = self.find_fields(path).into_iter().find(|field| field.name == last)
            {
                return Some(format!("`{chain}`: {}", describe_field(&field)));
            }
        } else if let Some((_, meaning)) = SCOPE.iter().find(|scope| scope.0 == word) {
            return Some(format!("`{word}`: {meaning}"));
        }
        if let Some((source, name)) =
            self.watched_events().into_iter().find(|event| event.1 == word)
        {
            let command = format!("`evenkeel schema {source}:{name}` prints its fields");
            return Some(format!("event `{name}` of `{source}`; {command}"));
        }
        let called = library_functions().find(|function| function_name(function.0) == word);
        if let Some((signature, gives)) = called {
            return Some(format!("`{signature}`: {gives}"));
        }
        let key = KEYS.iter().find(|key| key.1 == word && range.start < self.header_end)?;
        Some(format!("`{word}`: {}", key.2))
    }

    /// Returns the word at a byte position of the text, and its byte range.
    pub fn find_word(&self, at: usize) -> Option<(&'t str, Range<usize>)> {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let (before, after) = self.text.split_at_checked(at)?;
        let start = before.trim_end_matches(is_part).len();
        let end = at.saturating_add(after.find(|c| !is_part(c)).unwrap_or(after.len()));
        let word = self.text.get(start..end).filter(|word| !word.is_empty())?;
        Some((word, start..end))
    }

    /// Returns the byte range in the header that defines the variable or parameter at a byte
    /// position.
    pub fn find_definition(&self, at: usize) -> Option<Range<usize>> {
        let (word, range) = self.find_word(at)?;
        let chain = trailing_path(self.text.get(..range.end)?);
        let key = match chain.rsplit_once('.') {
            None => "variables",
            Some(("params", _)) => "parameters",
            Some(_) => return None,
        };
        let (name, start) = self.names_below(key).into_iter().find(|below| below.0 == word)?;
        Some(start..start.saturating_add(name.len()))
    }
}

/// Returns the header's key that is the parent of a line with this indentation.
fn parent_key(before: &str, indent: usize) -> &str {
    let above = before.lines().rev().skip(1).filter_map(|line| line.strip_prefix("//"));
    let mut less = above.filter(|rest| rest.len().saturating_sub(rest.trim_start().len()) < indent);
    less.next().and_then(|rest| rest.trim_start().split_once(':')).map_or("", |(key, _)| key)
}

/// Returns the last key of a line.
fn last_key(line: &str) -> Option<&str> {
    let (before, _) = line.rsplit_once(':')?;
    before.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next().filter(|key| !key.is_empty())
}

/// Returns the path, such as `request.?a.b`, at the end of a text.
fn trailing_path(before: &str) -> &str {
    let start = before.trim_end_matches(|c: char| c.is_alphanumeric() || "_.?".contains(c)).len();
    before.get(start..).unwrap_or_default().trim_start_matches('?')
}

/// Returns the name of a function, from its signature.
fn function_name(signature: &str) -> &str {
    let head = signature.split('(').next().unwrap_or(signature);
    match head.split_once('.') {
        Some((receiver, name)) if receiver.len() == 1 => name,
        _ => head,
    }
}

/// Returns completions for the functions of the library: methods of a value, or global functions.
fn propose_functions(of_value: bool) -> impl Iterator<Item = CompletionProposal> {
    let is_of_value = |signature: &str| {
        signature.split_once('.').is_some_and(|(receiver, _)| receiver.len() == 1)
    };
    library_functions().filter(move |function| is_of_value(function.0) == of_value).map(
        |(signature, gives)| CompletionProposal {
            text: function_name(signature).to_owned(),
            detail: format!("{signature}: {gives}"),
            kind: ProposalKind::Function,
        },
    )
}

/// Returns a short description of a field: its type, whether it is required, and its values.
fn describe_field(field: &EventField) -> String {
    let required = if field.required { ", required" } else { "" };
    let values = if field.values.is_empty() {
        String::new()
    } else {
        format!(": {}", field.values.join(", "))
    };
    format!("{}{required}{values}", field.kind)
}

#[cfg(test)]
mod tests {
    use super::PolicyDraft;

    const TEXT: &str = "// METADATA
// match:
//   eventSource: apigateway.amazonaws.com
//   eventName: [PutIntegration]
// parameters:
//   allow: {type: bool, default: true}
// variables:
//   uri: request.?uri.orValue('')

uri == '' && params.allow && request.?tlsConfig.?inse
";

    fn proposed(text: &str, at: usize) -> Vec<String> {
        PolicyDraft::new(text)
            .propose_completions(at, &["a-remediator"])
            .into_iter()
            .map(|one| one.text)
            .collect()
    }

    #[test]
    fn expressions_get_fields_names_and_functions() {
        let end = |mark: &str| TEXT.find(mark).map(|at| at + mark.len()).unwrap_or_default();
        assert_eq!(
            proposed(TEXT, end(".?inse")).first().map(String::as_str),
            Some("insecureSkipVerification")
        );
        assert!(proposed(TEXT, end("&& request.?")).contains(&"connectionType".to_owned()));
        assert_eq!(proposed(TEXT, end("&& params.")), ["allow"]);
        let names = proposed(TEXT, end("\n\nur"));
        assert!(names.contains(&"uri".to_owned()) && names.contains(&"request".to_owned()));
        assert!(proposed(TEXT, end("eventName: [Put")).contains(&"PutIntegration".to_owned()));
        assert!(proposed(TEXT, end("eventSource: api")).contains(&"kms.amazonaws.com".to_owned()));
    }

    #[test]
    fn the_header_gets_keys_and_values() {
        let keys = proposed("// METADATA\n// ", 15);
        assert!(keys.contains(&"severity".to_owned()), "{keys:?}");
        let text = "// METADATA\n// match:\n//   ev";
        assert!(proposed(text, text.len()).contains(&"eventName".to_owned()));
        for (text, value) in [
            ("// METADATA\n// severity: H", "HIGH"),
            ("// METADATA\n// remediation: {run: ", "a-remediator"),
            ("// METADATA\n// remediation: {run: x, mode: ", "auto"),
            ("// METADATA\n// match: {", "eventSource"),
        ] {
            assert!(proposed(text, text.len()).contains(&value.to_owned()), "{text}");
        }
    }

    #[test]
    fn no_position_of_any_text_panics() {
        for text in
            [TEXT, "", "//", "// METADATA\r\n// {[: é\u{10000}", "é.?é(", "request.?\u{10000}."]
        {
            let draft = PolicyDraft::new(text);
            for at in 0..=text.len() + 1 {
                draft.propose_completions(at, &[]);
                draft.hover_text(at);
                draft.find_definition(at);
            }
        }
    }
}
