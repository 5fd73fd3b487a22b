//! Compares AWS identities, because the violator of a policy must not approve the remediation.

use evenkeel_aws::Arn;

/// The name prefix of roles that IAM Identity Center manages. The session name of such a role is
/// the name of the user.
///
/// Source: AWS IAM Identity Center User Guide, "Referencing permission sets in resource policies,
/// Amazon EKS Cluster config maps, and AWS KMS key policies".
const IDENTITY_CENTER_ROLE: &str = "AWSReservedSSO_";

/// The principal that an ARN identifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallerPrincipal<'a> {
    /// A role. `session` is the session name if the ARN is an assumed role.
    Role { account: &'a str, name: &'a str, session: Option<&'a str> },
    /// A federated user. The name is not compared, because the IAM user who creates the session
    /// chooses it.
    FederatedUser { account: &'a str },
    /// A principal whose name its user cannot choose.
    Other(&'a str),
}

/// Returns whether two ARNs can belong to the same person or program. Session names of roles are
/// ignored, because the caller chooses them. For roles of IAM Identity Center, equal session names
/// mean the same person in all accounts. A federated user counts as every identity of its account.
///
/// Source: AWS Security Token Service API Reference, `AssumeRole` and `GetFederationToken`.
pub fn is_same_identity(one: &str, other: &str) -> bool {
    use CallerPrincipal::{FederatedUser, Other, Role};
    match (read_principal(one), read_principal(other)) {
        (
            Role { account, name, session },
            Role { account: other_account, name: other_name, session: other_session },
        ) => {
            (account == other_account && name == other_name)
                || (is_identity_center_role(name)
                    && is_identity_center_role(other_name)
                    && is_same_person(session, other_session))
        }
        (FederatedUser { account }, _) => belongs_to_account(other, account),
        (_, FederatedUser { account }) => belongs_to_account(one, account),
        (Other(one), Other(other)) => one == other,
        _ => false,
    }
}

fn read_principal(arn: &str) -> CallerPrincipal<'_> {
    let Some(Arn { service, account, resource, .. }) = Arn::parse_text(arn) else {
        return CallerPrincipal::Other(arn);
    };
    match (service, resource.split_once('/')) {
        ("sts", Some(("assumed-role", rest))) => {
            let (name, session) = rest.split_once('/').unwrap_or((rest, ""));
            CallerPrincipal::Role { account, name, session: Some(session) }
        }
        ("sts", Some(("federated-user", _))) => CallerPrincipal::FederatedUser { account },
        ("iam", Some(("role", path))) => {
            let name = path.rsplit('/').next().unwrap_or(path);
            CallerPrincipal::Role { account, name, session: None }
        }
        _ => CallerPrincipal::Other(arn),
    }
}

fn is_identity_center_role(role: &str) -> bool {
    role.starts_with(IDENTITY_CENTER_ROLE)
}

/// Returns whether two session names are equal. User names in IAM Identity Center are not
/// case-sensitive.
fn is_same_person(one: Option<&str>, other: Option<&str>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
}

fn belongs_to_account(arn: &str, account: &str) -> bool {
    Arn::parse_text(arn).is_some_and(|arn| arn.account == account)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SSO: &str = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Dev_1a/mara";

    #[test]
    fn all_sessions_of_a_role_are_one_identity() {
        let same = [
            (
                "arn:aws:sts::111122223333:assumed-role/dev/mara",
                "arn:aws:sts::111122223333:assumed-role/dev/mara2",
            ),
            (
                "arn:aws:iam::111122223333:role/teams/dev",
                "arn:aws:sts::111122223333:assumed-role/dev/x",
            ),
            ("arn:aws:iam::111122223333:user/mara", "arn:aws:iam::111122223333:user/mara"),
            ("arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:root"),
            (
                "arn:aws:sts::111122223333:federated-user/a",
                "arn:aws:sts::111122223333:federated-user/b",
            ),
            ("arn:aws:iam::111122223333:user/mara", "arn:aws:sts::111122223333:federated-user/b"),
            (SSO, "arn:aws:sts::999900001111:assumed-role/AWSReservedSSO_Approve_2b/Mara"),
        ];
        for (one, other) in same {
            assert!(is_same_identity(one, other), "{one} {other}");
            assert!(is_same_identity(other, one), "{other} {one}");
        }
    }

    #[test]
    fn different_roles_users_and_people_are_different() {
        let different = [
            (
                "arn:aws:sts::111122223333:assumed-role/dev/mara",
                "arn:aws:sts::999900001111:assumed-role/dev/mara",
            ),
            (
                "arn:aws:sts::111122223333:assumed-role/dev/mara",
                "arn:aws:sts::111122223333:assumed-role/ops/mara",
            ),
            ("arn:aws:iam::111122223333:user/mara", "arn:aws:iam::111122223333:user/ines"),
            (SSO, "arn:aws:sts::999900001111:assumed-role/AWSReservedSSO_Approve_2b/ines"),
            (SSO, "arn:aws:sts::999900001111:assumed-role/approve/mara"),
            ("cloudformation.amazonaws.com", "arn:aws:iam::111122223333:user/ines"),
            ("", "arn:aws:iam::111122223333:user/ines"),
        ];
        for (one, other) in different {
            assert!(!is_same_identity(one, other), "{one} {other}");
            assert!(!is_same_identity(other, one), "{other} {one}");
        }
    }
}
