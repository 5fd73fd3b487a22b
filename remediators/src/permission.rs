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
        [
            Statement { action: owned(&others), resource: (self.arns)(target) },
            Statement { action: owned(&reads), resource: (self.reads)(target) },
            Statement { action: owned(&lists), resource: vec!["*".to_owned()] },
        ]
        .into_iter()
        .filter(|statement| !statement.action.is_empty() && !statement.resource.is_empty())
        .collect()
    }
}

fn owned(actions: &[&str]) -> Vec<String> {
    actions.iter().map(|action| (*action).to_owned()).collect()
}

/// Whether an action only reads. API Gateway's are the methods of HTTP.
fn is_read(action: &str) -> bool {
    let name = action.split_once(':').map_or(action, |(_, name)| name);
    name == "GET" || ["Get", "List", "Describe"].iter().any(|verb| name.starts_with(verb))
}

/// Whether an action cannot be confined to a resource.
///
/// Source: Service Authorization Reference, "Actions defined by Amazon EC2".
fn is_of_all(action: &str) -> bool {
    action.starts_with("ec2:Describe")
}
