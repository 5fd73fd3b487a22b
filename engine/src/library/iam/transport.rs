//! Detects resource policies that deny unencrypted requests.

use super::statement::{PolicyCondition, PolicyStatement};

/// Services with only one action that callers can send over HTTP, and this action. A policy that
/// denies this action denies every unencrypted request.
const ONLY_ACTION: &[(&str, &str)] = &[("sns", "publish"), ("execute-api", "invoke")];

/// Returns whether the statement denies every action to everyone unless the connection is
/// encrypted. A further condition, or a limit to a part of the resource, would leave some
/// unencrypted requests allowed.
pub(super) fn denies_unencrypted_requests(statement: &PolicyStatement) -> bool {
    !statement.allows
        && statement.not_principals.is_empty()
        && statement.is_for_everyone()
        && statement.actions.iter().any(|action| is_every_action(action))
        && statement.resources.iter().any(|resource| is_whole(resource))
        && matches!(statement.conditions.as_slice(), [only] if is_insecure(only))
}

fn is_insecure(condition: &PolicyCondition) -> bool {
    let operator = condition.operator.to_ascii_lowercase();
    matches!(operator.as_str(), "bool" | "boolifexists")
        && condition.key == "aws:securetransport"
        && !condition.values.is_empty()
        && condition.values.iter().all(|value| value.eq_ignore_ascii_case("false"))
}

fn is_every_action(action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    match action.split_once(':') {
        Some((service, name)) => name == "*" || ONLY_ACTION.contains(&(service, name)),
        None => action == "*",
    }
}

/// Returns whether the pattern covers a whole resource: all objects of a bucket, a queue, or every
/// path of an API.
fn is_whole(resource: &str) -> bool {
    let bucket = resource.strip_prefix("arn:").and_then(|rest| rest.split_once(":s3:::"));
    match (resource.split_once('/'), bucket) {
        (Some((_, path)), _) => {
            !path.is_empty() && path.chars().all(|char| matches!(char, '*' | '/'))
        }
        (None, Some((_, name))) => name.ends_with('*'),
        (None, None) => !resource.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::evaluate_source;
    use cel::Value;

    fn denies(statement: &str) -> bool {
        match evaluate_source(&format!("denies_unencrypted_http({{'Statement': [{statement}]}})")) {
            Ok(Value::Bool(denies)) => denies,
            other => panic!("{other:?}"),
        }
    }

    fn with(principal: &str, action: &str, resource: &str, condition: &str) -> bool {
        denies(&format!(
            "{{'Effect': 'Deny', 'Principal': {principal}, 'Action': {action},
                'Resource': {resource}, 'Condition': {condition}}}"
        ))
    }

    const INSECURE: &str = "{'Bool': {'aws:SecureTransport': 'false'}}";
    const BUCKET: &str = "['arn:aws:s3:::b', 'arn:aws:s3:::b/*']";

    #[test]
    fn the_usual_forms_count() {
        assert!(with("'*'", "'s3:*'", BUCKET, INSECURE));
        assert!(with(
            "{'AWS': '*'}",
            "['s3:*']",
            BUCKET,
            "{'Bool': {'AWS:SecureTransport': false}}"
        ));
        assert!(with("'*'", "'*'", "'*'", "{'BoolIfExists': {'aws:SecureTransport': [false]}}"));
        assert!(with("'*'", "'SQS:*'", "'arn:aws:sqs:eu-west-1:111122223333:q'", INSECURE));
        assert!(with("'*'", "'sns:Publish'", "'arn:aws:sns:eu-west-1:111122223333:t'", INSECURE));
        assert!(with("'*'", "'execute-api:Invoke'", "'execute-api:/*/*/*'", INSECURE));
    }

    #[test]
    fn a_partial_denial_does_not_count() {
        assert!(!with("'*'", "'s3:GetObject'", BUCKET, INSECURE));
        assert!(!with("{'AWS': '111122223333'}", "'s3:*'", BUCKET, INSECURE));
        assert!(!with("'*'", "'s3:*'", "'arn:aws:s3:::b'", INSECURE));
        assert!(!with("'*'", "'s3:*'", "'arn:aws:s3:::b/logs/*'", INSECURE));
        assert!(!with("'*'", "'s3:*'", BUCKET, "{'Bool': {'aws:SecureTransport': 'true'}}"));
        assert!(!with("'*'", "'s3:*'", BUCKET, "{}"));
        assert!(!with(
            "'*'",
            "'s3:*'",
            BUCKET,
            "{'Bool': {'aws:SecureTransport': 'false'}, 'StringEquals': {'aws:SourceVpc': 'v'}}"
        ));
    }

    #[test]
    fn allowing_encrypted_requests_denies_nothing() {
        assert!(!denies(
            "{'Effect': 'Allow', 'Principal': '*', 'Action': 's3:*', 'Resource': '*',
                'Condition': {'Bool': {'aws:SecureTransport': 'true'}}}"
        ));
        assert_eq!(evaluate_source("denies_unencrypted_http('')"), Ok(Value::Bool(false)));
    }
}
