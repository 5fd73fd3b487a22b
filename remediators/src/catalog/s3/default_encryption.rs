//! Sets the default encryption of S3 buckets to a KMS key.

use evenkeel_client::{CallError, Method, ServiceClient, XmlElement};
use evenkeel_rules::policy::SafetyTier;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bucket::{bucket_arn, build_bucket_call, classify_bucket_error};
use crate::access::connection::AwsConnection;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, PlanRefusal, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// A remediator that sets the default encryption of a bucket to the KMS key in the parameter
/// `kmsKey`, unless the bucket already uses a KMS key. Without `kmsKey` the remediator refuses,
/// because S3 managed keys are the default and would not change anything.
///
/// Principals that read or write objects then need permissions for the key. If the encryption was
/// never set, an undo deletes the configuration, and S3 uses S3 managed keys.
///
/// Source: Amazon S3 User Guide, "Setting default server-side encryption behavior for Amazon S3
/// buckets".
#[derive(Clone, Debug)]
pub struct DefaultEncryption {
    s3: ServiceClient,
}

/// The default encryption of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketEncryption {
    /// The rules. Empty if they were never set.
    pub rules: Vec<EncryptionRule>,
}

/// A rule for the encryption of new objects.
///
/// Source: Amazon S3 API Reference, `ServerSideEncryptionRule`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncryptionRule {
    /// The algorithm, such as `AES256` or `aws:kms`.
    pub algorithm: Option<String>,
    /// The KMS key. `None` for the AWS managed key.
    pub key: Option<String>,
    /// True if S3 uses a bucket key, to reduce calls to KMS.
    pub bucket_key: bool,
    /// The encryption types that writers of objects may not choose. Empty if S3 does not return
    /// them.
    pub blocked: Vec<String>,
}

impl EncryptionRule {
    /// Parses a rule of a response.
    fn from_xml(rule: &XmlElement) -> Result<EncryptionRule, CallError> {
        let text = |element: &XmlElement| element.text_content().to_owned();
        let default = rule.find_child("ApplyServerSideEncryptionByDefault");
        let algorithm =
            default.map(|one| one.require_child("SSEAlgorithm").map(text)).transpose()?;
        let bucket_key =
            rule.find_child("BucketKeyEnabled").map(XmlElement::parse_text).transpose()?;
        let blocked =
            rule.find_child("BlockedEncryptionTypes").map_or(&[][..], XmlElement::child_elements);
        Ok(EncryptionRule {
            algorithm,
            key: default.and_then(|one| one.find_child("KMSMasterKeyID")).map(text),
            bucket_key: bucket_key.unwrap_or(false),
            blocked: blocked.iter().map(text).collect(),
        })
    }

    /// Returns the rule as the XML of a request.
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

    /// Returns whether the rule uses a KMS key.
    fn uses_kms(&self) -> bool {
        self.algorithm.as_deref().is_some_and(|algorithm| algorithm.starts_with("aws:kms"))
    }

    /// Returns whether the rule satisfies the rule `wanted`. S3 chooses the blocked encryption
    /// types if `wanted` has none.
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
        // After the change, callers without permissions for the key are denied.
        tier: Some(SafetyTier::C),
        parameter_names: &["kmsKey"],
        resource_arns: |target| vec![bucket_arn(target)],
        ..RemediatorSpec::EMPTY
    };

    /// Returns `s3:PutEncryptionConfiguration`, which also allows deleting the configuration.
    fn required_actions(_: &BucketEncryption, _: &BucketEncryption) -> Vec<&'static str> {
        vec!["s3:PutEncryptionConfiguration"]
    }

    async fn observe_state(&self, target: &TargetResource) -> Result<BucketEncryption, AwsFailure> {
        const NONE: &str = "ServerSideEncryptionConfigurationNotFoundError";
        let response = match build_bucket_call(&self.s3, Method::GET, target, "encryption")
            .send_rest()
            .await
        {
            Ok(answer) => answer.parse_xml().map_err(classify_bucket_error)?,
            Err(error) if error.error_code() == Some(NONE) => {
                return Ok(BucketEncryption::default());
            }
            Err(error) => return Err(classify_bucket_error(error)),
        };
        let rules = response.child_elements().iter().map(EncryptionRule::from_xml);
        let rules = rules.collect::<Result<Vec<_>, _>>().map_err(classify_bucket_error)?;
        if rules.is_empty() {
            let why = "GetBucketEncryption did not return a rule of the S3 bucket";
            return Err(AwsFailure::Retryable(why.to_owned()));
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
                let why = "the S3 bucket does not use a KMS key by default; set `kmsKey` in the \
                           policy header";
                return RemediationPlan::leave_to_person(why.to_owned());
            }
            Some(_) => {
                return RemediationPlan::Refuse(PlanRefusal::InvalidSetting(
                    "`kmsKey` in the policy header is not a text; use the id or ARN of a KMS key"
                        .to_owned(),
                ));
            }
        };
        // A bucket has one rule, whose other settings stay unchanged.
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
