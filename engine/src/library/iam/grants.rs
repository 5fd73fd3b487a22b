//! Finds allowed principals of other accounts, and statements that allow everything.

use std::collections::BTreeSet;

use cel::ExecutionError;

use super::super::arn::Arn;
use super::caller::CallerClass;
use super::deny::{self, RemainingAccess};
use super::public_access::is_positive;
use super::statement::{PolicyCondition, PolicyStatement};
use evenkeel_aws::is_account_id;

/// Condition keys whose value is an account ID, or an ARN with an account ID.
const ACCOUNT_KEYS: &[&str] = &[
    "aws:principalaccount",
    "aws:principalarn",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceowner",
    "kms:calleraccount",
    "s3:dataaccesspointaccount",
];

/// Returns whether the statement allows every action on every resource without conditions.
pub(super) fn is_admin(statement: &PolicyStatement) -> bool {
    let all_actions = |action: &String| matches!(action.as_str(), "*" | "*:*");
    statement.allows
        && statement.conditions.is_empty()
        && statement.actions.iter().any(all_actions)
        && statement.resources.iter().any(|resource| resource == "*")
}

/// Returns whether the statement denies every action on every resource without conditions.
pub(super) fn denies_everything(statement: &PolicyStatement) -> bool {
    is_admin(&PolicyStatement { allows: !statement.allows, ..statement.clone() })
}

/// Returns the allowed principals that do not belong to `account`, sorted. The result does not
/// include principals to whom Deny statements block all access.
pub(super) fn outside_principals(
    statements: &[PolicyStatement],
    account: &str,
) -> Result<BTreeSet<String>, ExecutionError> {
    let mut found = BTreeSet::new();
    for statement in statements.iter().filter(|statement| statement.allows) {
        let mut names: BTreeSet<String> = statement
            .principals
            .iter()
            .filter_map(|name| foreign_principal(name, account))
            .collect();
        if statement.is_for_everyone() {
            names.extend(narrow_everyone(statement, account));
        }
        for name in names {
            if is_allowed(&name, statement, statements, account)? {
                found.insert(name);
            }
        }
    }
    Ok(found)
}

fn is_allowed(
    name: &str,
    statement: &PolicyStatement,
    statements: &[PolicyStatement],
    account: &str,
) -> Result<bool, ExecutionError> {
    if name != "*" {
        return deny::is_open(statement, statements, CallerClass::Named(name));
    }
    if deny::remaining_access(statement, statements, CallerClass::Outsider(account))?
        == RemainingAccess::Closed
    {
        return Ok(false);
    }
    // A Deny with an exception for an organization or a network still allows accounts other than
    // this one. If the access of strangers is undecided, `public_statements` reports it.
    Ok(deny::remaining_access(statement, statements, CallerClass::Stranger)?
        != RemainingAccess::Undecided)
}

/// Returns the other accounts to which conditions limit a statement for everyone, or `*` if no
/// condition names accounts.
fn narrow_everyone(statement: &PolicyStatement, account: &str) -> BTreeSet<String> {
    match statement.conditions.iter().find_map(condition_accounts) {
        Some(mut accounts) => {
            accounts.remove(account);
            accounts
        }
        None => BTreeSet::from(["*".to_owned()]),
    }
}

/// Returns the accounts that a condition names, if the condition excludes all other accounts.
fn condition_accounts(condition: &PolicyCondition) -> Option<BTreeSet<String>> {
    if !is_positive(&condition.operator) || !ACCOUNT_KEYS.contains(&condition.key.as_str()) {
        return None;
    }
    let named: Option<BTreeSet<String>> =
        condition.values.iter().map(|v| parse_account(v)).collect();
    named.filter(|accounts| !accounts.is_empty())
}

fn parse_account(value: &str) -> Option<String> {
    let account = Arn::parse_text(value).map_or(value, |arn| arn.account);
    is_account_id(account).then(|| account.to_owned())
}

