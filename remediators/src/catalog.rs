//! The catalog of all remediators: one file per remediator, grouped by service.

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

use crate::access::connection::AwsConnection;
use crate::remediator::Remediator;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::type_erasure::ErasedRemediator;

/// An entry of the catalog: a remediator that policy headers can name.
#[derive(Clone, Copy, Debug)]
pub struct CatalogEntry {
    /// The static properties of the remediator.
    pub spec: RemediatorSpec,
    connect: fn(&AwsConnection) -> Box<dyn ErasedRemediator>,
}

impl CatalogEntry {
    /// Returns the entry of the remediator with this id, or `None` if the catalog does not contain
    /// it.
    pub fn find_by_id(id: &str) -> Option<&'static CatalogEntry> {
        CATALOG.iter().find(|entry| entry.spec.id == id)
    }

    /// Returns the remediator, connected to the account and Region of `aws`.
    pub fn connect_remediator(&self, aws: &AwsConnection) -> Box<dyn ErasedRemediator> {
        (self.connect)(aws)
    }
}

/// All remediators.
pub const CATALOG: &[CatalogEntry] = &[
    catalog_entry::<apigateway::api_tls_policy::ApiTlsPolicy>(),
    catalog_entry::<apigateway::close_default_endpoint::CloseDefaultEndpoint>(),
    catalog_entry::<apigateway::deny_insecure_transport::DenyApiInsecureTransport>(),
    catalog_entry::<apigateway::domain_tls_policy::DomainTlsPolicy>(),
    catalog_entry::<apigateway::https_integration::HttpsIntegration>(),
    catalog_entry::<apigateway::stage_cache_encryption::StageCacheEncryption>(),
    catalog_entry::<apigateway::stage_data_trace::StageDataTrace>(),
    catalog_entry::<apigateway::stage_logging::StageLogging>(),
    catalog_entry::<apigateway::stage_tracing::StageTracing>(),
    catalog_entry::<apigateway::verify_backend::VerifyBackend>(),
    catalog_entry::<apigatewayv2::close_default_endpoint::CloseHttpEndpoint>(),
    catalog_entry::<apigatewayv2::https_integration::HttpsBackend>(),
    catalog_entry::<apigatewayv2::private_tls::PrivateTls>(),
    catalog_entry::<cloud_control::CloudControl>(),
    catalog_entry::<cloudtrail::restore_trail::RestoreTrail>(),
    catalog_entry::<config::start_recorder::StartRecorder>(),
    catalog_entry::<ec2::ebs_default_encryption::EbsDefaultEncryption>(),
    catalog_entry::<ec2::image_private::ImagePrivate>(),
    catalog_entry::<ec2::revoke_ingress::RevokeIngress>(),
    catalog_entry::<ec2::snapshot_private::VolumeSnapshotPrivate>(),
    catalog_entry::<iam::password_policy::PasswordPolicy>(),
    catalog_entry::<kms::cancel_key_deletion::CancelKeyDeletion>(),
    catalog_entry::<kms::enable_key::EnableKey>(),
    catalog_entry::<kms::enable_rotation::EnableRotation>(),
    catalog_entry::<lambda::remove_public_permission::RemovePublicPermission>(),
    catalog_entry::<rds::cluster_snapshot_private::ClusterSnapshotPrivate>(),
    catalog_entry::<rds::instance_private::InstancePrivate>(),
    catalog_entry::<rds::snapshot_private::DatabaseSnapshotPrivate>(),
    catalog_entry::<s3::block_public_access::BlockPublicAccess>(),
    catalog_entry::<s3::default_encryption::DefaultEncryption>(),
    catalog_entry::<s3::deny_insecure_transport::DenyBucketInsecureTransport>(),
    catalog_entry::<sns::deny_insecure_transport::DenyTopicInsecureTransport>(),
    catalog_entry::<sqs::deny_insecure_transport::DenyQueueInsecureTransport>(),
];

/// Returns the catalog entry of a remediator type.
const fn catalog_entry<R: Remediator + From<AwsConnection> + 'static>() -> CatalogEntry {
    CatalogEntry { spec: R::SPEC, connect: |aws| Box::new(R::from(aws.clone())) }
}
