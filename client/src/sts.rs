//! Who calls, and sessions of roles.
//!
//! Source: AWS Security Token Service API Reference, `GetCallerIdentity` and `AssumeRole`.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::SdkConfig;

use crate::call::{CallError, Element, Service};

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
    let answer = Service::sts(config).query("GetCallerIdentity").send().await?;
    let result = answer.get("GetCallerIdentityResult")?;
    let text = |name| result.get(name).map(|element| element.text().to_owned());
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
    let sts = Service::sts(config);
    let mut call = sts
        .query("AssumeRole")
        .with("RoleArn", session.role_arn)
        .with("RoleSessionName", session.name)
        .with("SourceIdentity", session.source_identity)
        .with("DurationSeconds", &session.seconds.to_string())
        .with("Policy", session.policy);
    if let Some(external_id) = session.external_id {
        call = call.with("ExternalId", external_id);
    }
    read_credentials(&call.send().await?).map(SharedCredentialsProvider::new)
}

fn read_credentials(answer: &Element) -> Result<Credentials, CallError> {
    let keys = answer.get("AssumeRoleResult")?.get("Credentials")?;
    let text = |name| keys.get(name).map(|element| element.text().to_owned());
    let token = Some(text("SessionToken")?);
    Ok(Credentials::new(text("AccessKeyId")?, text("SecretAccessKey")?, token, None, "AssumeRole"))
}
