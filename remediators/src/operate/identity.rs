//! The identity of the caller of a function URL.

use serde::Deserialize;
use serde_json::Value;

use super::error::OperateError;

/// The caller, as AWS IAM authenticated it.
///
/// Source: AWS Lambda Developer Guide, "Invoking Lambda function URLs", `requestContext.authorizer`
/// with the authentication type `AWS_IAM`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallerIdentity {
    /// The ARN of the caller.
    pub(super) user_arn: String,
    /// The unique id of the caller, such as `AROAEXAMPLE:ana`.
    #[serde(default)]
    pub(super) user_id: String,
}

/// Returns the caller of a request. The function reads only the part of the event that AWS writes,
/// never the headers or the body.
pub(super) fn read_identity(event: &Value) -> Result<CallerIdentity, OperateError> {
    let iam = event.pointer("/requestContext/authorizer/iam").cloned();
    let identity: CallerIdentity =
        iam.and_then(|iam| serde_json::from_value(iam).ok()).ok_or(OperateError::NoIdentity)?;
    if identity.user_arn.starts_with("arn:") { Ok(identity) } else { Err(OperateError::NoIdentity) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_the_identity_that_aws_wrote_counts() {
        let arn = "arn:aws:sts::111122223333:assumed-role/ops/ana";
        let event = json!({"requestContext": {"authorizer": {"iam": {
            "accessKey": "ASIA", "accountId": "111122223333", "callerId": "AROA:ana",
            "cognitoIdentity": null, "principalOrgId": "o-1", "userArn": arn, "userId": "AROA:ana"}}}});
        assert_eq!(read_identity(&event).unwrap().user_arn, arn);
        for forged in [
            json!({"headers": {"userarn": arn}, "body": {"userArn": arn}}),
            json!({"requestContext": {"authorizer": {"iam": {"userArn": ""}}}}),
            json!({"requestContext": {"authorizer": {"lambda": {"userArn": arn}}}}),
            json!({"requestContext": {"authorizer": null}}),
        ] {
            assert!(matches!(read_identity(&forged), Err(OperateError::NoIdentity)), "{forged}");
        }
    }
}
