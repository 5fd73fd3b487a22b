//! Removes the public address of DB instances.

use evenkeel_client::{CallError, ServiceClient, XmlElement};
use evenkeel_rules::policy::SafetyTier;
use serde::{Deserialize, Serialize};

use crate::access::connection::AwsConnection;
use crate::remediator::aws_failure::classify_error;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// A remediator that removes the public address of a DB instance. An undo makes the instance public
/// again.
///
/// AWS applies this change immediately, independent of `ApplyImmediately`. The remediator does not
/// set that parameter, because it would also apply the pending changes of others.
///
/// Source: Amazon RDS API Reference, `ModifyDBInstance`.
#[derive(Clone, Debug)]
pub struct InstancePrivate {
    service: ServiceClient,
}

/// The public accessibility of a DB instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceAccess {
    /// True if the DNS name resolves to a public address.
    pub public: bool,
}

impl From<AwsConnection> for InstancePrivate {
    fn from(aws: AwsConnection) -> Self {
        InstancePrivate { service: ServiceClient::rds(&aws.config) }
    }
}

impl Remediator for InstancePrivate {
    type State = InstanceAccess;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "rds-instance-private",
        permissions: &["rds:DescribeDBInstances", "rds:ModifyDBInstance"],
        tier: Some(SafetyTier::B),
        resource_arns: |target| vec![target.build_arn("rds", &format!("db:{}", target.id))],
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(_: &InstanceAccess, _: &InstanceAccess) -> Vec<&'static str> {
        vec!["rds:ModifyDBInstance"]
    }

    async fn observe_state(&self, target: &TargetResource) -> Result<InstanceAccess, AwsFailure> {
        let call = self.service.query_call("DescribeDBInstances");
        let answer = call.with_parameter("DBInstanceIdentifier", &target.id).send_query().await;
        let (status, public) = answer
            .and_then(|answer| parse_instance(&answer))
            .map_err(|error| classify_error(error, NOT_FOUND_CODES, &[]))?;
        if status == "available" {
            Ok(InstanceAccess { public })
        } else {
            // In another state, the instance can be in the middle of a change, or cannot be
            // changed.
            let why =
                format!("the DB instance has status `{status}`, not `available`; try again later");
            Err(AwsFailure::Retryable(why))
        }
    }

    fn plan_change(
        &self,
        _: &TargetResource,
        before: &InstanceAccess,
    ) -> RemediationPlan<InstanceAccess> {
        if before.public {
            RemediationPlan::Change(InstanceAccess { public: false })
        } else {
            RemediationPlan::Nothing
        }
    }

    async fn apply_state(
        &self,
        target: &TargetResource,
        state: &InstanceAccess,
    ) -> Result<(), AwsFailure> {
        let call = self
            .service
            .query_call("ModifyDBInstance")
            .with_parameter("DBInstanceIdentifier", &target.id);
        let call = call.with_parameter("PubliclyAccessible", &state.public.to_string());
        call.send_query()
            .await
            .map(drop)
            .map_err(|error| classify_error(error, NOT_FOUND_CODES, &[]))
    }
}

/// The error codes for a DB instance that does not exist.
///
/// Source: Amazon RDS API Reference, errors of `ModifyDBInstance`.
const NOT_FOUND_CODES: &[&str] = &["DBInstanceNotFound", "DBInstanceNotFoundFault"];

/// Returns the status of the instance, and whether it is public now. Pending changes are ignored.
fn parse_instance(answer: &XmlElement) -> Result<(String, bool), CallError> {
    let instances = answer
        .require_child("DescribeDBInstancesResult")?
        .require_child("DBInstances")?
        .child_elements();
    let [instance] = instances else {
        let why = "DescribeDBInstances did not return exactly one DB instance";
        return Err(CallError::Malformed(why.to_owned()));
    };
    let status = instance.require_child("DBInstanceStatus")?.text_content().to_owned();
    Ok((status, instance.require_child("PubliclyAccessible")?.parse_text()?))
}
