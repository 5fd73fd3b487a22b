//! New objects of a bucket are encrypted with the KMS key that the policy's header names.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{BuildError, ProvideErrorMetadata};
use aws_sdk_s3::types::{
    BlockedEncryptionTypes, EncryptionType, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};
use evenkeel_rules::policy::Tier;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bucket::{arn, client, refused};
use crate::aws::Aws;
use crate::remediator::{Plan, PlanRefusal, RefusedByAws, Remediator};
use crate::spec::RemediatorSpec;
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
    client: Client,
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
    fn read(told: ServerSideEncryptionRule) -> Rule {
        let default = told.apply_server_side_encryption_by_default;
        let blocked = told.blocked_encryption_types.and_then(|types| types.encryption_type);
        Rule {
            algorithm: default.as_ref().map(|one| one.sse_algorithm.as_str().to_owned()),
            key: default.and_then(|one| one.kms_master_key_id),
            bucket_key: told.bucket_key_enabled.unwrap_or(false),
            blocked: blocked.iter().flatten().map(|one| one.as_str().to_owned()).collect(),
        }
    }

    fn told(&self) -> Result<ServerSideEncryptionRule, BuildError> {
        let default = self.algorithm.as_deref().map(|algorithm| {
            ServerSideEncryptionByDefault::builder()
                .sse_algorithm(ServerSideEncryption::from(algorithm))
                .set_kms_master_key_id(self.key.clone())
                .build()
        });
        let blocked = self.blocked.iter().map(|one| EncryptionType::from(one.as_str())).collect();
        let blocked = BlockedEncryptionTypes::builder().set_encryption_type(Some(blocked)).build();
        Ok(ServerSideEncryptionRule::builder()
            .set_apply_server_side_encryption_by_default(default.transpose()?)
            .bucket_key_enabled(self.bucket_key)
            .set_blocked_encryption_types((!self.blocked.is_empty()).then_some(blocked))
            .build())
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
        DefaultEncryption { client: client(&aws) }
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
        let call = self.client.get_bucket_encryption().bucket(&target.id);
        let told = match call.expected_bucket_owner(&target.account).send().await {
            Ok(answer) => answer.server_side_encryption_configuration,
            Err(error) if error.code() == Some(NONE) => return Ok(Encryption::default()),
            Err(error) => return Err(refused(error)),
        };
        let rules: Vec<Rule> =
            told.map(|told| told.rules).into_iter().flatten().map(Rule::read).collect();
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
        let (client, bucket, owner) = (&self.client, &target.id, &target.account);
        if state.rules.is_empty() {
            let call = client.delete_bucket_encryption().bucket(bucket);
            call.expected_bucket_owner(owner).send().await.map_err(refused)?;
            return Ok(());
        }
        let unfit = |error: BuildError| RefusedByAws::Later(error.to_string());
        let rules: Result<Vec<_>, _> = state.rules.iter().map(Rule::told).collect();
        let rules = rules.map_err(unfit)?;
        let rules = ServerSideEncryptionConfiguration::builder().set_rules(Some(rules)).build();
        let call = client.put_bucket_encryption().bucket(bucket).expected_bucket_owner(owner);
        let call = call.server_side_encryption_configuration(rules.map_err(unfit)?);
        call.send().await.map_err(refused)?;
        Ok(())
    }

    fn reached(seen: &Encryption, wanted: &Encryption) -> bool {
        seen.rules.len() == wanted.rules.len()
            && seen.rules.iter().zip(&wanted.rules).all(|(seen, wanted)| seen.is(wanted))
    }
}
