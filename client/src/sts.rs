//! Finds the identity of the caller, and assumes IAM roles.
//!
//! Source: AWS Security Token Service API Reference, `GetCallerIdentity` and `AssumeRole`.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::SdkConfig;

use crate::call::{CallError, ServiceClient, XmlElement};

/// The identity to which the credentials of a configuration belong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerIdentity {
    /// The account ID.
    pub account: String,
    /// The ARN of the user, or of the role session.
    pub arn: String,
}

/// Returns the identity to which the credentials of a configuration belong.
///
/// # Errors
/// [`CallError`] if the call of STS fails.
pub async fn get_caller_identity(config: &SdkConfig) -> Result<CallerIdentity, CallError> {
    let response = ServiceClient::sts(config).query_call("GetCallerIdentity").send_query().await?;
    let result = response.require_child("GetCallerIdentityResult")?;
    let text = |name| result.require_child(name).map(|element| element.text_content().to_owned());
    Ok(CallerIdentity { account: text("Account")?, arn: text("Arn")? })
}

/// The parameters of a role session.
#[derive(Clone, Copy, Debug)]
pub struct RoleSession<'a> {
    /// The ARN of the role.
    pub role_arn: &'a str,
    /// The name of the session, as it appears in the account's CloudTrail logs.
    pub name: &'a str,
    /// The source identity. Every session that this session assumes has the same source identity.
    pub source_identity: &'a str,
    /// The external ID that the trust policy of the role requires.
    pub external_id: Option<&'a str>,
    /// The duration of the session, in seconds.
    pub seconds: u32,
    /// The session policy in JSON. It limits the permissions of the session.
    pub policy: &'a str,
}

/// Assumes a role, and returns the credentials of the session. The credentials are not renewed:
/// they expire after the duration of the session.
///
/// # Errors
/// [`CallError`] if AWS denies the call, or if the call fails.
pub async fn assume_role(
    config: &SdkConfig,
    session: &RoleSession<'_>,
) -> Result<SharedCredentialsProvider, CallError> {
    let sts = ServiceClient::sts(config);
    let mut call = sts
        .query_call("AssumeRole")
        .with_parameter("RoleArn", session.role_arn)
        .with_parameter("RoleSessionName", session.name)
        .with_parameter("SourceIdentity", session.source_identity)
        .with_parameter("DurationSeconds", &session.seconds.to_string())
        .with_parameter("Policy", session.policy);
    if let Some(external_id) = session.external_id {
        call = call.with_parameter("ExternalId", external_id);
    }
    read_credentials(&call.send_query().await?).map(SharedCredentialsProvider::new)
}

fn read_credentials(response: &XmlElement) -> Result<Credentials, CallError> {
    let keys = response.require_child("AssumeRoleResult")?.require_child("Credentials")?;
    let text = |name| keys.require_child(name).map(|element| element.text_content().to_owned());
    let token = Some(text("SessionToken")?);
    Ok(Credentials::new(text("AccessKeyId")?, text("SecretAccessKey")?, token, None, "AssumeRole"))
}
