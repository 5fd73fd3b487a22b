//! Decides whether the principals of a statement include a caller.
//!
//! Source: AWS IAM User Guide, "AWS JSON policy elements: Principal" and "AWS JSON policy
//! elements: `NotPrincipal`".

use crate::model::document::{Members, PrincipalName};
use crate::model::request::Caller;

/// Returns whether `Principal` or `NotPrincipal` includes a caller. The result is `None` if AWS
/// documents no clear answer.
pub(crate) fn includes_caller(members: &Members<PrincipalName>, caller: &Caller) -> Option<bool> {
    if !members.is_complement {
        return Some(members.listed.iter().any(|name| names_caller(name, caller)));
    }
    // AWS requires the account beside a user or a role in `NotPrincipal`. The page does not state
    // the effect of one without the other.
    let (mut names_identity, mut names_account) = (false, false);
    for name in &members.listed {
        match name {
            PrincipalName::Aws(name) if account_of_root(name).is_some() => {
                names_account |= account_of_root(name) == caller.account();
            }
            name => names_identity |= names_caller(name, caller),
        }
    }
    match caller {
        Caller::Identity { .. } if members.listed.contains(&PrincipalName::Everyone) => Some(false),
        Caller::Identity { .. } if names_identity != names_account => None,
        _ => Some(!names_identity),
    }
}

/// Returns whether a name in `Principal` includes a caller.
fn names_caller(name: &PrincipalName, caller: &Caller) -> bool {
    match (name, caller) {
        // `*` includes services: for example, it lets Amazon S3 publish to a topic.
        (PrincipalName::Everyone, _) => true,
        (PrincipalName::Aws(name), Caller::Identity { arn }) => {
            name == arn
                || account_of_root(name).is_some_and(|own| Some(own) == caller.account())
                || session_role(arn).is_some_and(|role| Some(role) == role_name(name))
        }
        (PrincipalName::Service(name), Caller::Service(own)) => name.eq_ignore_ascii_case(own),
        (PrincipalName::Federated(name), Caller::Federated(own)) => name == own || name == "*",
        (PrincipalName::CanonicalUser(name), Caller::CanonicalUser(own)) => name == own,
        _ => false,
    }
}

/// Returns the account and the name of the role of a session. A role's name is unique in its account,
/// whatever its path is.
pub(crate) fn session_role(arn: &str) -> Option<(&str, &str)> {
    let (account, rest) = account_and_name(arn)?;
    Some((account, rest.strip_prefix("assumed-role/")?.split('/').next()?))
}

/// Returns the account and the name of a role.
fn role_name(arn: &str) -> Option<(&str, &str)> {
    let (account, rest) = account_and_name(arn)?;
    Some((account, rest.strip_prefix("role/")?.rsplit('/').next()?))
}

/// Returns the fifth and the sixth part of an ARN.
fn account_and_name(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(6, ':').skip(4);
    Some((parts.next()?, parts.next()?))
}

/// Returns the account of an account ID or of the ARN of an account's root, which both name all
/// principals of the account.
pub(crate) fn account_of_root(name: &str) -> Option<&str> {
    if is_account_id(name) {
        return Some(name);
    }
    let (account, rest) = account_and_name(name)?;
    (rest == "root" && is_account_id(account)).then_some(account)
}

/// Returns whether a text has the form of an account ID: 12 digits.
pub(crate) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:iam::111122223333:role/x";

    fn includes(names: &[&str], is_complement: bool) -> Option<bool> {
        let name = |name: &&str| match *name {
            "*" => PrincipalName::Everyone,
            name => PrincipalName::Aws(name.to_owned()),
        };
        let members = Members {
            listed: names.iter().map(name).collect(),
            written: Vec::new(),
            is_complement,
        };
        includes_caller(&members, &Caller::Identity { arn: ROLE.to_owned() })
    }

    #[test]
    fn an_identity_has_its_arn_and_its_account() {
        for name in ["*", ROLE, "111122223333", "arn:aws:iam::111122223333:root"] {
            assert_eq!(includes(&[name], false), Some(true), "{name}");
        }
        for name in ["444455556666", "arn:aws:iam::111122223333:role/y"] {
            assert_eq!(includes(&[name], false), Some(false), "{name}");
        }
    }

    #[test]
    fn not_principal_needs_the_identity_and_its_account() {
        assert_eq!(includes(&[ROLE, "111122223333"], true), Some(false));
        assert_eq!(includes(&["444455556666"], true), Some(true));
        assert_eq!(includes(&[ROLE], true), None);
        assert_eq!(includes(&["*"], true), Some(false));
    }
}
