//! What bounds the access that a document grants.

use crate::callers::PublicDefinition;
use crate::model::document::PolicyDocument;
use crate::solver::steps::StepLimit;

/// What is known about the surroundings of a resource. All parts are optional.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The account of the resource. Its principals are not outsiders.
    pub account: Option<String>,
    /// Other accounts that are not outsiders.
    pub trusted_accounts: Vec<String>,
    /// The ID of the organization of the account, such as `o-a1b2c3d4e5`. If it is known, an
    /// organization with another ID is an outsider.
    pub organization: Option<String>,
    /// Whether S3 Block Public Access restricts public buckets (`RestrictPublicBuckets`), for the
    /// bucket, the account or the organization. If a bucket policy is public as Amazon S3 defines it,
    /// then only services and the account of the bucket have access.
    pub restricts_public_buckets: bool,
    /// The resource control policies of the account.
    pub resource_control_policies: Vec<PolicyDocument>,
    /// Which values name a caller.
    pub definition: PublicDefinition,
    /// The steps that the questions with these surroundings may use together.
    pub steps: StepLimit,
}

impl Surroundings {
    /// Returns the document with the `Deny` statements of the resource control policies. The
    /// statements of the document keep their positions.
    pub(crate) fn bound_document(&self, document: &PolicyDocument) -> PolicyDocument {
        let mut bounded = document.clone();
        for policy in &self.resource_control_policies {
            let denials = policy.filter_statements(|statement| !statement.allows());
            bounded = bounded.join_document(&denials);
        }
        bounded
    }

    /// Returns whether an account is the account of the resource, or trusted.
    pub(crate) fn trusts_account(&self, account: &str) -> bool {
        self.account.as_deref() == Some(account)
            || self.trusted_accounts.iter().any(|trusted| trusted == account)
    }
}
