//! New volumes of an account in a Region are encrypted.

use evenkeel_client::{CallError, Service};
use evenkeel_rules::policy::Tier;
use serde::{Deserialize, Serialize};

use crate::access::aws::Aws;
use crate::remediator::aws_failure::refusal;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::violation::Target;

/// Turns on the encryption of volumes by default. An undo turns it off.
#[derive(Clone, Debug)]
pub struct EbsDefaultEncryption {
    service: Service,
}

/// Whether new volumes are encrypted when nobody asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByDefault {
    /// They are.
    pub encrypted: bool,
}

impl From<Aws> for EbsDefaultEncryption {
    fn from(aws: Aws) -> Self {
        EbsDefaultEncryption { service: Service::ec2(&aws.config) }
    }
}

impl Remediator for EbsDefaultEncryption {
    type State = ByDefault;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "ec2-ebs-default-encryption",
        permissions: &[
            "ec2:DisableEbsEncryptionByDefault",
            "ec2:EnableEbsEncryptionByDefault",
            "ec2:GetEbsEncryptionByDefault",
        ],
        tier: Some(Tier::A),
        // It is a setting of an account and Region, which has no ARN.
        //
        // Source: Service Authorization Reference, "Actions defined by Amazon EC2".
        arns: |_| vec!["*".to_owned()],
        ..RemediatorSpec::EMPTY
    };

    fn calls(_: &ByDefault, to: &ByDefault) -> Vec<&'static str> {
        vec![if to.encrypted {
            "ec2:EnableEbsEncryptionByDefault"
        } else {
            "ec2:DisableEbsEncryptionByDefault"
        }]
    }

    async fn observe(&self, _: &Target) -> Result<ByDefault, RefusedByAws> {
        let answer = self.service.query("GetEbsEncryptionByDefault").send().await;
        let told = answer.and_then(|answer| answer.get("ebsEncryptionByDefault")?.parse());
        Ok(ByDefault { encrypted: told.map_err(|error| refused(&error))? })
    }

    fn plan(&self, _: &Target, before: &ByDefault) -> Plan<ByDefault> {
        if before.encrypted { Plan::Nothing } else { Plan::Change(ByDefault { encrypted: true }) }
    }

    async fn apply(&self, _: &Target, state: &ByDefault) -> Result<(), RefusedByAws> {
        let call = self.service.query(if state.encrypted {
            "EnableEbsEncryptionByDefault"
        } else {
            "DisableEbsEncryptionByDefault"
        });
        call.send().await.map(drop).map_err(|error| refused(&error))
    }
}

fn refused(error: &CallError) -> RefusedByAws {
    refusal(error.clone(), &[], &["AuthFailure"])
}
