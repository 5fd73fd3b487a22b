//! Detects public statements, as Amazon S3 defines them: the statement allows everyone, and no
//! condition limits the caller to fixed values.

use ipnet::IpNet;

use super::super::arn::Arn;
use super::super::internet;
use super::statement::{PolicyCondition, PolicyStatement};

/// Condition keys that identify the caller or the network of a request. A fixed value of one key is
/// sufficient.
const PINNING_KEYS: &[&str] = &[
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "kms:calleraccount",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
];

/// Operators that are true only for the values of the condition. A negated operator, such as
/// `StringNotEquals`, is true for all other values and therefore limits nobody.
const POSITIVE_OPERATORS: &[&str] =
    &["stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress"];

/// The shortest IPv4 prefix that counts as a fixed range.
const MIN_PREFIX_V4: u8 = 8;
/// The shortest IPv6 prefix that counts as a fixed range.
const MIN_PREFIX_V6: u8 = 32;

/// Returns whether the statement, without other statements, allows public access.
pub(super) fn is_public(statement: &PolicyStatement) -> bool {
    statement.allows && statement.is_for_everyone() && !statement.conditions.iter().any(pins_caller)
}

/// Returns whether the condition is true only for fixed callers. One matching value is sufficient
/// for the condition, so each value must be fixed.
fn pins_caller(condition: &PolicyCondition) -> bool {
    is_positive(&condition.operator)
        && is_pin(&condition.key, &condition.values)
        && (!is_text_pattern(&condition.operator)
            || condition.values.iter().all(|value| fixes_account(value)))
}

/// Returns whether the wildcards of an operator match across colons. The wildcards of ARN operators
/// do not.
fn is_text_pattern(operator: &str) -> bool {
    operator.to_ascii_lowercase().ends_with("stringlike")
}

/// Returns whether no wildcard precedes the account in an ARN.
///
/// A wildcard before the account that matches across colons can match the ARN of another account:
/// the path of a role can contain colons, so it can contain the rest of the pattern.
///
/// Source: IAM API Reference, `CreateRole`, `Path`; IAM User Guide, "IAM JSON policy elements:
/// Condition operators".
pub(super) fn fixes_account(value: &str) -> bool {
    let fixed = value.split(['*', '?']).next().unwrap_or_default();
    !value.starts_with("arn:") || fixed == value || fixed.matches(':').count() >= 5
}

/// Returns whether a key with these values identifies the caller or the network of a request.
pub(super) fn is_pin(key: &str, values: &[String]) -> bool {
    PINNING_KEYS.contains(&key)
        && !values.is_empty()
        && values.iter().all(|value| is_fixed(key, value))
        && !(key == "aws:sourceip" && internet::cover_internet(values))
}

/// Returns whether the operator is true only for the values of the condition and false for a
/// missing key. `…IfExists` and `ForAllValues:` are true for a missing key, so the result is then
/// false.
pub(super) fn is_positive(operator: &str) -> bool {
    let operator = operator.to_ascii_lowercase();
    let base = operator.strip_prefix("foranyvalue:").unwrap_or(&operator);
    POSITIVE_OPERATORS.contains(&base)
}

fn is_fixed(key: &str, value: &str) -> bool {
    if key == "aws:sourceip" {
        return is_narrow_range(value);
    }
    if value.is_empty() || value.contains("${") {
        return false;
    }
    let wild = |text: &str| text.contains(['*', '?']);
    if !wild(value) {
        return true;
    }
    match key {
        // A wildcard after the id of the organization is allowed, as in `o-example/*`: all accounts
        // still belong to one organization.
        "aws:principalorgpaths" | "aws:sourceorgpaths" | "aws:vpceorgpaths" => {
            value.split_once('/').is_some_and(|(org, _)| !org.is_empty() && !wild(org))
        }
        // A wildcard outside the account of an ARN is allowed: all resources still belong to one
        // account.
        _ => {
            Arn::parse_text(value).is_some_and(|arn| !arn.account.is_empty() && !wild(arn.account))
        }
    }
}

