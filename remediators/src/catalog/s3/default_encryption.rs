//! New objects of a bucket are encrypted with the KMS key that the policy's header names.

use evenkeel_client::{CallError, Method, ServiceClient, XmlElement};
use evenkeel_rules::policy::SafetyTier;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bucket::{bucket_arn, build_bucket_call, classify_bucket_error};
use crate::access::connection::AwsConnection;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, PlanRefusal, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// Sets the default encryption of a bucket that is not encrypted with a KMS key, whichever: with `kmsKey`. Without `kmsKey`
/// nothing is set, and the plan says so: S3 encrypts with its own keys whatever a bucket's configuration says, so that to
/// set those repairs nothing.
///
/// Who puts or gets objects needs the key's consent from then on. An undo of what was never set deletes the configuration;
/// S3 encrypts with its own keys then.
///
/// Source: Amazon S3 User Guide, "Setting default server-side encryption behavior for Amazon S3 buckets".
#[derive(Clone, Debug)]
pub struct DefaultEncryption {
    s3: ServiceClient,
}

/// A bucket's default encryption.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketEncryption {
    /// None where it was never set.
    pub rules: Vec<EncryptionRule>,
}

/// How new objects are encrypted.
///
/// Source: Amazon S3 API Reference, `ServerSideEncryptionRule`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncryptionRule {
    /// Such as `AES256` or `aws:kms`.
    pub algorithm: Option<String>,
    /// The KMS key, if it is not AWS's own.
    pub key: Option<String>,
    /// Whether KMS is asked once for many objects.
    pub bucket_key: bool,
    /// Encryption that whoever puts an object may not choose; empty where S3 does not tell.
    pub blocked: Vec<String>,
}

impl EncryptionRule {
    fn from_xml(told: &XmlElement) -> Result<EncryptionRule, CallError> {
        let text = |element: &XmlElement| element.text_content().to_owned();
        let default = told.find_child("ApplyServerSideEncryptionByDefault");
        let algorithm =
            default.map(|one| one.require_child("SSEAlgorithm").map(text)).transpose()?;
        let bucket_key =
            told.find_child("BucketKeyEnabled").map(XmlElement::parse_text).transpose()?;
        let blocked =
            told.find_child("BlockedEncryptionTypes").map_or(&[][..], XmlElement::child_elements);
        Ok(EncryptionRule {
            algorithm,
            key: default.and_then(|one| one.find_child("KMSMasterKeyID")).map(text),
            bucket_key: bucket_key.unwrap_or(false),
            blocked: blocked.iter().map(text).collect(),
        })
    }

    fn to_xml(&self) -> XmlElement {
        let mut parts = Vec::new();
        if let Some(algorithm) = &self.algorithm {
            let key = self.key.iter().map(|key| XmlElement::with_text("KMSMasterKeyID", key));
            let default = [XmlElement::with_text("SSEAlgorithm", algorithm)].into_iter().chain(key);
            parts.push(XmlElement::with_children(
                "ApplyServerSideEncryptionByDefault",
                default.collect(),
            ));
        }
        parts.push(XmlElement::with_text("BucketKeyEnabled", &self.bucket_key.to_string()));
        if !self.blocked.is_empty() {
            let blocked =
                self.blocked.iter().map(|one| XmlElement::with_text("EncryptionType", one));
            parts.push(XmlElement::with_children("BlockedEncryptionTypes", blocked.collect()));
        }
        XmlElement::with_children("Rule", parts)
    }

    fn uses_kms(&self) -> bool {
        self.algorithm.as_deref().is_some_and(|algorithm| algorithm.starts_with("aws:kms"))
    }

    /// What S3 does not tell before it is set is S3's to choose.
    fn satisfies_rule(&self, wanted: &EncryptionRule) -> bool {
        let blocked = if wanted.blocked.is_empty() { &wanted.blocked } else { &self.blocked };
        EncryptionRule { blocked: blocked.clone(), ..self.clone() } == *wanted
    }
}

