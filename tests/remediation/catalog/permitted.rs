//! Checks the calls of remediators against their session policies: each call must be allowed, and
//! the same write must be denied for another resource.

use std::collections::BTreeSet;

use evenkeel_remediators::catalog::CatalogEntry;
use evenkeel_remediators::{RemediatorSpec, TargetResource};
use serde_json::{Value, json};

use crate::calls::{self, check_calls, without_names};

use evenkeel_testing::asked::Asked;
use evenkeel_testing::iam::allows;
use evenkeel_testing::proxy::Call;

/// Calls that only an undo makes. The operator who runs the undo needs the permission; the roles of
/// the stack do not have it.
const BY_A_PERSON: [(&str, &str); 1] = [("kms-cancel-key-deletion", "kms:ScheduleKeyDeletion")];

/// Checks the calls of a remediator against its session policy and against the table `calls.txt`.
/// The tests of the stack compare the table with the roles and find unused permissions.
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
                    resource: without_names(resource),
                })
                .collect();
            let by_a_person = BY_A_PERSON.contains(&(remediator, action.as_str()));
            assert!(
                !of.is_empty() || by_a_person,
                "the session policy of {remediator} does not allow {action} on {resource}"
            );
            made.extend(of);
        }
        let others: Vec<Asked> = call.asked.iter().filter_map(of_another).collect();
        let is_write = !others.is_empty() && !others.iter().all(|asked| is_read(&asked.action));
        let allowed = is_write && others.iter().all(|asked| may(&session, asked));
        assert!(
            !allowed,
            "the session policy of {remediator} allows {others:?} while it remediates {}",
            target.id
        );
    }
    check_calls(remediator, &made, stage);
}

/// Returns the parts of a session policy: the index of the statement, the index of the resource,
/// and a statement with this resource only.
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

/// Returns whether an action only reads. The actions of API Gateway are HTTP methods.
pub(crate) fn is_read(action: &str) -> bool {
    let name = action.split_once(':').map_or(action, |(_, name)| name);
    name == "GET" || ["Get", "List", "Describe"].iter().any(|verb| name.starts_with(verb))
}

/// Returns the same action on another resource whose name begins with the name of this one, or
/// `None` for an action without a resource.
fn of_another(asked: &Asked) -> Option<Asked> {
    let arn = &asked.resource;
    // Subresources follow the name: the rest of a path of API Gateway, or the qualifier of a
    // function.
    let kinds = ["/restapis/", "/apis/", "/domainnames/", ":function:"];
    let end = kinds.iter().find_map(|kind| {
        let name = arn.find(kind)?.saturating_add(kind.len());
        Some(name.saturating_add(arn.split_at(name).1.find(['/', ':'])?))
    });
    let (own, below) = arn.split_at(end.unwrap_or(arn.len()));
    let resource = format!("{own}-other{below}");
    (arn != "*").then(|| Asked { resource, ..asked.clone() })
}
