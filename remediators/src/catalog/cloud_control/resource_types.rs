//! The resource types that AWS Cloud Control can update, from the schemas that AWS publishes.

use std::io::Read;
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::remediator::permission::is_read_action;

/// The compressed table. `tables/generate.py` writes it and documents its fields.
const PACKED_RESOURCE_TYPES: &[u8] = include_bytes!("../../../tables/types.json.gz");

/// The table, decompressed on first use. A table that cannot be decompressed becomes empty. A test
/// makes sure that the table can be read.
static RESOURCE_TYPES: LazyLock<String> = LazyLock::new(|| {
    let mut text = String::new();
    match GzDecoder::new(PACKED_RESOURCE_TYPES).read_to_string(&mut text) {
        Ok(_) => text,
        Err(_) => String::new(),
    }
});

/// The prefixes of actions that read data or credentials instead of settings.
const DATA_READ_VERBS: &[&str] = &[
    "GetAuthorizationToken",
    "GetFederationToken",
    "GetItem",
    "GetObject",
    "GetParameter",
    "GetRecords",
    "GetSecretValue",
    "GetSessionToken",
];

/// The prefixes of actions that create, delete or pass something, or write data. No remediation of
/// a setting needs them.
const FORBIDDEN_VERBS: &[&str] = &[
    "Assume",
    "BatchWrite",
    "Create",
    "Decrypt",
    "Delete",
    "Encrypt",
    "Generate",
    "Invoke",
    "Pass",
    "PutItem",
    "PutObject",
    "PutRecord",
    "Run",
    "Send",
    "Tag",
    "Terminate",
    "Untag",
];

/// The services for which a remediation gets only read actions, because a patch must not change
/// permissions.
const READ_ONLY_SERVICES: &[&str] = &["iam", "organizations", "sso", "sts"];

/// A resource type of AWS CloudFormation that Cloud Control can update.
///
/// Source: the resource schemas of the CloudFormation registry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ResourceType {
    /// The properties that identify a resource. Their values are joined with `|`.
    pub identifier: Vec<String>,
    /// The properties that are read-only, or that can be set at creation only.
    fixed: Vec<String>,
    /// The properties that can be written but not read.
    hidden: Vec<String>,
    /// The lists without an order.
    unordered: Vec<String>,
    /// The tree of the property names.
    properties: Map<String, Value>,
    /// The IAM actions of the read and update handlers.
    permissions: Vec<String>,
}

/// The reason why a patch cannot be applied to resources of a type and verified.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// The policy header contains an action that does not update such a resource.
    #[error("`{action}` is not an action that updates this type; use one or more of {actions}")]
    ForeignAction {
        /// The action.
        action: String,
        /// The allowed actions.
        actions: String,
    },
    /// The policy header contains no action. Contains the allowed actions.
    #[error("`actions` is missing; use one or more of {0}")]
    NoAction(String),
    /// The property does not exist.
    #[error("the type has no property `{0}`")]
    UnknownProperty(String),
    /// The property is read-only or can be set at creation only.
    #[error("property `{0}` cannot be changed: it is read-only or can be set at creation only")]
    FixedProperty(String),
    /// The property is write-only.
    #[error("property `{0}` is write-only, so its value cannot be verified")]
    HiddenProperty(String),
}

impl ResourceType {
    /// Returns the type with this name, or `None` if Cloud Control cannot update such resources.
    pub fn find_by_name(name: &str) -> Option<ResourceType> {
        let start = format!("{{\"type\":\"{name}\",");
        let line = RESOURCE_TYPES.lines().find(|line| line.starts_with(&start))?;
        serde_json::from_str(line).ok()
    }

    /// Checks that a patch can be applied to resources of this type with these IAM actions, and
    /// that its effect can be verified.
    ///
    /// # Errors
    /// [`PatchError`] for the first property or action that is not valid.
    pub fn validate_patch(
        &self,
        patch: &Map<String, Value>,
        actions: &[String],
    ) -> Result<(), PatchError> {
        let writes = self.write_actions();
        if let Some(action) = actions.iter().find(|action| !writes.contains(&action.as_str())) {
            let (action, actions) = (action.clone(), writes.join(", "));
            return Err(PatchError::ForeignAction { action, actions });
        }
        if actions.is_empty() {
            return Err(PatchError::NoAction(writes.join(", ")));
        }
        visit_paths(patch, "", &mut |path| {
            if !self.has_property(path) {
                return Err(PatchError::UnknownProperty(path.to_owned()));
            }
            let within = |list: &[String]| list.iter().any(|fixed| covers_path(fixed, path));
            if within(&self.fixed) {
                return Err(PatchError::FixedProperty(path.to_owned()));
            }
            if within(&self.hidden) {
                return Err(PatchError::HiddenProperty(path.to_owned()));
            }
            Ok(())
        })
    }

    /// Returns whether a property exists. The table is five levels deep. A property below that
    /// depth counts as existing.
    fn has_property(&self, path: &str) -> bool {
        let mut at = &self.properties;
        for name in path.split('/') {
            let Some(below) = at.get(name).or_else(|| at.get("*")).and_then(Value::as_object)
            else {
                return false;
            };
            if below.is_empty() {
                return true;
            }
            at = below;
        }
        true
    }

    /// Returns whether a list has no order. In `path`, `*` is any element of a list.
    pub(crate) fn is_unordered(&self, path: &str) -> bool {
        self.unordered.iter().any(|one| one == path)
    }

