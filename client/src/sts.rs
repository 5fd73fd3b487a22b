//! Who calls, and sessions of roles.
//!
//! Source: AWS Security Token Service API Reference, `GetCallerIdentity` and `AssumeRole`.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::SdkConfig;

use crate::call::{CallError, ServiceClient, XmlElement};

/// Whose credentials a configuration has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerIdentity {
    /// The account.
    pub account: String,
    /// The user, or the session of a role.
    pub arn: String,
}

/// Asks whose credentials a configuration has.
///
/// # Errors
/// When AWS does not tell.
pub async fn get_caller_identity(config: &SdkConfig) -> Result<CallerIdentity, CallError> {
    let answer = ServiceClient::sts(config).query_call("GetCallerIdentity").send_query().await?;
    let result = answer.require_child("GetCallerIdentityResult")?;
    let text = |name| result.require_child(name).map(|element| element.text_content().to_owned());
    Ok(CallerIdentity { account: text("Account")?, arn: text("Arn")? })
}

/// A session of a role, as it is asked for.
#[derive(Clone, Copy, Debug)]
pub struct RoleSession<'a> {
    /// The role.
    pub role_arn: &'a str,
    /// The name of the session in the account's trails.
    pub name: &'a str,
    /// What the sessions that this one assumes are also known by.
    pub source_identity: &'a str,
    /// What the role's trust policy demands.
    pub external_id: Option<&'a str>,
    /// How long it lasts, in seconds.
    pub seconds: u32,
    /// What the session may do at most, as a policy in JSON.
    pub policy: &'a str,
}

/// Takes a role; the credentials are those of the session, and are not renewed.
///
/// # Errors
/// When AWS refuses the role.
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

fn read_credentials(answer: &XmlElement) -> Result<Credentials, CallError> {
    let keys = answer.require_child("AssumeRoleResult")?.require_child("Credentials")?;
    let text = |name| keys.require_child(name).map(|element| element.text_content().to_owned());
    let token = Some(text("SessionToken")?);
    Ok(Credentials::new(text("AccessKeyId")?, text("SecretAccessKey")?, token, None, "AssumeRole"))
}
