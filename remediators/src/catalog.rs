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
pub mod cloudtrail_restore_trail;
pub mod kms_cancel_key_deletion;
pub mod kms_enable_key;
mod kms_key;
mod refusal;

pub use kms_key::Key;
pub(crate) use refusal::{ServiceError, refusal};

use evenkeel_ledger::Ledger;

use crate::aws::Aws;
use crate::drive::{AnyDrive, Drive, Settings};
use crate::remediator::Remediator;
use crate::violation::Target;
use apigateway_api_tls_policy::ApiTlsPolicy;
use apigateway_close_default_endpoint::CloseDefaultEndpoint;
use apigateway_deny_insecure_transport::DenyInsecureTransport;
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
use cloudtrail_restore_trail::RestoreTrail;
use kms_cancel_key_deletion::CancelKeyDeletion;
use kms_enable_key::EnableKey;

/// What is known of a remediator without running it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name in policies' headers.
    pub id: &'static str,
    /// The IAM actions that it uses.
    pub permissions: &'static [&'static str],
    /// The ARNs that its calls are on.
    pub arns: fn(&Target) -> Vec<String>,
    /// A drive of it.
    pub drive: fn(&Aws, Ledger, Settings) -> Box<dyn AnyDrive>,
}

impl Entry {
    /// The remediators of one family share a function and a role.
    pub fn family(&self) -> &'static str {
        self.id.split_once('-').map_or(self.id, |(family, _)| family)
    }

    /// The remediator of that name.
    pub fn find(id: &str) -> Option<&'static Entry> {
        CATALOG.iter().find(|entry| entry.id == id)
    }
}

/// All remediators.
pub const CATALOG: &[Entry] = &[
    entry::<ApiTlsPolicy>(),
    entry::<CloseDefaultEndpoint>(),
    entry::<DenyInsecureTransport>(),
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
    entry::<RestoreTrail>(),
    entry::<CancelKeyDeletion>(),
    entry::<EnableKey>(),
];

const fn entry<R: Remediator + From<Aws> + 'static>() -> Entry {
    Entry { id: R::ID, permissions: R::PERMISSIONS, arns: R::arns, drive: drive::<R> }
}

fn drive<R: Remediator + From<Aws> + 'static>(
    aws: &Aws,
    ledger: Ledger,
    settings: Settings,
) -> Box<dyn AnyDrive> {
    Box::new(Drive::new(R::from(aws.clone()), ledger, settings))
}