    /// Returns the IAM actions with which Cloud Control reads such a resource on behalf of the
    /// caller: the read actions that AWS publishes for the handlers of the type, without those that
    /// read data.
    pub fn read_actions(&self) -> Vec<&str> {
        let all = self.permissions.iter().map(String::as_str);
        all.filter(|action| is_read_action(action) && !starts_with_verb(action, DATA_READ_VERBS))
            .collect()
    }

    /// Returns the IAM actions that an update of such a resource can need: the write actions that
    /// AWS publishes for the handlers of the type, without those that no remediation needs.
    pub fn write_actions(&self) -> Vec<&str> {
        let all = self.permissions.iter().map(String::as_str);
        let is_write = |action: &&str| {
            let service = action.split_once(':').unwrap_or_default().0;
            !is_read_action(action)
                && !starts_with_verb(action, FORBIDDEN_VERBS)
                && !READ_ONLY_SERVICES.contains(&service)
        };
        all.filter(is_write).collect()
    }
}

/// Returns whether the name of an action starts with one of the prefixes.
fn starts_with_verb(action: &str, verbs: &[&str]) -> bool {
    let name = action.split_once(':').map_or(action, |(_, name)| name);
    verbs.iter().any(|verb| name.starts_with(verb))
}

/// Calls `visit` with the path of each property that a patch sets.
fn visit_paths(
    patch: &Map<String, Value>,
    above: &str,
    visit: &mut impl FnMut(&str) -> Result<(), PatchError>,
) -> Result<(), PatchError> {
    for (name, value) in patch {
        let whole = if above.is_empty() { name.clone() } else { format!("{above}/{name}") };
        match value.as_object().filter(|below| !below.is_empty()) {
            Some(below) => visit_paths(below, &whole, visit)?,
            None => visit(&whole)?,
        }
    }
    Ok(())
}

/// Returns whether a schema path equals `path` or is a parent of it. `*` in the schema path matches
/// any element.
fn covers_path(schema: &str, path: &str) -> bool {
    let (mut parts, mut names) = (schema.split('/'), path.split('/'));
    parts.all(|part| names.next().is_some_and(|name| part == "*" || part == name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patch(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn every_line_of_the_table_can_be_read() {
        assert!(RESOURCE_TYPES.lines().count() > 1000, "{}", RESOURCE_TYPES.lines().count());
        for line in RESOURCE_TYPES.lines() {
            let one: ResourceType = serde_json::from_str(line).unwrap();
            assert!(!one.identifier.is_empty() && !one.properties.is_empty(), "{line}");
        }
    }

    #[test]
    fn a_patch_must_contain_known_properties_that_can_be_changed_and_read() {
        let table = ResourceType::find_by_name("AWS::DynamoDB::Table").unwrap();
        let update = ["dynamodb:UpdateTable".to_owned()];
        assert_eq!(table.identifier, ["TableName"]);
        let fine = json!({"DeletionProtectionEnabled": true,
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}});
        assert_eq!(table.validate_patch(&patch(fine), &update), Ok(()));
        for (wrong, why) in [
            (json!({"DeletionProtection": true}), "the type has no property `DeletionProtection`"),
            (
                json!({"SSESpecification": {"Enabled": true}}),
                "the type has no property `SSESpecification/Enabled`",
            ),
            (json!({"TableName": "x"}), "property `TableName` cannot be changed"),
            (json!({"Arn": null}), "property `Arn` cannot be changed"),
        ] {
            let error = table.validate_patch(&patch(wrong), &update).unwrap_err().to_string();
            assert!(error.starts_with(why), "{error}");
        }
        let instance = ResourceType::find_by_name("AWS::RDS::DBInstance").unwrap();
        let hidden = instance
            .validate_patch(
                &patch(json!({"MasterUserPassword": "x"})),
                &["rds:ModifyDBInstance".to_owned()],
            )
            .unwrap_err()
            .to_string();
        assert!(hidden.contains("write-only"), "{hidden}");
        assert_eq!(ResourceType::find_by_name("AWS::DynamoDB::Tabl"), None);
        let on = patch(json!({"DeletionProtectionEnabled": true}));
        let other = table
            .validate_patch(&on, &["dynamodb:DeleteTable".to_owned()])
            .unwrap_err()
            .to_string();
        assert!(other.starts_with("`dynamodb:DeleteTable` is not an action"), "{other}");
        let none = table.validate_patch(&on, &[]).unwrap_err().to_string();
        assert!(none.starts_with("`actions` is missing"), "{none}");
    }

    #[test]
    fn remediations_get_no_actions_that_create_delete_pass_or_access_data() {
        let table = ResourceType::find_by_name("AWS::DynamoDB::Table").unwrap();
        assert!(
            table.read_actions().contains(&"dynamodb:DescribeTable"),
            "{:?}",
            table.read_actions()
        );
        assert!(table.write_actions().contains(&"dynamodb:UpdateContinuousBackups"));
        for line in RESOURCE_TYPES.lines() {
            let one: ResourceType = serde_json::from_str(line).unwrap();
            let names = |all: Vec<&str>| -> Vec<String> {
                all.iter().map(|action| action.split_once(':').unwrap().1.to_owned()).collect()
            };
            for name in names(one.read_actions()) {
                assert!(!["GetObject", "GetSecretValue", "GetItem"].contains(&name.as_str()));
            }
            for name in names(one.write_actions()) {
                assert!(!name.starts_with("Delete") && !name.starts_with("Create"), "{name}");
                assert!(!["PassRole", "PutItem", "PutObject"].contains(&name.as_str()), "{name}");
            }
            assert!(one.write_actions().iter().all(|action| !action.starts_with("iam:")), "{line}");
        }
    }
}
