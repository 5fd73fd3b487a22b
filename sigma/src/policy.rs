//! The policy's file: a rule's header and body as text.

use crate::code::Written;
use crate::expr::Expr;
use crate::rule::Rule;
use crate::watch::Watch;
use evenkeel_rules::is_deceptive;

/// How long a line of text may be.
const WIDTH: usize = 110;

/// A policy's id: its title, in lower case with hyphens.
pub(crate) fn id(title: &str) -> String {
    const LONGEST: usize = 100;
    let mut id = String::new();
    for c in title.chars() {
        if c.is_ascii_alphanumeric() {
            id.push(c.to_ascii_lowercase());
        } else if !id.ends_with('-') && !id.is_empty() {
            id.push('-');
        }
    }
    let whole = id.get(..LONGEST).and_then(|cut| cut.rsplit_once('-')).map(|(cut, _)| cut);
    whole.unwrap_or(&id).trim_end_matches('-').to_owned()
}

/// What a rule is called where it is pointed to.
pub(crate) fn origin(rule: &Rule) -> String {
    match &rule.id {
        Some(id) => format!("Sigma rule {}", plain(id)),
        None => format!("Sigma rule {}", plain(&rule.title)),
    }
}

/// A policy's text; `allowed` are the codes of lints that it lets pass.
pub(crate) fn text(rule: &Rule, watch: &Watch, written: &Written, allowed: &[&str]) -> String {
    let mut out = "// METADATA\n".to_owned();
    let mut line = |text: &str| {
        out.push_str("// ");
        out.push_str(text);
        out.push('\n');
    };
    line(&format!("title: {}", yaml(&rule.title)));
    block(&mut line, "description", &description(rule));
    line(&format!("severity: {}", severity(rule)));
    line("match:");
    listed(&mut line, "eventSource", &watch.sources);
    listed(&mut line, "eventName", &watch.names);
    line(if watch.only_failed { "  outcome: failure" } else { "  outcome: any" });
    line("resource:");
    line("  type: AWS::::Account");
    line("  id: resource.account");
    line("variables:");
    line(&format!("  {ACTOR}: texts_at(event, 'userIdentity.arn')[?0].orValue('somebody')"));
    for (name, expression) in &written.variables {
        line(&format!("  {name}: >-"));
        expression.lines().for_each(|code| line(&format!("    {code}")));
    }
    let message =
        format!("{}: {{{{{ACTOR}}}}} in account {{{{resource.account}}}}", holeless(&rule.title));
    line(&format!("message: {}", yaml(&message)));
    let techniques = techniques(&rule.tags);
    if !techniques.is_empty() {
        line(&format!("controls: {{MITRE-ATTACK: [{}]}}", techniques.join(", ")));
    }
    line("references:");
    let license = "https://github.com/SigmaHQ/Detection-Rule-License".to_owned();
    let references = rule.references.iter().chain(rule.license.is_none().then_some(&license));
    references.for_each(|page| line(&format!("  - {}", yaml(page))));
    for code in allowed {
        line(&format!("lint: allow {code} imported from {}", origin(rule)));
    }
    out.push('\n');
    out.push_str(&written.body);
    out.push('\n');
    out
}

/// The variable for who did it.
pub(crate) const ACTOR: &str = "sigma_actor";

/// The body, which says `INSUFFICIENT_DATA` and not `COMPLIANT` where CloudTrail left out what the rule looks at.
pub(crate) fn body(condition: &Expr, written: &str) -> String {
    let mut views = Vec::new();
    condition.each(&mut |test| {
        let view = match test.field.split('.').next() {
            Some("requestParameters") => "request",
            Some("responseElements") => "response",
            _ => return,
        };
        if !views.contains(&view) {
            views.push(view);
        }
    });
    views.sort_unstable();
    let mut out = String::new();
    if views.is_empty() {
        return written.to_owned();
    }
    let bracketed =
        if written.contains("&&") { format!("({written})") } else { written.to_owned() };
    out.push_str("// What CloudTrail left out is unknown to the last part, which is never true.\n");
    out.push_str(&bracketed);
    for view in views {
        out.push_str(&format!("\n  || {view}.?omitted.hasValue() && false"));
    }
    out
}

