//! What a repair may do, as statements of an IAM policy.

use serde::Serialize;

/// Actions on resources. A statement of an IAM policy that allows, when it is written as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "Effect", rename = "Allow", rename_all = "PascalCase")]
pub struct PermissionStatement {
    /// IAM actions.
    pub action: Vec<String>,
    /// ARNs, or patterns of them.
    pub resource: Vec<String>,
}

/// Whether an action only reads. API Gateway's are the methods of HTTP.
pub(crate) fn is_read_action(action: &str) -> bool {
    let name = action.split_once(':').map_or(action, |(_, name)| name);
    name == "GET" || ["Get", "List", "Describe"].iter().any(|verb| name.starts_with(verb))
}
