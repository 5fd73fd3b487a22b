//! What a repair may do, as statements of an IAM policy.

use serde::Serialize;

use crate::catalog::Entry;
use crate::violation::Target;

/// Actions on resources. A statement of an IAM policy that allows, when it is written as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "Effect", rename = "Allow", rename_all = "PascalCase")]
pub struct Statement {
    /// IAM actions.
    pub action: Vec<String>,
    /// ARNs, or patterns of them.
    pub resource: Vec<String>,
}

impl Entry {
    /// What repairing a target takes.
    pub fn statements(&self, target: &Target) -> Vec<Statement> {
        let (lists, others): (Vec<&str>, Vec<&str>) =
            self.permissions.iter().partition(|action| is_of_all(action));
        let reads = others.iter().copied().filter(|action| is_read(action)).collect::<Vec<_>>();
        let mut statements = Vec::new();
        for arn in (self.arns)(target) {
            allow(&mut statements, &others, arn);
        }
        for arn in (self.reads)(target) {
            allow(&mut statements, &reads, arn);
        }
        allow(&mut statements, &lists, "*".to_owned());
        statements.extend((self.forwarded)(target));
        statements
    }
}

/// Allows those of the actions that there are on a resource, beside what else they are allowed on.
fn allow(statements: &mut Vec<Statement>, actions: &[&str], resource: String) {
    let fitting = actions.iter().filter(|action| is_on(action, &resource));
    let action: Vec<String> = fitting.map(|action| (*action).to_owned()).collect();
    if action.is_empty() {
        return;
    }
    match statements.iter_mut().find(|statement| statement.action == action) {
        Some(statement) => statement.resource.push(resource),
        None => statements.push(Statement { action, resource: vec![resource] }),
    }
}

/// What is made is below something; what is listed is asked of what it belongs to, and a policy is an API's own.
fn is_on(action: &str, resource: &str) -> bool {
    let is_below = resource.ends_with("/*") || resource.ends_with(":*");
    match action.split_once(':') {
        Some((_, "POST")) => is_below,
        Some((_, name)) if name.starts_with("List") => !is_below,
        Some((_, "UpdateRestApiPolicy")) => !is_below,
        _ => true,
    }
}

/// Whether an action only reads. API Gateway's are the methods of HTTP.
pub(crate) fn is_read(action: &str) -> bool {
    let name = action.split_once(':').map_or(action, |(_, name)| name);
    name == "GET" || ["Get", "List", "Describe"].iter().any(|verb| name.starts_with(verb))
}

/// Whether an action cannot be confined to a resource. Those that describe an attribute can.
///
/// Source: Service Authorization Reference, "Actions defined by Amazon EC2", "by AWS Config" and "by AWS Cloud
/// Control API".
fn is_of_all(action: &str) -> bool {
    action.starts_with("cloudformation:")
        || action.starts_with("config:")
        || action.starts_with("ec2:Describe") && !action.ends_with("Attribute")
}
