//! Writes the text of a policy file: the header and the body.

use crate::cel_writer::CelCondition;
use crate::rule::SigmaRule;
use crate::rule_condition::RuleCondition;
use crate::watched_events::WatchedEvents;
use evenkeel_rules::is_deceptive;

/// The maximum length of a line of text, in bytes.
const MAX_LINE_WIDTH: usize = 110;

/// Returns the id of a policy: its title in lower case, with hyphens.
pub(crate) fn policy_id(title: &str) -> String {
    const MAX_ID_LENGTH: usize = 100;
    let mut id = String::new();
    for c in title.chars() {
        if c.is_ascii_alphanumeric() {
            id.push(c.to_ascii_lowercase());
        } else if !id.ends_with('-') && !id.is_empty() {
            id.push('-');
        }
    }
    let whole = id.get(..MAX_ID_LENGTH).and_then(|cut| cut.rsplit_once('-')).map(|(cut, _)| cut);
    whole.unwrap_or(&id).trim_end_matches('-').to_owned()
}

/// Returns the text that identifies a rule in the policy: the id of the rule, or else its title.
pub(crate) fn rule_origin(rule: &SigmaRule) -> String {
    match &rule.id {
        Some(id) => format!("Sigma rule {}", to_safe_line(id)),
        None => format!("Sigma rule {}", to_safe_line(&rule.title)),
    }
}

/// Returns the text of a policy. `allowed` contains the diagnostic codes for which the header gets
/// an allow comment.
pub(crate) fn policy_text(
    rule: &SigmaRule,
    watch: &WatchedEvents,
    written: &CelCondition,
    allowed: &[&str],
) -> String {
    let mut out = "// METADATA\n".to_owned();
    let mut line = |text: &str| {
        out.push_str("// ");
        out.push_str(text);
        out.push('\n');
    };
    line(&format!("title: {}", quote_yaml(&rule.title)));
    write_block(&mut line, "description", &rule_description(rule));
    line(&format!("severity: {}", rule_severity(rule)));
    line("match:");
    write_names(&mut line, "eventSource", &watch.sources);
    write_names(&mut line, "eventName", &watch.names);
    if !watch.identity_types.is_empty() {
        write_names(&mut line, "identityType", &watch.identity_types);
    }
    line(if watch.only_failed { "  outcome: failure" } else { "  outcome: any" });
    line("resource:");
    line("  type: AWS::::Account");
    line("  id: resource.account");
    line("variables:");
    line(&format!(
        "  {ACTOR}: texts_at(event, 'userIdentity.arn')[?0].orValue('unknown identity')"
    ));
    for (name, expression) in &written.variables {
        line(&format!("  {name}: >-"));
        expression.lines().for_each(|code| line(&format!("    {code}")));
    }
    let message = format!(
        "{}: {{{{{ACTOR}}}}} in account {{{{resource.account}}}}",
        escape_placeholders(&rule.title)
    );
    line(&format!("message: {}", quote_yaml(&message)));
    let techniques = attack_techniques(&rule.tags);
    if !techniques.is_empty() {
        line(&format!("controls: {{MITRE-ATTACK: [{}]}}", techniques.join(", ")));
    }
    line("references:");
    let license = "https://github.com/SigmaHQ/Detection-Rule-License".to_owned();
    let references = rule.references.iter().chain(rule.license.is_none().then_some(&license));
    references.for_each(|page| line(&format!("  - {}", quote_yaml(page))));
    for code in allowed {
        line(&format!("lint: allow {code} imported from {}", rule_origin(rule)));
    }
    out.push('\n');
    out.push_str(&written.body);
    out.push('\n');
    out
}

/// The name of the variable for the identity that made the call.
pub(crate) const ACTOR: &str = "sigma_actor";

/// The name of the variable for data that CloudTrail omitted or redacted.
pub(crate) const OMITTED: &str = "sigma_omitted";

/// The fields of an event that CloudTrail omits if they are too large, and replaces by a string if
/// they are secret.
///
/// Source: AWS CloudTrail User Guide, "CloudTrail record contents".
const OMITTABLE_FIELDS: &[&str] =
    &["additionalEventData", "requestParameters", "responseElements", "serviceEventDetails"];

/// Returns the fields that a condition tests and that CloudTrail can omit or redact.
pub(crate) fn omittable_fields(condition: &RuleCondition) -> Vec<&'static str> {
    let mut found = Vec::new();
    condition.visit_tests(&mut |test| {
        let first = test.field.split('.').next().unwrap_or_default();
        found.extend(OMITTABLE_FIELDS.iter().filter(|field| **field == first));
    });
    found.sort_unstable();
    found.dedup();
    found
}

/// Completes the condition of a policy. If the rule tests data that CloudTrail omitted or redacted,
/// the result is `INSUFFICIENT_DATA` and not `COMPLIANT`.
pub(crate) fn add_omitted_data(condition: &RuleCondition, written: &mut CelCondition) {
    let fields = omittable_fields(condition);
    let unknown =
        "exists(value,\n  type(value) == string || texts_at(value, 'omitted') == ['true'])";
    let expression = match fields.as_slice() {
        [] => return,
        [one] => format!("values_at(event, '{one}').{unknown}"),
        many => {
            format!("['{}'].exists(field, values_at(event, field).{unknown})", many.join("', '"))
        }
    };
    written.variables.push((OMITTED.to_owned(), expression));
    if written.body.contains("&&") {
        written.body = format!("({})", written.body);
    }
    written.body.push_str(&format!("\n  || ({OMITTED} && insufficient_data())"));
}

