//! The permissions of a remediation, as statements of an IAM policy.

use serde::Serialize;

/// An `Allow` statement of an IAM policy. Its JSON form is the statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "Effect", rename = "Allow", rename_all = "PascalCase")]
pub struct PermissionStatement {
    /// The IAM actions.
    pub action: Vec<String>,
    /// The ARNs or ARN patterns of the resources.
    pub resource: Vec<String>,
}

/// Returns whether an IAM action only reads. The action `GET` is a read as well, because the names
/// of the API Gateway actions are HTTP methods.
pub(crate) fn is_read_action(action: &str) -> bool {
    let name = action.split_once(':').map_or(action, |(_, name)| name);
    name == "GET" || ["Get", "List", "Describe"].iter().any(|verb| name.starts_with(verb))
}
