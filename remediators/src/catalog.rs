//! All remediators: one file each, by service, on one list.

pub mod apigateway;
pub mod apigatewayv2;
pub mod cloud_control;
pub mod cloudtrail;
pub mod config;
pub mod ec2;
pub mod iam;
pub mod kms;
pub mod lambda;
pub mod rds;
pub mod s3;
pub mod shared;
pub mod sns;
pub mod sqs;

use crate::access::aws::Aws;
use crate::remediator::Remediator;
use crate::remediator::erased::ErasedRemediator;
use crate::remediator::spec::RemediatorSpec;

/// A remediator that policies can name.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What is known of it without running it.
    pub spec: RemediatorSpec,
    connect: fn(&Aws) -> Box<dyn ErasedRemediator>,
}

impl Entry {
    /// The remediator of that name.
    pub fn find(id: &str) -> Option<&'static Entry> {
        CATALOG.iter().find(|entry| entry.spec.id == id)
    }

    /// The remediator, in an account and region.
    pub fn connect(&self, aws: &Aws) -> Box<dyn ErasedRemediator> {
        (self.connect)(aws)
    }
}

/// All remediators.
pub const CATALOG: &[Entry] = &[
    entry::<apigateway::api_tls_policy::ApiTlsPolicy>(),
    entry::<apigateway::close_default_endpoint::CloseDefaultEndpoint>(),
    entry::<apigateway::deny_insecure_transport::DenyInsecureTransport>(),
    entry::<apigateway::domain_tls_policy::DomainTlsPolicy>(),
    entry::<apigateway::https_integration::HttpsIntegration>(),
    entry::<apigateway::stage_cache_encryption::StageCacheEncryption>(),
    entry::<apigateway::stage_data_trace::StageDataTrace>(),
    entry::<apigateway::stage_logging::StageLogging>(),
    entry::<apigateway::stage_tracing::StageTracing>(),
    entry::<apigateway::verify_backend::VerifyBackend>(),
    entry::<apigatewayv2::close_default_endpoint::CloseHttpEndpoint>(),
    entry::<apigatewayv2::https_integration::HttpsBackend>(),
    entry::<apigatewayv2::private_tls::PrivateTls>(),
    entry::<cloud_control::CloudControl>(),
    entry::<cloudtrail::restore_trail::RestoreTrail>(),
    entry::<config::start_recorder::StartRecorder>(),
    entry::<ec2::ebs_default_encryption::EbsDefaultEncryption>(),
    entry::<ec2::image_private::ImagePrivate>(),
    entry::<ec2::revoke_ingress::RevokeIngress>(),
    entry::<ec2::snapshot_private::SnapshotPrivate>(),
    entry::<iam::password_policy::PasswordPolicy>(),
    entry::<kms::cancel_key_deletion::CancelKeyDeletion>(),
    entry::<kms::enable_key::EnableKey>(),
    entry::<kms::enable_rotation::EnableRotation>(),
    entry::<lambda::remove_public_permission::RemovePublicPermission>(),
    entry::<rds::cluster_snapshot_private::ClusterSnapshotPrivate>(),
    entry::<rds::instance_private::InstancePrivate>(),
    entry::<rds::snapshot_private::SnapshotPrivate>(),
    entry::<s3::block_public_access::BlockPublicAccess>(),
    entry::<s3::default_encryption::DefaultEncryption>(),
    entry::<s3::deny_insecure_transport::DenyInsecureTransport>(),
    entry::<sns::deny_insecure_transport::DenyInsecureTransport>(),
    entry::<sqs::deny_insecure_transport::DenyInsecureTransport>(),
];

const fn entry<R: Remediator + From<Aws> + 'static>() -> Entry {
    Entry { spec: R::SPEC, connect: |aws| Box::new(R::from(aws.clone())) }
}
