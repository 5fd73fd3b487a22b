//! New objects of a bucket are encrypted with the KMS key that the policy's header names.

use evenkeel_client::{CallError, Element, Method, Service};
use evenkeel_rules::policy::Tier;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bucket::{arn, call, refused};
use crate::access::aws::Aws;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Plan, PlanRefusal, RefusedByAws, Remediator};
use crate::violation::Target;

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
    s3: Service,
}

/// A bucket's default encryption.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encryption {
    /// None where it was never set.
    pub rules: Vec<Rule>,
}

/// How new objects are encrypted.
///
/// Source: Amazon S3 API Reference, `ServerSideEncryptionRule`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Such as `AES256` or `aws:kms`.
    pub algorithm: Option<String>,
    /// The KMS key, if it is not AWS's own.
    pub key: Option<String>,
    /// Whether KMS is asked once for many objects.
    pub bucket_key: bool,
    /// Encryption that whoever puts an object may not choose; empty where S3 does not tell.
    pub blocked: Vec<String>,
}

impl Rule {
    fn read(told: &Element) -> Result<Rule, CallError> {
        let text = |element: &Element| element.text().to_owned();
        let default = told.find("ApplyServerSideEncryptionByDefault");
        let algorithm = default.map(|one| one.get("SSEAlgorithm").map(text)).transpose()?;
        let bucket_key = told.find("BucketKeyEnabled").map(Element::parse).transpose()?;
        let blocked = told.find("BlockedEncryptionTypes").map_or(&[][..], Element::children);
        Ok(Rule {
            algorithm,
            key: default.and_then(|one| one.find("KMSMasterKeyID")).map(text),
            bucket_key: bucket_key.unwrap_or(false),
            blocked: blocked.iter().map(text).collect(),
        })
    }

    fn write(&self) -> Element {
        let mut parts = Vec::new();
        if let Some(algorithm) = &self.algorithm {
            let key = self.key.iter().map(|key| Element::leaf("KMSMasterKeyID", key));
            let default = [Element::leaf("SSEAlgorithm", algorithm)].into_iter().chain(key);
            parts.push(Element::branch("ApplyServerSideEncryptionByDefault", default.collect()));
        }
        parts.push(Element::leaf("BucketKeyEnabled", &self.bucket_key.to_string()));
        if !self.blocked.is_empty() {
            let blocked = self.blocked.iter().map(|one| Element::leaf("EncryptionType", one));
            parts.push(Element::branch("BlockedEncryptionTypes", blocked.collect()));
        }
        Element::branch("Rule", parts)
    }

    fn is_of_kms(&self) -> bool {
        self.algorithm.as_deref().is_some_and(|algorithm| algorithm.starts_with("aws:kms"))
    }

    /// What S3 does not tell before it is set is S3's to choose.
    fn is(&self, wanted: &Rule) -> bool {
        let blocked = if wanted.blocked.is_empty() { &wanted.blocked } else { &self.blocked };
        Rule { blocked: blocked.clone(), ..self.clone() } == *wanted
    }
}

impl From<Aws> for DefaultEncryption {
    fn from(aws: Aws) -> Self {
        DefaultEncryption { s3: Service::s3(&aws.config) }
    }
}

impl Remediator for DefaultEncryption {
    type State = Encryption;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "s3-default-encryption",
        permissions: &["s3:GetEncryptionConfiguration", "s3:PutEncryptionConfiguration"],
        // Callers without rights on the key are turned away.
        tier: Some(Tier::C),
        with: &["kmsKey"],
        arns: |target| vec![arn(target)],
        ..RemediatorSpec::EMPTY
    };

    /// To delete the configuration needs the permission to put it.
    fn calls(_: &Encryption, _: &Encryption) -> Vec<&'static str> {
        vec!["s3:PutEncryptionConfiguration"]
    }

    async fn observe(&self, target: &Target) -> Result<Encryption, RefusedByAws> {
        const NONE: &str = "ServerSideEncryptionConfigurationNotFoundError";
        let told = match call(&self.s3, Method::GET, target, "encryption").send().await {
            Ok(answer) => answer.xml().map_err(refused)?,
            Err(error) if error.code() == Some(NONE) => return Ok(Encryption::default()),
            Err(error) => return Err(refused(error)),
        };
        let rules = told.children().iter().map(Rule::read);
        let rules = rules.collect::<Result<Vec<_>, _>>().map_err(refused)?;
        if rules.is_empty() {
            return Err(RefusedByAws::Later("GetBucketEncryption told no rule".to_owned()));
        }
        Ok(Encryption { rules })
    }

    fn plan(&self, target: &Target, before: &Encryption) -> Plan<Encryption> {
        if before.rules.iter().any(Rule::is_of_kms) {
            return Plan::Nothing;
        }
        let key = match target.with.get("kmsKey") {
            Some(Value::String(key)) if !key.is_empty() => key.clone(),
            None | Some(Value::String(_)) => {
                let why = "the bucket is still not encrypted with a KMS key, and `kmsKey` names none to encrypt with";
                return Plan::leave(why.to_owned());
            }
            Some(_) => {
                return Plan::Refuse(PlanRefusal::Setting(
                    "`kmsKey` must be the name of a key".to_owned(),
                ));
            }
        };
        // A bucket has one rule: what else it says stays.
        let rule = before.rules.first().cloned().unwrap_or_default();
        let rule = Rule { algorithm: Some("aws:kms".to_owned()), key: Some(key), ..rule };
        Plan::Change(Encryption { rules: vec![rule] })
    }

    async fn apply(&self, target: &Target, state: &Encryption) -> Result<(), RefusedByAws> {
        let call = if state.rules.is_empty() {
            call(&self.s3, Method::DELETE, target, "encryption")
        } else {
            let rules = state.rules.iter().map(Rule::write).collect();
            let rules = Element::branch("ServerSideEncryptionConfiguration", rules);
            call(&self.s3, Method::PUT, target, "encryption").with_xml(&rules)
        };
        call.send().await.map(drop).map_err(refused)
    }

    fn reached(seen: &Encryption, wanted: &Encryption) -> bool {
        seen.rules.len() == wanted.rules.len()
            && seen.rules.iter().zip(&wanted.rules).all(|(seen, wanted)| seen.is(wanted))
    }
}
