//! What is shared with everyone no longer is: images, and snapshots of volumes, databases and clusters.

use std::marker::PhantomData;

use evenkeel_client::{CallError, QueryCall, ServiceClient, XmlElement};
use evenkeel_rules::policy::SafetyTier;
use serde::{Deserialize, Serialize};

use crate::access::connection::AwsConnection;
use crate::remediator::aws_failure::classify_error;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// A kind of resource that its owner can share with everyone.
pub trait SharedResource: Send + Sync + 'static {
    /// The remediator's name.
    const ID: &'static str;

    /// The IAM actions that read and set with whom it is shared. Each is called like the operation of the API.
    const ACTIONS: &'static [&'static str; 2];

    /// The operations' parameter with the resource's id.
    const ID_PARAMETER: &'static str;

    /// How the service says with whom it is shared.
    const ATTRIBUTE: SharingAttribute;

    /// Its ARN.
    fn resource_arn(target: &TargetResource) -> String;
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
pub struct SharingState {
    /// Everyone may.
    pub public: bool,
}

/// Takes everyone off those who may use a resource. With whom else it is shared stays as it is. An undo shares it with
/// everyone again.
#[derive(Clone, Debug)]
pub struct PublicSharing<R> {
    service: ServiceClient,
    resource: PhantomData<R>,
}

impl<R: SharedResource> From<AwsConnection> for PublicSharing<R> {
    fn from(aws: AwsConnection) -> Self {
        let service = match R::ATTRIBUTE {
            SharingAttribute::Ec2(_) => ServiceClient::ec2(&aws.config),
            SharingAttribute::Rds(_) => ServiceClient::rds(&aws.config),
        };
        PublicSharing { service, resource: PhantomData }
    }
}

impl<R: SharedResource> Remediator for PublicSharing<R> {
    type State = SharingState;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: R::ID,
        permissions: R::ACTIONS,
        tier: Some(SafetyTier::A),
        resource_arns: |target| vec![R::resource_arn(target)],
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(_: &SharingState, _: &SharingState) -> Vec<&'static str> {
        let [_, set] = R::ACTIONS;
        vec![set]
    }

    async fn observe_state(&self, target: &TargetResource) -> Result<SharingState, AwsFailure> {
        let [read, _] = R::ACTIONS;
        let call = self.build_call(read, target);
        let public = match R::ATTRIBUTE {
            SharingAttribute::Ec2(attribute) => {
                let answer = call.with_parameter("Attribute", attribute).send_query().await;
                answer.and_then(|answer| is_public_in_ec2(&answer, attribute))
            }
            SharingAttribute::Rds(path) => {
                call.send_query().await.and_then(|answer| is_public_in_rds(&answer, path))
            }
        };
        Ok(SharingState { public: public.map_err(|error| classify_sharing_error(&error))? })
    }

    fn plan_change(
        &self,
        _: &TargetResource,
        before: &SharingState,
    ) -> RemediationPlan<SharingState> {
        if before.public {
            RemediationPlan::Change(SharingState { public: false })
        } else {
            RemediationPlan::Nothing
        }
    }

    async fn apply_state(
        &self,
        target: &TargetResource,
        state: &SharingState,
    ) -> Result<(), AwsFailure> {
        let [_, set] = R::ACTIONS;
        let call = self.build_call(set, target);
        let call = match R::ATTRIBUTE {
            SharingAttribute::Ec2(attribute) => call
                .with_parameter("Attribute", attribute)
                .with_parameter("OperationType", if state.public { "add" } else { "remove" })
                .with_parameter("UserGroup.1", "all"),
            SharingAttribute::Rds(_) => {
                let values = if state.public { "ValuesToAdd" } else { "ValuesToRemove" };
                call.with_parameter("AttributeName", "restore")
                    .with_parameter(&format!("{values}.AttributeValue.1"), "all")
            }
        };
        call.send_query().await.map(drop).map_err(|error| classify_sharing_error(&error))
    }
}

impl<R: SharedResource> PublicSharing<R> {
    /// The call to which an IAM action belongs, about the resource.
    fn build_call(&self, action: &'static str, target: &TargetResource) -> QueryCall<'_> {
        let operation = action.split_once(':').map_or(action, |(_, operation)| operation);
        self.service.query_call(operation).with_parameter(R::ID_PARAMETER, &target.id)
    }
}

/// Whether everyone is among the groups that may use it.
fn is_public_in_ec2(answer: &XmlElement, attribute: &str) -> Result<bool, CallError> {
    let permissions = answer.require_child(attribute)?;
    let mut groups =
        permissions.child_elements().iter().filter_map(|item| item.find_child("group"));
    Ok(groups.any(|group| group.text_content() == "all"))
}

/// Whether everyone is among those who may restore it.
fn is_public_in_rds(answer: &XmlElement, path: [&str; 3]) -> Result<bool, CallError> {
    let attributes = path.iter().try_fold(answer, |within, name| within.require_child(name))?;
    for attribute in attributes.child_elements() {
        if attribute.require_child("AttributeName")?.text_content() == "restore" {
            let values = attribute.require_child("AttributeValues")?.child_elements();
            return Ok(values.iter().any(|value| value.text_content() == "all"));
        }
    }
    Err(CallError::Malformed("it was not told who may restore the snapshot".to_owned()))
}

/// Source: Amazon EC2 API Reference, "Error codes"; Amazon RDS API Reference, errors of `ModifyDBSnapshotAttribute` and
/// `ModifyDBClusterSnapshotAttribute`.
fn classify_sharing_error(error: &CallError) -> AwsFailure {
    let gone = &[
        "DBClusterSnapshotNotFound",
        "DBClusterSnapshotNotFoundFault",
        "DBSnapshotNotFound",
        "InvalidAMIID.NotFound",
        "InvalidAMIID.Unavailable",
        "InvalidSnapshot.NotFound",
    ];
    let denied = &["AuthFailure", "InvalidAMIID.Malformed", "InvalidSnapshotID.Malformed"];
    classify_error(error.clone(), gone, denied)
}
