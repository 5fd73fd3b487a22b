//! Describes a plan for people: who changed what, what the plan changes, and what to decide.

use serde_json::Value;

use crate::journal::plan_record::PlanRecord;
use crate::workflow::format_time;

/// The maximum number of changes that a description lists.
const MAX_CHANGES: usize = 40;

impl PlanRecord {
    /// Returns the description of the plan as rows of a label and a text. The texts contain values
    /// of events and resources, so the caller must escape them for its output.
    pub fn describe_plan(&self) -> Vec<(&'static str, String)> {
        let mut rows = vec![
            ("What", format!("{} ({}, {})", self.title, self.policy, self.severity)),
            ("Found", self.message.clone()),
            ("Who", self.actor.clone()),
            ("When", format_time(self.violated_at)),
            ("Resource", format!("{} {}", self.kind, self.resource)),
            ("Account", format!("{} {}", self.account, self.region)),
        ];
        if let Some(owner) = &self.owner {
            rows.push(("Owner", owner.clone()));
        }
        rows.extend(
            describe_changes(&self.before, &self.after).into_iter().map(|one| ("Change", one)),
        );
        rows.push(("Calls", self.calls.join(", ")));
        rows.extend(self.questions.iter().map(|question| ("Check", question.clone())));
        rows.push(("Status", self.blocked_by.clone()));
        rows.push(("Planned", format_time(self.planned_at)));
        if let Some(at) = self.acts_at {
            rows.push(("Applied", format!("{}, unless somebody rejects it", format_time(at))));
        }
        rows.push(("Expires", format_time(self.expires_at)));
        rows.push(("Plan", self.plan.clone()));
        rows
    }
}

/// Returns the differences between two states: `- path: value` for what is removed, and
/// `+ path: value` for what is added.
pub fn describe_changes(before: &Value, after: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    add_differences("", before, after, &mut lines);
    let more = lines.len().saturating_sub(MAX_CHANGES);
    if more > 0 {
        lines.truncate(MAX_CHANGES);
        lines.push(format!("{more} more changes"));
    }
    lines
}

fn add_differences(path: &str, before: &Value, after: &Value, lines: &mut Vec<String>) {
    match (before, after) {
        _ if before == after => {}
        (Value::Object(left), Value::Object(right)) => {
            let mut names: Vec<&String> = left.keys().chain(right.keys()).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let part = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                let value = |of: &serde_json::Map<String, Value>| of.get(name).cloned();
                let (left, right) = (value(left), value(right));
                add_differences(
                    &part,
                    &left.unwrap_or_default(),
                    &right.unwrap_or_default(),
                    lines,
                );
            }
        }
        (Value::Array(left), Value::Array(right)) => {
            let gone = left.iter().filter(|one| !right.contains(one));
            let new = right.iter().filter(|one| !left.contains(one));
            lines.extend(gone.map(|one| format!("- {path}: {one}")));
            lines.extend(new.map(|one| format!("+ {path}: {one}")));
        }
        _ => {
            if !before.is_null() {
                lines.push(format!("- {path}: {before}"));
            }
            if !after.is_null() {
                lines.push(format!("+ {path}: {after}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_differences_are_listed() {
        let before = json!({"a": 1, "b": {"c": true, "same": 2}, "rules": [{"port": 22}, 5]});
        let after = json!({"a": 1, "b": {"c": false, "same": 2, "d": "x"}, "rules": [5]});
        assert_eq!(
            describe_changes(&before, &after),
            ["- b.c: true", "+ b.c: false", "+ b.d: \"x\"", "- rules: {\"port\":22}"]
        );
        let many: Vec<u32> = (0..50).collect();
        let lines = describe_changes(&json!([]), &json!(many));
        assert_eq!((lines.len(), lines.last().map(String::as_str)), (41, Some("10 more changes")));
    }
}