/// Returns the principal if it belongs to another account than `account`, and otherwise `None`.
///
/// The result is `None` for everyone (`*`), a service, a federated identity, and an ARN without an
/// account ID. For the root of an account, the function returns the account ID.
fn foreign_principal(principal: &str, account: &str) -> Option<String> {
    let own_or_service = principal == "*"
        || principal == account
        || principal.starts_with("service:")
        || principal.starts_with("federated:");
    if own_or_service {
        return None;
    }
    match Arn::parse_text(principal) {
        Some(arn) if arn.account == account || !is_account_id(arn.account) => None,
        Some(arn) if arn.resource == "root" => Some(arn.account.to_owned()),
        _ => Some(principal.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{assert_holds, evaluate_source};
    use cel::Value;

    fn outside(statement: &str) -> String {
        let source = format!(
            "cross_account_principals({{'Statement': [{statement}]}}, '111122223333').join(' ')"
        );
        match evaluate_source(&source) {
            Ok(Value::String(names)) => names.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_principals_of_other_accounts_are_listed() {
        let names = outside(
            "{'Effect': 'Allow', 'Principal': {
                'AWS': ['arn:aws:iam::444455556666:root', 'arn:aws:iam::111122223333:role/own',
                    '111122223333', '222233334444', 'arn:aws:iam::444455556666:role/r',
                    'arn:aws:iam::cloudfront:user/OAI'],
                'Service': 'ec2.amazonaws.com',
                'Federated': 'arn:aws:iam::111122223333:saml-provider/p'}}",
        );
        assert_eq!(names, "222233334444 444455556666 arn:aws:iam::444455556666:role/r");
    }

    #[test]
    fn a_denied_principal_is_not_listed() {
        assert_eq!(outside("{'Effect': 'Deny', 'Principal': '*'}"), "");
    }

    #[test]
    fn conditions_can_limit_everyone_to_accounts() {
        let with = |condition: &str| {
            outside(&format!("{{'Effect': 'Allow', 'Principal': '*', 'Condition': {condition}}}"))
        };
        assert_eq!(with("{}"), "*");
        assert_eq!(with("{'StringEquals': {'kms:CallerAccount': '111122223333'}}"), "");
        assert_eq!(
            with("{'StringEquals': {'aws:PrincipalAccount': ['111122223333', '444455556666']}}"),
            "444455556666"
        );
        assert_eq!(with("{'StringEquals': {'aws:PrincipalOrgID': 'o-a1b2c3d4e5'}}"), "*");
        assert_eq!(with("{'StringNotEquals': {'aws:PrincipalAccount': '111122223333'}}"), "*");
        assert_eq!(with("{'ArnLike': {'aws:SourceArn': 'arn:aws:s3:::bucket'}}"), "*");
    }

    #[test]
    fn admins_are_found() {
        let count = |statement: &str| {
            evaluate_source(&format!("admin_statements({{'Statement': {statement}}}).size()"))
        };
        for statement in [
            "{'Effect': 'Allow', 'Action': '*', 'Resource': '*'}",
            "{'Effect': 'Allow', 'Action': ['ec2:*', '*:*'], 'Resource': ['*']}",
        ] {
            assert_eq!(count(statement), Ok(Value::Int(1)), "{statement}");
        }
        for statement in [
            "{'Effect': 'Deny', 'Action': '*', 'Resource': '*'}",
            "{'Effect': 'Allow', 'Action': 'iam:*', 'Resource': '*'}",
            "{'Effect': 'Allow', 'Action': '*', 'Resource': 'arn:aws:s3:::b'}",
            "{'Effect': 'Allow', 'Action': '*', 'Resource': '*',
                'Condition': {'Bool': {'aws:MultiFactorAuthPresent': 'true'}}}",
        ] {
            assert_eq!(count(statement), Ok(Value::Int(0)), "{statement}");
        }
        assert_holds(&["admin_statements(null) == []"]);
    }
}
