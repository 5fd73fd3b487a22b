//! Turns on the default encryption of new EBS volumes in an account and Region.

use evenkeel_client::{CallError, ServiceClient};
use evenkeel_rules::policy::SafetyTier;
use serde::{Deserialize, Serialize};

use crate::access::connection::AwsConnection;
use crate::remediator::aws_failure::classify_error;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// A remediator that turns on EBS encryption by default. An undo turns it off.
#[derive(Clone, Debug)]
pub struct EbsDefaultEncryption {
    service: ServiceClient,
}

/// The setting of EBS encryption by default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefaultVolumeEncryption {
    /// True if new volumes are encrypted by default.
    pub encrypted: bool,
}

impl From<AwsConnection> for EbsDefaultEncryption {
    fn from(aws: AwsConnection) -> Self {
        EbsDefaultEncryption { service: ServiceClient::ec2(&aws.config) }
    }
}

impl Remediator for EbsDefaultEncryption {
    type State = DefaultVolumeEncryption;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "ec2-ebs-default-encryption",
        permissions: &[
            "ec2:DisableEbsEncryptionByDefault",
            "ec2:EnableEbsEncryptionByDefault",
            "ec2:GetEbsEncryptionByDefault",
        ],
        tier: Some(SafetyTier::A),
        // The setting belongs to an account and Region and has no ARN.
        //
        // Source: Service Authorization Reference, "Actions defined by Amazon EC2".
        resource_arns: |_| vec!["*".to_owned()],
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(
        _: &DefaultVolumeEncryption,
        to: &DefaultVolumeEncryption,
    ) -> Vec<&'static str> {
        vec![if to.encrypted {
            "ec2:EnableEbsEncryptionByDefault"
        } else {
            "ec2:DisableEbsEncryptionByDefault"
        }]
    }

    async fn observe_state(
        &self,
        _: &TargetResource,
    ) -> Result<DefaultVolumeEncryption, AwsFailure> {
        let answer = self.service.query_call("GetEbsEncryptionByDefault").send_query().await;
        let encrypted =
            answer.and_then(|answer| answer.require_child("ebsEncryptionByDefault")?.parse_text());
        Ok(DefaultVolumeEncryption {
            encrypted: encrypted.map_err(|error| classify_encryption_error(&error))?,
        })
    }

    fn plan_change(
        &self,
        _: &TargetResource,
        before: &DefaultVolumeEncryption,
    ) -> RemediationPlan<DefaultVolumeEncryption> {
        if before.encrypted {
            RemediationPlan::Nothing
        } else {
            RemediationPlan::Change(DefaultVolumeEncryption { encrypted: true })
        }
    }

    async fn apply_state(
        &self,
        _: &TargetResource,
        state: &DefaultVolumeEncryption,
    ) -> Result<(), AwsFailure> {
        let call = self.service.query_call(if state.encrypted {
            "EnableEbsEncryptionByDefault"
        } else {
            "DisableEbsEncryptionByDefault"
        });
        call.send_query().await.map(drop).map_err(|error| classify_encryption_error(&error))
    }
}

fn classify_encryption_error(error: &CallError) -> AwsFailure {
    classify_error(error.clone(), &[], &["AuthFailure"])
}
