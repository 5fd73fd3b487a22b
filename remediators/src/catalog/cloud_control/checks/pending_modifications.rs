//! Asks if a DB instance or a DB cluster has modifications that wait for the maintenance window.

use evenkeel_client::{CallError, XmlElement};

use super::CheckClients;
use crate::remediator::aws_failure::classify_error;
use crate::remediator::{AwsFailure, PrecheckResult};
use crate::violation::TargetResource;

/// The error codes for a resource that does not exist.
///
/// Source: Amazon RDS API Reference, errors of `DescribeDBInstances` and `DescribeDBClusters`.
const NOT_FOUND_CODES: &[&str] =
    &["DBClusterNotFoundFault", "DBInstanceNotFound", "DBInstanceNotFoundFault"];

/// The pending value that is a secret.
const PASSWORD: &str = "MasterUserPassword";

/// The properties whose pending value has another name.
const OTHER_NAMES: [(&str, &str); 1] =
    [("EnableIAMDatabaseAuthentication", "IAMDatabaseAuthenticationEnabled")];

impl CheckClients {
    /// Asks for an approval if modifications are pending, because the handler of Cloud Control sets
    /// `ApplyImmediately`, which also applies pending modifications. Pending values of the
    /// properties in the patch are ignored, because the patch replaces them.
    ///
    /// Source: Amazon RDS User Guide, "Using the schedule modifications setting"; the handler
    /// `AWS::RDS::DBInstance`.
    pub(super) async fn check_pending_modifications(
        &self,
        target: &TargetResource,
    ) -> Result<PrecheckResult, AwsFailure> {
        let is_cluster = target.kind == "AWS::RDS::DBCluster";
        let (action, list, parameter) = if is_cluster {
            ("DescribeDBClusters", "DBClusters", "DBClusterIdentifier")
        } else {
            ("DescribeDBInstances", "DBInstances", "DBInstanceIdentifier")
        };
        let call = self.rds.query_call(action).with_parameter(parameter, &target.id);
        let pending = call
            .send_query()
            .await
            .and_then(|answer| list_pending_values(&answer, &format!("{action}Result"), list));
        let mut pending = pending.map_err(|error| classify_error(error, NOT_FOUND_CODES, &[]))?;
        pending.retain(|(name, _)| !is_patched(target, name));
        if pending.is_empty() {
            return Ok(PrecheckResult::Proceed);
        }
        let values: Vec<String> = pending
            .into_iter()
            .map(|(name, value)| value.map_or(name.clone(), |value| format!("{name} {value}")))
            .collect();
        Ok(PrecheckResult::RequireApproval(format!(
            "the change is applied immediately, together with the modifications that wait for the \
             maintenance window: {}",
            values.join(", ")
        )))
    }
}

/// Returns whether the patch sets the property of a pending value.
fn is_patched(target: &TargetResource, pending: &str) -> bool {
    let mut names = target.patch.iter().flat_map(serde_json::Map::keys);
    names.any(|name| {
        let other = OTHER_NAMES.iter().find(|one| one.0 == name).map(|one| one.1);
        name == pending || other == Some(pending)
    })
}

/// Returns the names and the values of the pending modifications. A value is `None` if it is a
/// secret or not a single text.
fn list_pending_values(
    answer: &XmlElement,
    result: &str,
    list: &str,
) -> Result<Vec<(String, Option<String>)>, CallError> {
    let found = answer.require_child(result)?.require_child(list)?.child_elements();
    let [one] = found else {
        let why = format!("the response does not contain exactly one element of `{list}`");
        return Err(CallError::Malformed(why));
    };
    let pending = one.find_child("PendingModifiedValues");
    let values = pending.map(XmlElement::child_elements).unwrap_or_default();
    let values = values.iter().filter(|value| {
        !value.text_content().trim().is_empty() || !value.child_elements().is_empty()
    });
    let describe = |value: &XmlElement| {
        let text = value.text_content().trim();
        let is_shown = value.child_elements().is_empty() && value.element_name() != PASSWORD;
        (value.element_name().to_owned(), is_shown.then(|| text.to_owned()))
    };
    Ok(values.map(describe).collect())
}
