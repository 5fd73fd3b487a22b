//! Removes public sharing from machine images and from snapshots of volumes, databases and
//! clusters.

use std::marker::PhantomData;

use evenkeel_client::{CallError, QueryCall, ServiceClient, XmlElement};
use evenkeel_rules::policy::SafetyTier;
use serde::{Deserialize, Serialize};

use crate::access::connection::AwsConnection;
use crate::remediator::aws_failure::classify_error;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// A type of resource that its owner can share with all AWS accounts.
pub trait SharedResource: Send + Sync + 'static {
    /// The id of the remediator.
    const ID: &'static str;

    /// The IAM actions that read and set the sharing. Their names are the names of the API
    /// operations.
    const ACTIONS: &'static [&'static str; 2];

    /// The parameter of the operations that contains the id of the resource.
    const ID_PARAMETER: &'static str;

    /// The attribute with which the service represents the sharing.
    const ATTRIBUTE: SharingAttribute;

    /// Returns the ARN of the resource.
    fn resource_arn(target: &TargetResource) -> String;
}

/// The attribute with which a service represents the sharing of a resource.
///
/// Source: Amazon EC2 API Reference, `ModifySnapshotAttribute` and `ModifyImageAttribute`; Amazon
/// RDS API Reference, `ModifyDBSnapshotAttribute` and `ModifyDBClusterSnapshotAttribute`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharingAttribute {
    /// Amazon EC2: groups of accounts, in the attribute with this name.
    Ec2(&'static str),
    /// Amazon RDS: the accounts that may restore the snapshot, at this path in the response.
    Rds([&'static str; 3]),
}

/// The public sharing of a resource.
///
/// Sharing with single accounts is neither read nor changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharingState {
    /// True if all AWS accounts may use the resource.
    pub public: bool,
}

/// A remediator that removes the public sharing of a resource. Sharing with single accounts stays
/// unchanged. An undo shares the resource with all accounts again.
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
    /// Returns the API call of an IAM action for the resource.
    fn build_call(&self, action: &'static str, target: &TargetResource) -> QueryCall<'_> {
        let operation = action.split_once(':').map_or(action, |(_, operation)| operation);
        self.service.query_call(operation).with_parameter(R::ID_PARAMETER, &target.id)
    }
}

/// Returns whether the group `all` may use the resource.
fn is_public_in_ec2(answer: &XmlElement, attribute: &str) -> Result<bool, CallError> {
    let permissions = answer.require_child(attribute)?;
    let mut groups =
        permissions.child_elements().iter().filter_map(|item| item.find_child("group"));
    Ok(groups.any(|group| group.text_content() == "all"))
}

/// Returns whether `all` is in the list of accounts that may restore the snapshot.
fn is_public_in_rds(answer: &XmlElement, path: [&str; 3]) -> Result<bool, CallError> {
    let attributes = path.iter().try_fold(answer, |within, name| within.require_child(name))?;
    for attribute in attributes.child_elements() {
        if attribute.require_child("AttributeName")?.text_content() == "restore" {
            let values = attribute.require_child("AttributeValues")?.child_elements();
            return Ok(values.iter().any(|value| value.text_content() == "all"));
        }
    }
    Err(CallError::Malformed("the response has no `restore` attribute of the snapshot".to_owned()))
}

/// Classifies an error.
///
/// Source: Amazon EC2 API Reference, "Error codes"; Amazon RDS API Reference, errors of
/// `ModifyDBSnapshotAttribute` and `ModifyDBClusterSnapshotAttribute`.
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