/// Returns whether a text is an address, or a range that is not wider than /8 (IPv4) or /32 (IPv6).
/// Such a range can belong to one owner.
pub(super) fn is_narrow_range(value: &str) -> bool {
    match value.parse() {
        Ok(IpNet::V4(range)) => range.prefix_len() >= MIN_PREFIX_V4,
        Ok(IpNet::V6(range)) => range.prefix_len() >= MIN_PREFIX_V6,
        // A single address.
        Err(_) => value.parse::<std::net::IpAddr>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::evaluate_source;
    use cel::Value;

    fn public(principal: &str, condition: &str) -> bool {
        let source = format!(
            "public_statements({{'Statement': [{{'Effect': 'Allow', 'Principal': {principal},
                'Action': 's3:GetObject', 'Resource': '*', 'Condition': {condition}}}]}}).size()"
        );
        evaluate_source(&source) == Ok(Value::Int(1))
    }

    #[test]
    fn everyone_is_spelled_in_three_ways() {
        assert!(public("'*'", "{}"));
        assert!(public("{'AWS': '*'}", "{}"));
        assert!(public("{'AWS': ['arn:aws:iam::111122223333:root', '*']}", "{}"));
        assert!(!public("{'AWS': 'arn:aws:iam::111122223333:root'}", "{}"));
        assert!(!public("{'Service': 'sns.amazonaws.com'}", "{}"));
    }

    #[test]
    fn everyone_but_some_is_public_only_when_allowed() {
        let count = |effect: &str| {
            evaluate_source(&format!(
                "public_statements({{'Statement': {{'Effect': '{effect}', 'Action': '*',
                    'NotPrincipal': {{'AWS': '111122223333'}}, 'Resource': '*'}}}}).size()"
            ))
        };
        assert_eq!((count("Allow"), count("Deny")), (Ok(Value::Int(1)), Ok(Value::Int(0))));
    }

    #[test]
    fn fixed_values_narrow_a_statement() {
        for condition in [
            "{'StringEquals': {'aws:SourceAccount': '111122223333'}}",
            "{'StringEquals': {'AWS:SourceOwner': ['111122223333', '444455556666']}}",
            "{'ArnLike': {'aws:SourceArn': 'arn:aws:sns:*:111122223333:*'}}",
            "{'ArnLike': {'aws:PrincipalArn': 'arn:*:iam::111122223333:role/x'}}",
            "{'StringLike': {'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/x'}}",
            "{'StringLike': {'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/*'}}",
            "{'ForAnyValue:StringLike': {'aws:PrincipalOrgPaths': 'o-a1b2c3d4e5/*'}}",
            "{'IpAddress': {'aws:SourceIp': ['203.0.113.0/24', '2001:db8::/32', '8.8.8.8']}}",
            "{'StringEquals': {'kms:CallerAccount': '1', 'kms:ViaService': 'x'}}",
            "{'Bool': {'aws:SecureTransport': true}, 'StringEquals': {'aws:SourceVpce': 'vpce-1'}}",
        ] {
            assert!(!public("'*'", condition), "{condition}");
        }
    }

    #[test]
    fn other_conditions_do_not_narrow() {
        for condition in [
            "{'StringLike': {'aws:SourceAccount': '*'}}",
            "{'StringLike': {'aws:SourceVpc': 'vpc-*'}}",
            "{'StringLike': {'aws:PrincipalArn': 'arn:*:iam::111122223333:role/x'}}",
            "{'ForAnyValue:StringLike': {'aws:PrincipalArn': 'arn:aws:iam:*:111122223333:role/x'}}",
            "{'StringLike': {'aws:SourceArn': 'arn:aws:s?s::111122223333:*'}}",
            "{'StringEquals': {'aws:PrincipalOrgID': '${aws:PrincipalOrgID}'}}",
            "{'ArnLike': {'aws:SourceArn': ['arn:aws:sns:*:111122223333:*', 'arn:aws:sns:*:*:*']}}",
            "{'StringNotEquals': {'aws:SourceAccount': '111122223333'}}",
            "{'StringEqualsIfExists': {'aws:SourceAccount': '111122223333'}}",
            "{'ForAllValues:StringEquals': {'aws:PrincipalOrgID': 'o-a1b2c3d4e5'}}",
            "{'IpAddress': {'aws:SourceIp': '0.0.0.0/0'}}",
            "{'IpAddress': {'aws:SourceIp': ['203.0.113.0/24', '0.0.0.0/1']}}",
            "{'IpAddress': {'aws:SourceIp': '::/0'}}",
            "{'IpAddress': {'aws:SourceIp': ['16.0.0.0/8', '17.0.0.0/8', '18.0.0.0/8']}}",
            "{'NotIpAddress': {'aws:SourceIp': '203.0.113.0/24'}}",
            "{'StringEquals': {'lambda:FunctionUrlAuthType': 'NONE'}}",
            "{'StringEquals': {'aws:SourceAccount': []}}",
            "{'Null': {'aws:SourceAccount': 'false'}}",
        ] {
            assert!(public("'*'", condition), "{condition}");
        }
    }
}
