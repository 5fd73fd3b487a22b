//! Each call of a remediator must be allowed to a session that is confined to its target.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use evenkeel_remediators::Target;
use evenkeel_remediators::catalog::Entry;
use serde_json::to_value;

use crate::iam::allows;
use crate::proxy::Call;

/// What only an undo does, for which whoever runs it needs the right: the stack's roles do not have it.
const BY_A_PERSON: [(&str, &str); 1] = [("kms-cancel-key-deletion", "kms:ScheduleKeyDeletion")];

/// Holds the calls against the session's policy, and notes what of it they used: the stack's tests ask whether
/// all of it is.
pub(crate) fn permitted(remediator: &str, target: &Target, calls: &[Call]) {
    let entry = Entry::find(remediator).unwrap();
    let statements = entry.statements(target);
    let mut used = BTreeSet::new();
    for asked in calls.iter().flat_map(|call| &call.asked) {
        let mut allowed = false;
        for (number, statement) in statements.iter().enumerate() {
            for (place, resource) in statement.resource.iter().enumerate() {
                let mut one = statement.clone();
                one.resource = vec![resource.clone()];
                if allows(&[to_value(one).unwrap()], &asked.action, &asked.resource, &[]) {
                    allowed = true;
                    used.insert(format!("{number} {place} {}\n", asked.action));
                }
            }
        }
        let by_a_person = BY_A_PERSON.contains(&(remediator, asked.action.as_str()));
        assert!(
            allowed || by_a_person,
            "{remediator} may not {} on {}",
            asked.action,
            asked.resource
        );
    }
    note(remediator, &used);
}

fn note(remediator: &str, used: &BTreeSet<String>) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("permissions");
    std::fs::create_dir_all(&folder).unwrap();
    let file = OpenOptions::new().create(true).append(true).open(folder.join(remediator));
    let text: String = used.iter().map(String::as_str).collect();
    // One write: other tests append to it too.
    file.unwrap().write_all(text.as_bytes()).unwrap();
}
