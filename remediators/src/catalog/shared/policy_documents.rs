//! Asks the crate `evenkeel-iam` about resource policies before a remediator writes them.

use evenkeel_iam::{
    PolicyDocument, Surroundings, find_insecure_request, grants_new_access, join_answers,
    public_statements,
};
use serde_json::{Value, json};

use crate::remediator::PlanRefusal;

/// Parses a resource policy.
///
/// # Errors
/// [`PlanRefusal::NeedsPerson`] if the value is not a policy document.
pub(crate) fn read_policy(policy: &Value) -> Result<PolicyDocument, PlanRefusal> {
    PolicyDocument::from_json(policy)
        .map_err(|error| PlanRefusal::NeedsPerson(format!("{error}; correct the policy by hand")))
}

/// Returns whether a policy denies every request without TLS for the resources.
pub(crate) fn denies_insecure_transport(
    policy: &Value,
    resources: &[&str],
) -> Result<bool, PlanRefusal> {
    let document = read_policy(policy)?;
    Ok(find_insecure_request(&document, resources, &Surroundings::default()).is_no())
}

/// Checks that a policy with a denial of insecure transport differs from the policy before only in
/// this: it allows no request that was not allowed, and it still allows every request with TLS.
///
/// # Errors
/// [`PlanRefusal::NeedsPerson`] if the policy allows or denies something else, or if that is unknown.
pub(crate) fn check_transport_denial(before: &Value, after: &Value) -> Result<(), PlanRefusal> {
    let insecure = json!({"Statement": {
        "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }});
    let (before, after) = (read_policy(before)?, read_policy(after)?);
    let expected = before.join_document(&read_policy(&insecure)?);
    let surroundings = Surroundings::default();
    let grants_more = !grants_new_access(&before, &after, &surroundings).is_no();
    if grants_more || !grants_new_access(&after, &expected, &surroundings).is_no() {
        let why = "Evenkeel cannot prove that the new resource policy only denies unencrypted HTTP; \
                   change the policy by hand";
        return Err(PlanRefusal::NeedsPerson(why.to_owned()));
    }
    Ok(())
}

/// Returns whether a single statement lets strangers in. Unknown counts as no, because a remediator
/// removes only what is certain.
pub(crate) fn is_public_statement(statement: &Value) -> bool {
    PolicyDocument::from_json(&json!({"Statement": [statement]})).is_ok_and(|document| {
        let found = public_statements(&document, &Surroundings::default());
        found.iter().any(|one| one.answer.is_yes())
    })
}

/// Returns whether it is unproven that a single statement lets no strangers in.
pub(crate) fn is_possibly_public_statement(statement: &Value) -> bool {
    let document = PolicyDocument::from_json(&json!({"Statement": [statement]}));
    document.map_or(true, |document| {
        let found = public_statements(&document, &Surroundings::default());
        !join_answers(&found).is_no()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_with_an_unknown_condition_is_possibly_public() {
        let statement = |condition: Value| {
            json!({"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction",
                "Resource": "arn:aws:lambda:eu-central-1:111122223333:function:f",
                "Condition": condition})
        };
        let unknown = statement(json!({"StringEqualz": {"aws:SourceAccount": "111122223333"}}));
        assert!(!is_public_statement(&unknown) && is_possibly_public_statement(&unknown));
        let own = statement(json!({"StringEquals": {"aws:PrincipalAccount": "111122223333"}}));
        assert!(!is_possibly_public_statement(&own));
    }

    #[test]
    fn a_change_that_does_more_than_deny_insecure_transport_is_refused() {
        let allow = |principal: &str| {
            json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sqs:SendMessage",
                "Resource": "arn:aws:sqs:eu-central-1:111122223333:q"})
        };
        let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "sqs:*",
            "Resource": "arn:aws:sqs:eu-central-1:111122223333:q",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
        let policy = |statements: Value| json!({"Version": "2012-10-17", "Statement": statements});
        let before = policy(json!([allow("444455556666")]));
        let check = |after| check_transport_denial(&before, &policy(after));
        assert_eq!(check(json!([allow("444455556666"), deny])), Ok(()));
        assert!(check(json!([allow("*"), deny])).is_err(), "grants more");
        assert!(check(json!([deny])).is_err(), "takes more");
    }

    fn statement(change: &Value) -> Value {
        let mut statement = json!({
            "Sid": "a", "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction",
            "Resource": "arn:aws:lambda:eu-central-1:111122223333:function:f",
        });
        for (field, value) in change.as_object().unwrap() {
            statement[field] = value.clone();
        }
        statement
    }

    fn condition(operator: &str, key: &str, value: impl Into<Value>) -> Value {
        json!({"Condition": {operator: {key: value.into()}}})
    }

    #[test]
    fn a_statement_is_public_unless_a_condition_restricts_the_caller() {
        for (change, public) in [
            (json!({}), true),
            (json!({"Principal": {"AWS": ["*"]}}), true),
            (json!({"Principal": {"Service": "*"}}), false),
            (json!({"Principal": {"AWS": "arn:aws:iam::111122223333:root"}}), false),
            (json!({"Effect": "Deny"}), false),
            (condition("StringEquals", "lambda:FunctionUrlAuthType", "AWS_IAM"), true),
            (condition("StringEquals", "aws:PrincipalOrgID", "o-a1b2c3d4e5"), false),
            (condition("StringEquals", "AWS:SourceAccount", "111122223333"), false),
            (condition("StringEqualsIfExists", "AWS:SourceAccount", "111122223333"), true),
            (condition("StringNotEquals", "AWS:SourceAccount", "111122223333"), true),
            (condition("ArnLike", "AWS:SourceArn", "arn:aws:s3:::b"), false),
            (condition("ArnLike", "AWS:SourceArn", "arn:aws:sns:*:111122223333:*"), false),
            (condition("ArnLike", "AWS:SourceArn", "arn:aws:sns:*:*:topic"), true),
            (condition("ArnLike", "AWS:SourceArn", json!(["arn:aws:s3:::b", "*"])), true),
        ] {
            assert_eq!(is_public_statement(&statement(&change)), public, "{change}");
        }
    }
}
