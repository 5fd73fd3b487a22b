//! Lists the parts of a state that a change affects, and compares two changes.

use std::collections::BTreeSet;

use serde_json::Value;

/// Returns the parts of a state that differ between `before` and `after`: the paths of changed
/// values, and the added or removed elements of lists.
pub(crate) fn list_changes(before: &Value, after: &Value) -> BTreeSet<String> {
    let mut changes = BTreeSet::new();
    add_changes("", before, after, &mut changes);
    changes
}

/// Returns whether two changes affect a common part. A change without parts overlaps with every
/// change, because its parts are unknown.
pub(super) fn changes_overlap(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    let is_within = |part: &str, whole: &str| {
        part.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ' ']))
    };
    one.is_empty()
        || other.is_empty()
        || one.iter().any(|a| other.iter().any(|b| is_within(a, b) || is_within(b, a)))
}

fn add_changes(path: &str, before: &Value, after: &Value, changes: &mut BTreeSet<String>) {
    match (before, after) {
        (Value::Object(left), Value::Object(right)) => {
            for name in left.keys().chain(right.keys()).collect::<BTreeSet<_>>() {
                let part = |of: &serde_json::Map<String, Value>| of.get(name).cloned();
                let (left, right) = (part(left), part(right));
                let (left, right) = (left.unwrap_or_default(), right.unwrap_or_default());
                add_changes(&format!("{path}/{name}"), &left, &right, changes);
            }
        }
        (Value::Object(_), Value::Null) => {
            add_changes(path, before, &Value::Object(serde_json::Map::new()), changes);
        }
        (Value::Null, Value::Object(_)) => {
            add_changes(path, &Value::Object(serde_json::Map::new()), after, changes);
        }
        (Value::Array(_), Value::Null) => {
            add_changes(path, before, &Value::Array(Vec::new()), changes);
        }
        (Value::Null, Value::Array(_)) => {
            add_changes(path, &Value::Array(Vec::new()), after, changes);
        }
        (Value::Array(left), Value::Array(right)) => {
            let gone = left.iter().filter(|one| !right.contains(one));
            let new = right.iter().filter(|one| !left.contains(one));
            changes.extend(gone.chain(new).map(|one| format!("{path} {one}")));
        }
        _ if before == after => {}
        _ => {
            changes.insert(path.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_change_consists_of_paths_and_of_list_elements() {
        let before = json!({"a": 1, "b": {"c": true}, "rules": [{"port": 22}, {"port": 161}]});
        let after = json!({"a": 1, "b": {"c": false, "d": 2}, "rules": [{"port": 161}]});
        let changes = list_changes(&before, &after);
        let expected = ["/b/c", "/b/d", "/rules {\"port\":22}"].map(str::to_owned);
        assert_eq!(changes, expected.into());
        assert_eq!(list_changes(&after, &before), changes, "both directions are equal");
        let other = json!({"a": 1, "b": {"c": true}, "rules": [{"port": 22}]});
        assert!(list_changes(&before, &other).is_disjoint(&changes));
        assert!(list_changes(&before, &before).is_empty());
        let none = json!({"a": 1, "b": {"c": true}});
        let expected = ["/rules {\"port\":161}", "/rules {\"port\":22}"].map(str::to_owned);
        assert_eq!(list_changes(&none, &before), expected.into(), "a missing list is empty");
    }

    #[test]
    fn creating_a_policy_overlaps_with_adding_a_statement() {
        let statement = json!({"Effect": "Deny"});
        let made = list_changes(
            &json!({"policy": null}),
            &json!({"policy": {"Version": "2012-10-17", "Statement": [statement]}}),
        );
        let added = list_changes(
            &json!({"policy": {"Version": "2012-10-17", "Statement": [1]}}),
            &json!({"policy": {"Version": "2012-10-17", "Statement": [1, statement]}}),
        );
        assert!(changes_overlap(&made, &added) && changes_overlap(&added, &made));
        assert!(!changes_overlap(&made, &list_changes(&json!({"a": 1}), &json!({"a": 2}))));
        assert!(
            changes_overlap(&BTreeSet::new(), &made),
            "an unknown change overlaps with every change"
        );
    }
}
