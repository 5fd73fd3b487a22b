//! The resource types that AWS Cloud Control can update, as AWS publishes them.

use std::io::Read;
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::remediator::permission::is_read_action;

/// `tables/generate.py` writes it, and says what each member is.
const PACKED_RESOURCE_TYPES: &[u8] = include_bytes!("../../../tables/types.json.gz");

/// Unpacked when it is asked for. The file is part of the program: a test reads all of it.
static RESOURCE_TYPES: LazyLock<String> = LazyLock::new(|| {
    let mut text = String::new();
    match GzDecoder::new(PACKED_RESOURCE_TYPES).read_to_string(&mut text) {
        Ok(_) => text,
        Err(_) => String::new(),
    }
});

/// Verbs of actions that read what is kept in a resource, or give credentials: no setting is read by them.
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

/// Verbs of actions that make, end or hand on something, or write what is kept in a resource: no repair of a setting takes
/// them.
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

/// Services whose actions no repair is given but for reading: who may do what is not for a patch to say.
const READ_ONLY_SERVICES: &[&str] = &["iam", "organizations", "sso", "sts"];

/// A resource type of AWS CloudFormation that Cloud Control can update.
///
/// Source: the resource schemas of the CloudFormation registry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ResourceType {
    /// The properties that identify a resource; their values are joined with `|`.
    pub identifier: Vec<String>,
    /// Properties that are read-only, or fixed once the resource is made.
    fixed: Vec<String>,
    /// Properties that can be written and are never told.
    hidden: Vec<String>,
    /// Lists whose order means nothing.
    unordered: Vec<String>,
    properties: Map<String, Value>,
    permissions: Vec<String>,
}

/// Why a patch cannot be applied to resources of a type, and be seen to have been.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// It names an action that updates of such a resource do not take.
    #[error("`{action}` is none of its actions, which are {actions}")]
    ForeignAction {
        /// The action.
        action: String,
        /// Those that they can take.
        actions: String,
    },
    /// It names no action: those that updates can take.
    #[error("`actions` does not say by which of its actions: {0}")]
    NoAction(String),
    /// There is no such property.
    #[error("there is no property `{0}`")]
    UnknownProperty(String),
    /// The property cannot be changed once the resource is made.
    #[error("`{0}` cannot be changed")]
    FixedProperty(String),
    /// The property is written only.
    #[error("`{0}` is never told: nobody could see that it was set")]
    HiddenProperty(String),
}

impl ResourceType {
    /// The type of this name; none where Cloud Control cannot update such resources.
    pub fn find_by_name(name: &str) -> Option<ResourceType> {
        let start = format!("{{\"type\":\"{name}\",");
        let line = RESOURCE_TYPES.lines().find(|line| line.starts_with(&start))?;
        serde_json::from_str(line).ok()
    }

    /// Why a patch is none that can be applied to resources of this type by these IAM actions, and be seen to have been.
    ///
    /// # Errors
    /// The first property or action that stands against it.
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

    /// Whether there is such a property. What lies deeper than the table goes is not known not to be.
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

    /// Whether the order of a list means nothing. `*` stands for an element.
    pub(crate) fn is_unordered(&self, path: &str) -> bool {
        self.unordered.iter().any(|one| one == path)
    }

    /// The IAM actions by which Cloud Control reads such a resource in its caller's name: what AWS publishes for the type's
    /// handlers, without those that read data.
    pub fn read_actions(&self) -> Vec<&str> {
        let all = self.permissions.iter().map(String::as_str);
        all.filter(|action| is_read_action(action) && !starts_with_verb(action, DATA_READ_VERBS))
            .collect()
    }

    /// The IAM actions that may be needed to update such a resource: what AWS publishes for the type's handlers, without
    /// those that no repair takes.
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

fn starts_with_verb(action: &str, verbs: &[&str]) -> bool {
    let name = action.split_once(':').map_or(action, |(_, name)| name);
    verbs.iter().any(|verb| name.starts_with(verb))
}

/// Each property that a patch sets, by its path.
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

/// Whether a path of a schema, in which `*` is any element, is a path or stands above it.
fn covers_path(schema: &str, path: &str) -> bool {
    let (mut wide, mut narrow) = (schema.split('/'), path.split('/'));
    wide.all(|part| narrow.next().is_some_and(|name| part == "*" || part == name))
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
    fn a_patch_is_of_properties_that_there_are_and_that_can_be_set_and_seen() {
        let table = ResourceType::find_by_name("AWS::DynamoDB::Table").unwrap();
        let update = ["dynamodb:UpdateTable".to_owned()];
        assert_eq!(table.identifier, ["TableName"]);
        let fine = json!({"DeletionProtectionEnabled": true,
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}});
        assert_eq!(table.validate_patch(&patch(fine), &update), Ok(()));
        for (wrong, why) in [
            (json!({"DeletionProtection": true}), "there is no property `DeletionProtection`"),
            (
                json!({"SSESpecification": {"Enabled": true}}),
                "there is no property `SSESpecification/Enabled`",
            ),
            (json!({"TableName": "x"}), "`TableName` cannot be changed"),
            (json!({"Arn": null}), "`Arn` cannot be changed"),
        ] {
            assert_eq!(table.validate_patch(&patch(wrong), &update).unwrap_err().to_string(), why);
        }
        let instance = ResourceType::find_by_name("AWS::RDS::DBInstance").unwrap();
        let hidden = instance
            .validate_patch(
                &patch(json!({"MasterUserPassword": "x"})),
                &["rds:ModifyDBInstance".to_owned()],
            )
            .unwrap_err()
            .to_string();
        assert!(hidden.contains("never told"), "{hidden}");
        assert_eq!(ResourceType::find_by_name("AWS::DynamoDB::Tabl"), None);
        let on = patch(json!({"DeletionProtectionEnabled": true}));
        let other = table
            .validate_patch(&on, &["dynamodb:DeleteTable".to_owned()])
            .unwrap_err()
            .to_string();
        assert!(other.starts_with("`dynamodb:DeleteTable` is none of its actions"), "{other}");
        let none = table.validate_patch(&on, &[]).unwrap_err().to_string();
        assert!(none.starts_with("`actions` does not say"), "{none}");
    }

    #[test]
    fn a_repair_is_not_given_what_makes_ends_hands_on_or_is_data() {
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