fn rule_description(rule: &SigmaRule) -> String {
    let mut parts = Vec::new();
    parts.extend(rule.description.as_deref().map(|text| end_sentence(&to_safe_line(text))));
    if !rule.false_positives.is_empty() {
        let all: Vec<String> = rule.false_positives.iter().map(|text| to_safe_line(text)).collect();
        parts.push(end_sentence(&format!("False positives: {}", all.join("; "))));
    }
    let by = rule.author.as_deref().map(|author| format!(" by {}", to_safe_line(author)));
    let status = rule.status.as_deref().map(|status| format!(" ({})", to_safe_line(status)));
    parts.push(end_sentence(&format!(
        "Imported from {}{}{}",
        rule_origin(rule),
        status.unwrap_or_default(),
        by.unwrap_or_default()
    )));
    parts.push(match &rule.license {
        Some(license) => end_sentence(&format!("License of the rule: {}", to_safe_line(license))),
        None => "Rules of SigmaHQ have the Detection Rule License 1.1.".to_owned(),
    });
    parts.join(" ")
}

fn end_sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// Returns a text on one line. The result contains no characters that could deceive a reader, and
/// no marker of a lint comment.
fn to_safe_line(text: &str) -> String {
    let harmless: String = text.chars().map(|c| if is_deceptive(c) { ' ' } else { c }).collect();
    let line = harmless.split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace("lint:", "lint")
}

fn escape_placeholders(title: &str) -> String {
    to_safe_line(title).replace("{{", "{ {")
}

/// Returns a text as a quoted YAML string.
fn quote_yaml(text: &str) -> String {
    serde_json::Value::from(to_safe_line(text)).to_string()
}

/// Writes a long text as a folded block.
fn write_block(line: &mut dyn FnMut(&str), key: &str, text: &str) {
    line(&format!("{key}: >-"));
    let mut row = String::new();
    for word in text.split(' ') {
        if !row.is_empty() && row.len().saturating_add(word.len()) > MAX_LINE_WIDTH {
            line(&format!("  {row}"));
            row.clear();
        }
        if !row.is_empty() {
            row.push(' ');
        }
        row.push_str(word);
    }
    line(&format!("  {row}"));
}

/// Writes one name, or a list of names in lines of about [`MAX_LINE_WIDTH`] bytes.
fn write_names(line: &mut dyn FnMut(&str), key: &str, names: &[String]) {
    let quoted: Vec<String> = names.iter().map(|name| quote_name(name)).collect();
    if let [one] = quoted.as_slice() {
        return line(&format!("  {key}: {one}"));
    }
    let mut row = format!("  {key}: [");
    for (at, name) in quoted.iter().enumerate() {
        let end = if at.saturating_add(1) == quoted.len() { "]" } else { "," };
        if row.len().saturating_add(name.len()) > MAX_LINE_WIDTH {
            line(row.trim_end());
            "    ".clone_into(&mut row);
        }
        row.push_str(&format!("{name}{end} "));
    }
    line(row.trim_end());
}

fn quote_name(name: &str) -> String {
    let simple = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() > 5;
    if simple { name.to_owned() } else { serde_json::Value::from(name).to_string() }
}

fn rule_severity(rule: &SigmaRule) -> &'static str {
    match rule.level.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("informational") => "INFORMATIONAL",
        Some("low") => "LOW",
        Some("high") => "HIGH",
        Some("critical") => "CRITICAL",
        _ => "MEDIUM",
    }
}

/// Returns the ids of the MITRE ATT&CK techniques among the tags of a rule, such as `T1098`.
fn attack_techniques(tags: &[String]) -> Vec<String> {
    let technique = |tag: &String| {
        let lower = tag.to_ascii_lowercase();
        let name = lower.strip_prefix("attack.t")?;
        let known = !name.is_empty() && name.chars().all(|c| c.is_ascii_digit() || c == '.');
        known.then(|| format!("T{name}"))
    };
    let mut all: Vec<String> = tags.iter().filter_map(technique).collect();
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_created_from_a_title() {
        let long = "word ".repeat(60);
        for (title, want) in [
            ("AWS Root: used (again)!", "aws-root-used-again"),
            ("  --S3__bucket", "s3-bucket"),
            ("日本", ""),
            (long.as_str(), "word-".repeat(20).trim_end_matches('-')),
        ] {
            assert_eq!(policy_id(title), want, "{title}");
        }
    }

    #[test]
    fn techniques_are_separated_from_other_tags() {
        let tags =
            ["attack.t1098.001", "attack.persistence", "attack.T1098", "cve.2021-1", "attack.t"];
        assert_eq!(attack_techniques(&tags.map(str::to_owned)), ["T1098", "T1098.001"]);
    }
}