fn description(rule: &Rule) -> String {
    let mut parts = Vec::new();
    parts.extend(rule.description.as_deref().map(|text| sentence(&plain(text))));
    if !rule.false_positives.is_empty() {
        let all: Vec<String> = rule.false_positives.iter().map(|text| plain(text)).collect();
        parts.push(sentence(&format!("False positives: {}", all.join("; "))));
    }
    let by = rule.author.as_deref().map(|author| format!(" by {}", plain(author)));
    let status = rule.status.as_deref().map(|status| format!(" ({})", plain(status)));
    parts.push(sentence(&format!(
        "Imported from {}{}{}",
        origin(rule),
        status.unwrap_or_default(),
        by.unwrap_or_default()
    )));
    parts.push(match &rule.license {
        Some(license) => sentence(&format!("License of the rule: {}", plain(license))),
        None => "The rules of SigmaHQ are under the Detection Rule License 1.1.".to_owned(),
    });
    parts.join(" ")
}

fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// A text in one line, without what could deceive a reader or be taken for a comment's mark.
fn plain(text: &str) -> String {
    let harmless: String = text.chars().map(|c| if is_deceptive(c) { ' ' } else { c }).collect();
    let line = harmless.split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace("lint:", "lint")
}

fn holeless(title: &str) -> String {
    plain(title).replace("{{", "{ {")
}

/// A text as YAML writes it between quotes.
fn yaml(text: &str) -> String {
    serde_json::Value::from(plain(text)).to_string()
}

/// A long text, folded.
fn block(line: &mut dyn FnMut(&str), key: &str, text: &str) {
    line(&format!("{key}: >-"));
    let mut row = String::new();
    for word in text.split(' ') {
        if !row.is_empty() && row.len().saturating_add(word.len()) > WIDTH {
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

/// One name, or a list in lines of a readable length.
fn listed(line: &mut dyn FnMut(&str), key: &str, names: &[String]) {
    let quoted: Vec<String> = names.iter().map(|name| name_text(name)).collect();
    if let [one] = quoted.as_slice() {
        return line(&format!("  {key}: {one}"));
    }
    let mut row = format!("  {key}: [");
    for (at, name) in quoted.iter().enumerate() {
        let end = if at.saturating_add(1) == quoted.len() { "]" } else { "," };
        if row.len().saturating_add(name.len()) > WIDTH {
            line(row.trim_end());
            "    ".clone_into(&mut row);
        }
        row.push_str(&format!("{name}{end} "));
    }
    line(row.trim_end());
}

fn name_text(name: &str) -> String {
    let simple = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() > 5;
    if simple { name.to_owned() } else { serde_json::Value::from(name).to_string() }
}

fn severity(rule: &Rule) -> &'static str {
    match rule.level.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("informational") => "INFORMATIONAL",
        Some("low") => "LOW",
        Some("high") => "HIGH",
        Some("critical") => "CRITICAL",
        _ => "MEDIUM",
    }
}

/// The techniques of ATT&CK among a rule's tags.
fn techniques(tags: &[String]) -> Vec<String> {
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
    fn an_id_is_made_of_a_title() {
        let long = "word ".repeat(60);
        for (title, want) in [
            ("AWS Root: used (again)!", "aws-root-used-again"),
            ("  --S3__bucket", "s3-bucket"),
            ("日本", ""),
            (long.as_str(), "word-".repeat(20).trim_end_matches('-')),
        ] {
            assert_eq!(id(title), want, "{title}");
        }
    }

    #[test]
    fn techniques_are_told_from_other_tags() {
        let tags =
            ["attack.t1098.001", "attack.persistence", "attack.T1098", "cve.2021-1", "attack.t"];
        assert_eq!(techniques(&tags.map(str::to_owned)), ["T1098", "T1098.001"]);
    }
}
