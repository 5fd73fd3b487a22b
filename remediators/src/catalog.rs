//! All remediators: one file each, on one list.

pub mod apigateway_api_tls_policy;
pub mod apigateway_close_default_endpoint;
pub mod apigateway_deny_insecure_transport;
pub mod apigateway_domain_tls_policy;
pub mod apigateway_https_integration;
pub mod apigateway_stage_cache_encryption;
pub mod apigateway_stage_data_trace;
pub mod apigateway_stage_logging;
pub mod apigateway_stage_tracing;
pub mod apigateway_verify_backend;
pub mod apigatewayv2_close_default_endpoint;
pub mod apigatewayv2_https_integration;
pub mod apigatewayv2_private_tls;
pub mod cloud_control;
pub mod cloudtrail_restore_trail;
pub mod config_start_recorder;
pub mod ec2_ebs_default_encryption;
pub mod ec2_image_private;
pub mod ec2_revoke_ingress;
mod ec2_sharing;
pub mod ec2_snapshot_private;
pub mod iam_password_policy;
pub mod kms_cancel_key_deletion;
pub mod kms_enable_key;
pub mod kms_enable_rotation;
mod kms_key;
pub mod lambda_remove_public_permission;
pub mod rds_cluster_snapshot_private;
pub mod rds_instance_private;
mod rds_sharing;
pub mod rds_snapshot_private;
pub mod s3_block_public_access;
mod s3_bucket;
pub mod s3_default_encryption;
pub mod s3_deny_insecure_transport;
mod sharing;
pub mod sns_deny_insecure_transport;
pub mod sqs_deny_insecure_transport;

pub use kms_key::Key;

pub use sharing::Sharing;

use evenkeel_ledger::Ledger;
use evenkeel_rules::policy::{Mode, Tier};

use crate::aws::Aws;
use crate::drive::{AnyDrive, Drive, Settings};
use crate::permission::Statement;
use crate::remediator::Remediator;
use crate::violation::Target;
use apigateway_api_tls_policy::ApiTlsPolicy;
use apigateway_close_default_endpoint::CloseDefaultEndpoint;
use apigateway_domain_tls_policy::DomainTlsPolicy;
use apigateway_https_integration::HttpsIntegration;
use apigateway_stage_cache_encryption::StageCacheEncryption;
use apigateway_stage_data_trace::StageDataTrace;
use apigateway_stage_logging::StageLogging;
use apigateway_stage_tracing::StageTracing;
use apigateway_verify_backend::VerifyBackend;
use apigatewayv2_close_default_endpoint::CloseHttpEndpoint;
use apigatewayv2_https_integration::HttpsBackend;
use apigatewayv2_private_tls::PrivateTls;
use cloud_control::CloudControl;
use cloudtrail_restore_trail::RestoreTrail;
use ec2_ebs_default_encryption::EbsDefaultEncryption;
use ec2_image_private::ImagePrivate;
use ec2_revoke_ingress::RevokeIngress;
use kms_cancel_key_deletion::CancelKeyDeletion;
use kms_enable_key::EnableKey;
use kms_enable_rotation::EnableRotation;
use lambda_remove_public_permission::RemovePublicPermission;
use rds_cluster_snapshot_private::ClusterSnapshotPrivate;
use rds_instance_private::InstancePrivate;
use s3_block_public_access::BlockPublicAccess;
use s3_default_encryption::DefaultEncryption;

/// What is known of a remediator without running it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name in policies' headers.
    pub id: &'static str,
    /// The IAM actions that it uses.
    pub permissions: &'static [&'static str],
    /// How safe it is by itself; none where the policy says it.
    pub tier: Option<Tier>,
    /// What is asked of the world before anything is written.
    pub check: Option<&'static str>,
    /// What a policy's header may tell it.
    pub with: &'static [&'static str],
    /// The ARNs that its calls are on.
    pub arns: fn(&Target) -> Vec<String>,
    /// The ARNs of other resources that are only read.
    pub reads: fn(&Target) -> Vec<String>,
    /// What AWS does in the caller's name for its calls.
    pub forwarded: fn(&Target) -> Vec<Statement>,
    /// A drive of it.
    pub drive: fn(&Aws, Ledger, Settings) -> Box<dyn AnyDrive>,
}

impl Entry {
    /// The remediators of one family share a function and a role.
    pub fn family(&self) -> &'static str {
        find_family(self.id)
    }

    /// The most that may be done without a person, of a repair whose policy says that it is of this tier.
    pub fn most(&self, stated: Option<Tier>) -> Mode {
        self.tier.or(stated).unwrap_or(Tier::C).most(self.check.is_some())
    }

    /// The remediator of that name.
    pub fn find(id: &str) -> Option<&'static Entry> {
        CATALOG.iter().find(|entry| entry.id == id)
    }
}

/// The family of a remediator: what stands before the first `-` of its name.
pub(crate) fn find_family(id: &str) -> &str {
    id.split_once('-').map_or(id, |(family, _)| family)
}

/// All remediators.
pub const CATALOG: &[Entry] = &[
    entry::<ApiTlsPolicy>(),
    entry::<CloseDefaultEndpoint>(),
    entry::<apigateway_deny_insecure_transport::DenyInsecureTransport>(),
    entry::<DomainTlsPolicy>(),
    entry::<HttpsIntegration>(),
    entry::<StageCacheEncryption>(),
    entry::<StageDataTrace>(),
    entry::<StageLogging>(),
    entry::<StageTracing>(),
    entry::<VerifyBackend>(),
    entry::<CloseHttpEndpoint>(),
    entry::<HttpsBackend>(),
    entry::<PrivateTls>(),
    entry::<CloudControl>(),
    entry::<RestoreTrail>(),
    entry::<config_start_recorder::StartRecorder>(),
    entry::<EbsDefaultEncryption>(),
    entry::<ImagePrivate>(),
    entry::<RevokeIngress>(),
    entry::<ec2_snapshot_private::SnapshotPrivate>(),
    entry::<iam_password_policy::PasswordPolicy>(),
    entry::<CancelKeyDeletion>(),
    entry::<EnableKey>(),
    entry::<EnableRotation>(),
    entry::<RemovePublicPermission>(),
    entry::<ClusterSnapshotPrivate>(),
    entry::<InstancePrivate>(),
    entry::<rds_snapshot_private::SnapshotPrivate>(),
    entry::<BlockPublicAccess>(),
    entry::<DefaultEncryption>(),
    entry::<s3_deny_insecure_transport::DenyInsecureTransport>(),
    entry::<sns_deny_insecure_transport::DenyInsecureTransport>(),
    entry::<sqs_deny_insecure_transport::DenyInsecureTransport>(),
];

const fn entry<R: Remediator + From<Aws> + 'static>() -> Entry {
    Entry {
        id: R::ID,
        permissions: R::PERMISSIONS,
        tier: R::TIER,
        check: R::CHECK,
        with: R::WITH,
        arns: R::arns,
        reads: R::reads,
        forwarded: R::forwarded,
        drive: drive::<R>,
    }
}

fn drive<R: Remediator + From<Aws> + 'static>(
    aws: &Aws,
    ledger: Ledger,
    settings: Settings,
) -> Box<dyn AnyDrive> {
    let drive = Drive::new(R::from(aws.clone()), ledger, settings);
    Box::new(drive.with_switch(aws.switch.clone()))
}
