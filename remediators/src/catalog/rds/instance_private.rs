//! A database instance has no public address.

use evenkeel_client::{CallError, ServiceClient, XmlElement};
use evenkeel_rules::policy::SafetyTier;
use serde::{Deserialize, Serialize};

use crate::access::connection::AwsConnection;
use crate::remediator::aws_failure::classify_error;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// Takes the public address off an instance. An undo gives it one again.
///
/// AWS applies this change at once, whatever `ApplyImmediately` says. That is left out: it would also apply what
/// others had scheduled for the next maintenance window.
///
/// Source: Amazon RDS API Reference, `ModifyDBInstance`.
#[derive(Clone, Debug)]
pub struct InstancePrivate {
    service: ServiceClient,
}

/// Where an instance is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceAccess {
    /// Its name resolves to a public address.
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
            // It may be on its way to either state, or unable to change.
            Err(AwsFailure::Retryable(format!("the instance is not available, but `{status}`")))
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

/// Source: Amazon RDS API Reference, errors of `ModifyDBInstance`.
const NOT_FOUND_CODES: &[&str] = &["DBInstanceNotFound", "DBInstanceNotFoundFault"];

/// The instance's status, and whether it is public now: what is pending is not there yet.
fn parse_instance(answer: &XmlElement) -> Result<(String, bool), CallError> {
    let instances = answer
        .require_child("DescribeDBInstancesResult")?
        .require_child("DBInstances")?
        .child_elements();
    let [instance] = instances else {
        return Err(CallError::Malformed("DescribeDBInstances told not one instance".to_owned()));
    };
    let status = instance.require_child("DBInstanceStatus")?.text_content().to_owned();
    Ok((status, instance.require_child("PubliclyAccessible")?.parse_text()?))
}
