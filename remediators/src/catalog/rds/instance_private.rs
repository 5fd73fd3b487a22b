//! A database instance has no public address.

use evenkeel_client::{CallError, Element, Service};
use evenkeel_rules::policy::Tier;
use serde::{Deserialize, Serialize};

use crate::access::aws::Aws;
use crate::remediator::aws_failure::refusal;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::violation::Target;

/// Takes the public address off an instance. An undo gives it one again.
///
/// AWS applies this change at once, whatever `ApplyImmediately` says. That is left out: it would also apply what
/// others had scheduled for the next maintenance window.
///
/// Source: Amazon RDS API Reference, `ModifyDBInstance`.
#[derive(Clone, Debug)]
pub struct InstancePrivate {
    service: Service,
}

/// Where an instance is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Its name resolves to a public address.
    pub public: bool,
}

impl From<Aws> for InstancePrivate {
    fn from(aws: Aws) -> Self {
        InstancePrivate { service: Service::rds(&aws.config) }
    }
}

impl Remediator for InstancePrivate {
    type State = Instance;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "rds-instance-private",
        permissions: &["rds:DescribeDBInstances", "rds:ModifyDBInstance"],
        tier: Some(Tier::B),
        arns: |target| vec![target.arn("rds", &format!("db:{}", target.id))],
        ..RemediatorSpec::EMPTY
    };

    fn calls(_: &Instance, _: &Instance) -> Vec<&'static str> {
        vec!["rds:ModifyDBInstance"]
    }

    async fn observe(&self, target: &Target) -> Result<Instance, RefusedByAws> {
        let call = self.service.query("DescribeDBInstances");
        let answer = call.with("DBInstanceIdentifier", &target.id).send().await;
        let (status, public) =
            answer.and_then(|answer| read(&answer)).map_err(|error| refusal(error, GONE, &[]))?;
        if status == "available" {
            Ok(Instance { public })
        } else {
            // It may be on its way to either state, or unable to change.
            Err(RefusedByAws::Later(format!("the instance is not available, but `{status}`")))
        }
    }

    fn plan(&self, _: &Target, before: &Instance) -> Plan<Instance> {
        if before.public { Plan::Change(Instance { public: false }) } else { Plan::Nothing }
    }

    async fn apply(&self, target: &Target, state: &Instance) -> Result<(), RefusedByAws> {
        let call = self.service.query("ModifyDBInstance").with("DBInstanceIdentifier", &target.id);
        let call = call.with("PubliclyAccessible", &state.public.to_string());
        call.send().await.map(drop).map_err(|error| refusal(error, GONE, &[]))
    }
}

/// Source: Amazon RDS API Reference, errors of `ModifyDBInstance`.
const GONE: &[&str] = &["DBInstanceNotFound", "DBInstanceNotFoundFault"];

/// The instance's status, and whether it is public now: what is pending is not there yet.
fn read(answer: &Element) -> Result<(String, bool), CallError> {
    let instances = answer.get("DescribeDBInstancesResult")?.get("DBInstances")?.children();
    let [instance] = instances else {
        return Err(CallError::Malformed("DescribeDBInstances told not one instance".to_owned()));
    };
    let status = instance.get("DBInstanceStatus")?.text().to_owned();
    Ok((status, instance.get("PubliclyAccessible")?.parse()?))
}
