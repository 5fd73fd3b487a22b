//! What is shared with everyone no longer is: images, and snapshots of volumes, databases and clusters.

use std::marker::PhantomData;

use evenkeel_client::{CallError, Element, QueryCall, Service};
use evenkeel_rules::policy::Tier;
use serde::{Deserialize, Serialize};

use crate::access::aws::Aws;
use crate::remediator::aws_failure::refusal;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::violation::Target;

/// A kind of resource that its owner can share with everyone.
pub trait SharedResource: Send + Sync + 'static {
    /// The remediator's name.
    const ID: &'static str;

    /// The IAM actions that read and set with whom it is shared. Each is called like the operation of the API.
    const ACTIONS: &'static [&'static str; 2];

    /// The operations' parameter with the resource's id.
    const PARAMETER: &'static str;

    /// How the service says with whom it is shared.
    const ATTRIBUTE: SharingAttribute;

    /// Its ARN.
    fn arn(target: &Target) -> String;
}

/// How a service says with whom something is shared.
///
/// Source: Amazon EC2 API Reference, `ModifySnapshotAttribute` and `ModifyImageAttribute`; Amazon RDS API Reference,
/// `ModifyDBSnapshotAttribute` and `ModifyDBClusterSnapshotAttribute`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharingAttribute {
    /// Amazon EC2: groups of accounts, in an attribute of this name.
    Ec2(&'static str),
    /// Amazon RDS: who may restore it, in the list to which these elements of the answer lead.
    Rds([&'static str; 3]),
}

/// Whether everyone with an AWS account may use it.
///
/// With whom else it is shared is neither read nor set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sharing {
    /// Everyone may.
    pub public: bool,
}

/// Takes everyone off those who may use a resource. With whom else it is shared stays as it is. An undo shares it with
/// everyone again.
#[derive(Clone, Debug)]
pub struct PublicSharing<R> {
    service: Service,
    resource: PhantomData<R>,
}

impl<R: SharedResource> From<Aws> for PublicSharing<R> {
    fn from(aws: Aws) -> Self {
        let service = match R::ATTRIBUTE {
            SharingAttribute::Ec2(_) => Service::ec2(&aws.config),
            SharingAttribute::Rds(_) => Service::rds(&aws.config),
        };
        PublicSharing { service, resource: PhantomData }
    }
}

impl<R: SharedResource> Remediator for PublicSharing<R> {
    type State = Sharing;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: R::ID,
        permissions: R::ACTIONS,
        tier: Some(Tier::A),
        arns: |target| vec![R::arn(target)],
        ..RemediatorSpec::EMPTY
    };

    fn calls(_: &Sharing, _: &Sharing) -> Vec<&'static str> {
        let [_, set] = R::ACTIONS;
        vec![set]
    }

    async fn observe(&self, target: &Target) -> Result<Sharing, RefusedByAws> {
        let [read, _] = R::ACTIONS;
        let call = self.call(read, target);
        let public = match R::ATTRIBUTE {
            SharingAttribute::Ec2(attribute) => {
                let answer = call.with("Attribute", attribute).send().await;
                answer.and_then(|answer| is_public_in_ec2(&answer, attribute))
            }
            SharingAttribute::Rds(path) => {
                call.send().await.and_then(|answer| is_public_in_rds(&answer, path))
            }
        };
        Ok(Sharing { public: public.map_err(|error| refused(&error))? })
    }

    fn plan(&self, _: &Target, before: &Sharing) -> Plan<Sharing> {
        if before.public { Plan::Change(Sharing { public: false }) } else { Plan::Nothing }
    }

    async fn apply(&self, target: &Target, state: &Sharing) -> Result<(), RefusedByAws> {
        let [_, set] = R::ACTIONS;
        let call = self.call(set, target);
        let call = match R::ATTRIBUTE {
            SharingAttribute::Ec2(attribute) => call
                .with("Attribute", attribute)
                .with("OperationType", if state.public { "add" } else { "remove" })
                .with("UserGroup.1", "all"),
            SharingAttribute::Rds(_) => {
                let values = if state.public { "ValuesToAdd" } else { "ValuesToRemove" };
                call.with("AttributeName", "restore")
                    .with(&format!("{values}.AttributeValue.1"), "all")
            }
        };
        call.send().await.map(drop).map_err(|error| refused(&error))
    }
}

impl<R: SharedResource> PublicSharing<R> {
    /// The call to which an IAM action belongs, about the resource.
    fn call(&self, action: &'static str, target: &Target) -> QueryCall<'_> {
        let operation = action.split_once(':').map_or(action, |(_, operation)| operation);
        self.service.query(operation).with(R::PARAMETER, &target.id)
    }
}

/// Whether everyone is among the groups that may use it.
fn is_public_in_ec2(answer: &Element, attribute: &str) -> Result<bool, CallError> {
    let permissions = answer.get(attribute)?;
    let mut groups = permissions.children().iter().filter_map(|item| item.find("group"));
    Ok(groups.any(|group| group.text() == "all"))
}

/// Whether everyone is among those who may restore it.
fn is_public_in_rds(answer: &Element, path: [&str; 3]) -> Result<bool, CallError> {
    let attributes = path.iter().try_fold(answer, |within, name| within.get(name))?;
    for attribute in attributes.children() {
        if attribute.get("AttributeName")?.text() == "restore" {
            let values = attribute.get("AttributeValues")?.children();
            return Ok(values.iter().any(|value| value.text() == "all"));
        }
    }
    Err(CallError::Malformed("it was not told who may restore the snapshot".to_owned()))
}

/// Source: Amazon EC2 API Reference, "Error codes"; Amazon RDS API Reference, errors of `ModifyDBSnapshotAttribute` and
/// `ModifyDBClusterSnapshotAttribute`.
fn refused(error: &CallError) -> RefusedByAws {
    let gone = &[
        "DBClusterSnapshotNotFound",
        "DBClusterSnapshotNotFoundFault",
        "DBSnapshotNotFound",
        "InvalidAMIID.NotFound",
        "InvalidAMIID.Unavailable",
        "InvalidSnapshot.NotFound",
    ];
    let denied = &["AuthFailure", "InvalidAMIID.Malformed", "InvalidSnapshotID.Malformed"];
    refusal(error.clone(), gone, denied)
}
