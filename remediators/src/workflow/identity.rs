//! Whether two identities of AWS are one: whoever violated a policy cannot approve the repair.

use evenkeel_aws::Arn;

/// The name of a role that IAM Identity Center manages begins so. Its sessions are called as the person signs in.
///
/// Source: AWS IAM Identity Center User Guide, "Referencing permission sets in resource policies, Amazon EKS Cluster
/// config maps, and AWS KMS key policies".
const IDENTITY_CENTER_ROLE: &str = "AWSReservedSSO_";

/// What an ARN says of who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallerPrincipal<'a> {
    /// A role, with the name of the session where it is one.
    Role { account: &'a str, name: &'a str, session: Option<&'a str> },
    /// A federated user: the IAM user who made the session chose its name.
    FederatedUser { account: &'a str },
    /// What has no name that its holder could choose.
    Other(&'a str),
}

/// Whether two ARNs may be those of one person or program. The name of a role's session says nothing: whoever takes
/// the role chooses it. Where a person signs in through IAM Identity Center, its name is theirs in every account.
///
/// Source: AWS Security Token Service API Reference, `AssumeRole` and `GetFederationToken`.
pub(crate) fn is_same_identity(one: &str, other: &str) -> bool {
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

/// IAM Identity Center does not tell upper from lower case in names of users.
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
    fn a_role_is_one_identity_whatever_its_session_is_called() {
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
