//! Each call of a remediator must be allowed to a session that is confined to its target, and on no other resource.

use std::collections::BTreeSet;

use evenkeel_remediators::catalog::CatalogEntry;
use evenkeel_remediators::{RemediatorSpec, TargetResource};
use serde_json::{Value, json};

use crate::calls::{self, hold, nameless};

use evenkeel_testing::asked::Asked;
use evenkeel_testing::iam::allows;
use evenkeel_testing::proxy::Call;

/// What only an undo does, for which whoever runs it needs the right: the stack's roles do not have it.
const BY_A_PERSON: [(&str, &str); 1] = [("kms-cancel-key-deletion", "kms:ScheduleKeyDeletion")];

/// Holds the calls against the session's policy, and against the table of which part of it allowed each: the stack's tests
/// hold that against the roles, and ask whether there is a part that allowed none.
pub(crate) fn permitted(remediator: &str, target: &TargetResource, calls: &[Call], stage: usize) {
    let entry = CatalogEntry::find_by_id(remediator).unwrap();
    let parts = parts(&entry.spec, target);
    let session: Vec<Value> = parts.iter().map(|part| part.1.clone()).collect();
    let mut made = BTreeSet::new();
    for call in calls {
        for asked in &call.asked {
            let (action, resource) = (&asked.action, &asked.resource);
            let of = parts.iter().filter(|part| may(std::slice::from_ref(&part.1), asked));
            let of: Vec<calls::Call> = of
                .map(|part| calls::Call {
                    remediator: remediator.to_owned(),
                    part: part.0,
                    action: action.clone(),
                    resource: nameless(resource),
                })
                .collect();
            let by_a_person = BY_A_PERSON.contains(&(remediator, action.as_str()));
            assert!(!of.is_empty() || by_a_person, "{remediator} may not {action} on {resource}");
            made.extend(of);
        }
        let others: Vec<Asked> = call.asked.iter().filter_map(of_another).collect();
        let is_write = !others.is_empty() && !others.iter().all(|asked| is_read(&asked.action));
        let allowed = is_write && others.iter().all(|asked| may(&session, asked));
        assert!(!allowed, "{remediator} may {others:?} while it repairs {}", target.id);
    }
    hold(remediator, &made, stage);
}

/// What a session's policy is made of, resource by resource: which statement, which of its resources, and the statement
/// for that alone.
fn parts(spec: &RemediatorSpec, target: &TargetResource) -> Vec<((usize, usize), Value)> {
    let statements = spec.build_statements(target).into_iter().enumerate();
    let parts = statements.flat_map(|(number, statement)| {
        let resources = statement.resource.into_iter().enumerate();
        resources.map(move |(place, resource)| {
            let one = json!({"Effect": "Allow", "Action": statement.action, "Resource": resource});
            ((number, place), one)
        })
    });
    parts.collect()
}

fn may(statements: &[Value], asked: &Asked) -> bool {
    allows(statements, &asked.action, &asked.resource, &[])
}

/// Whether an action only reads. API Gateway's are the methods of HTTP.
pub(crate) fn is_read(action: &str) -> bool {
    let name = action.split_once(':').map_or(action, |(_, name)| name);
    name == "GET" || ["Get", "List", "Describe"].iter().any(|verb| name.starts_with(verb))
}

/// The same on the resource whose name begins with this one's. None where the action is of no resource.
fn of_another(asked: &Asked) -> Option<Asked> {
    let arn = &asked.resource;
    // What belongs to a resource stands behind its name: the rest of a path of API Gateway, a function's qualifier.
    let kinds = ["/restapis/", "/apis/", "/domainnames/", ":function:"];
    let end = kinds.iter().find_map(|kind| {
        let name = arn.find(kind)?.saturating_add(kind.len());
        Some(name.saturating_add(arn.split_at(name).1.find(['/', ':'])?))
    });
    let (own, below) = arn.split_at(end.unwrap_or(arn.len()));
    let resource = format!("{own}-other{below}");
    (arn != "*").then(|| Asked { resource, ..asked.clone() })
}