impl From<AwsConnection> for DefaultEncryption {
    fn from(aws: AwsConnection) -> Self {
        DefaultEncryption { s3: ServiceClient::s3(&aws.config) }
    }
}

impl Remediator for DefaultEncryption {
    type State = BucketEncryption;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "s3-default-encryption",
        permissions: &["s3:GetEncryptionConfiguration", "s3:PutEncryptionConfiguration"],
        // Callers without rights on the key are turned away.
        tier: Some(SafetyTier::C),
        parameter_names: &["kmsKey"],
        resource_arns: |target| vec![bucket_arn(target)],
        ..RemediatorSpec::EMPTY
    };

    /// To delete the configuration needs the permission to put it.
    fn required_actions(_: &BucketEncryption, _: &BucketEncryption) -> Vec<&'static str> {
        vec!["s3:PutEncryptionConfiguration"]
    }

    async fn observe_state(&self, target: &TargetResource) -> Result<BucketEncryption, AwsFailure> {
        const NONE: &str = "ServerSideEncryptionConfigurationNotFoundError";
        let told = match build_bucket_call(&self.s3, Method::GET, target, "encryption")
            .send_rest()
            .await
        {
            Ok(answer) => answer.parse_xml().map_err(classify_bucket_error)?,
            Err(error) if error.error_code() == Some(NONE) => {
                return Ok(BucketEncryption::default());
            }
            Err(error) => return Err(classify_bucket_error(error)),
        };
        let rules = told.child_elements().iter().map(EncryptionRule::from_xml);
        let rules = rules.collect::<Result<Vec<_>, _>>().map_err(classify_bucket_error)?;
        if rules.is_empty() {
            return Err(AwsFailure::Retryable("GetBucketEncryption told no rule".to_owned()));
        }
        Ok(BucketEncryption { rules })
    }

    fn plan_change(
        &self,
        target: &TargetResource,
        before: &BucketEncryption,
    ) -> RemediationPlan<BucketEncryption> {
        if before.rules.iter().any(EncryptionRule::uses_kms) {
            return RemediationPlan::Nothing;
        }
        let key = match target.parameters.get("kmsKey") {
            Some(Value::String(key)) if !key.is_empty() => key.clone(),
            None | Some(Value::String(_)) => {
                let why = "the bucket is still not encrypted with a KMS key, and `kmsKey` names none to encrypt with";
                return RemediationPlan::leave_to_person(why.to_owned());
            }
            Some(_) => {
                return RemediationPlan::Refuse(PlanRefusal::InvalidSetting(
                    "`kmsKey` must be the name of a key".to_owned(),
                ));
            }
        };
        // A bucket has one rule: what else it says stays.
        let rule = before.rules.first().cloned().unwrap_or_default();
        let rule = EncryptionRule { algorithm: Some("aws:kms".to_owned()), key: Some(key), ..rule };
        RemediationPlan::Change(BucketEncryption { rules: vec![rule] })
    }

    async fn apply_state(
        &self,
        target: &TargetResource,
        state: &BucketEncryption,
    ) -> Result<(), AwsFailure> {
        let call = if state.rules.is_empty() {
            build_bucket_call(&self.s3, Method::DELETE, target, "encryption")
        } else {
            let rules = state.rules.iter().map(EncryptionRule::to_xml).collect();
            let rules = XmlElement::with_children("ServerSideEncryptionConfiguration", rules);
            build_bucket_call(&self.s3, Method::PUT, target, "encryption").with_xml(&rules)
        };
        call.send_rest().await.map(drop).map_err(classify_bucket_error)
    }

    fn has_reached(seen: &BucketEncryption, wanted: &BucketEncryption) -> bool {
        seen.rules.len() == wanted.rules.len()
            && seen
                .rules
                .iter()
                .zip(&wanted.rules)
                .all(|(seen, wanted)| seen.satisfies_rule(wanted))
    }
}
