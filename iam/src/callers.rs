//! Classes of callers, and the values that condition keys can have in their requests.

use ipnet::IpNet;

use crate::model::request::Caller;
use crate::named::NamedValues;
use crate::solver::domain::{KeyDomain, ValueDomain};
use crate::solver::pattern::Pattern;
use crate::solver::problem::KeyDomains;

/// What is known about the caller of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CallerKind {
    /// A request without a signature.
    Anonymous,
    /// A role, or a session of it. Without an ARN, any role of the account.
    Role { account: String, arn: Option<String> },
    /// An IAM user. Without an ARN, any user of the account.
    User { account: String, arn: Option<String> },
    /// A service that acts for a resource of an account.
    Service { name: String, for_account: Option<String> },
    /// An identity of an identity provider.
    Federated(String),
    /// An account, by its canonical user ID.
    CanonicalUser(String),
    /// The identity to which a policy is attached, without further knowledge.
    Holder,
}

/// From where the request comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NetworkPath {
    Internet,
    /// Through a VPC endpoint of the caller.
    VpcEndpoint,
    /// Either, or a path that does not matter.
    Any,
}

/// Which values count as named in full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PublicDefinition {
    /// A stranger is somebody who is named by nothing in the document.
    #[default]
    Reachable,
    /// As Amazon S3 defines public: a value with a wildcard names nobody, except the name of an
    /// access point. In particular, `aws:userid` with the pattern `AROA...:*` does not.
    ///
    /// Source: Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage".
    AmazonS3,
}

/// A class of callers.
#[derive(Clone, Debug)]
pub(crate) struct CallerClass<'d> {
    pub(crate) kind: CallerKind,
    pub(crate) path: NetworkPath,
    pub(crate) named: &'d NamedValues,
    /// True if the caller has none of the named values. False if nothing is known about its
    /// organization and its networks.
    pub(crate) is_stranger: bool,
    /// True if the class is one account, whose organization is not known.
    pub(crate) is_one_account: bool,
    pub(crate) definition: PublicDefinition,
    /// The account of the resource, if it is known.
    pub(crate) resource_account: Option<&'d str>,
}

/// The shortest IPv6 prefix that is a fixed value for Amazon S3.
const S3_OWNED_V6: u8 = 32;

/// Keys that only a service sets that calls for a resource.
const SERVICE_KEYS: &[&str] = &[
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:principalservicename",
    "aws:principalservicenameslist",
];

impl CallerClass<'_> {
    /// Returns the caller of a witness. `principal_arn` is the value of `aws:PrincipalArn`, if the
    /// search has chosen one.
    pub(crate) fn build_caller(&self, principal_arn: Option<&str>) -> Caller {
        let chosen = || principal_arn.map(str::to_owned);
        let identity = |account: &str, arn: &Option<String>, sample: &str| Caller::Identity {
            arn: arn
                .clone()
                .or_else(chosen)
                .unwrap_or_else(|| format!("arn:aws:iam::{account}:{sample}")),
        };
        match &self.kind {
            CallerKind::Anonymous => Caller::Anonymous,
            CallerKind::Role { account, arn } => identity(account, arn, "role/x"),
            CallerKind::User { account, arn } => identity(account, arn, "user/x"),
            CallerKind::Service { name, .. } => Caller::Service(name.clone()),
            CallerKind::Federated(provider) => Caller::Federated(provider.clone()),
            CallerKind::CanonicalUser(id) => Caller::CanonicalUser(id.clone()),
            CallerKind::Holder => identity("111122223333", &None, "role/x"),
        }
    }

    fn account(&self) -> Option<&str> {
        match &self.kind {
            CallerKind::Role { account, .. } | CallerKind::User { account, .. } => Some(account),
            CallerKind::Service { for_account, .. } => for_account.as_deref(),
            _ => None,
        }
    }

    fn is_role(&self) -> bool {
        matches!(self.kind, CallerKind::Role { .. })
    }

    /// Returns the domain of `aws:PrincipalArn`.
    fn principal_arn(&self) -> KeyDomain {
        match &self.kind {
            CallerKind::Role { arn: Some(arn), .. } | CallerKind::User { arn: Some(arn), .. } => {
                match session_role(arn) {
                    Some(pattern) => KeyDomain::arns(&[pattern]),
                    None => KeyDomain::listed(&[arn]),
                }
            }
            CallerKind::Role { account, .. } => {
                KeyDomain::arns(&partition_forms(&format!("iam::{account}:role/?*")))
            }
            CallerKind::User { account, .. } => {
                KeyDomain::arns(&partition_forms(&format!("iam::{account}:user/?*")))
            }
            CallerKind::Holder => KeyDomain::arns(
                &[partition_forms("iam::*:role/?*"), partition_forms("iam::*:user/?*")].concat(),
            ),
            _ => KeyDomain::never(),
        }
    }

    /// Returns the domain of a key that identifies an organization.
    fn organization(&self, pattern: &str, ending: &str) -> KeyDomain {
        let domain = KeyDomain::like(&[pattern]).or_absent();
        if self.is_one_account {
            return domain.with_unknown_value();
        }
        if !self.is_stranger {
            return domain;
        }
        let named: Vec<Pattern> = self
            .named
            .organizations()
            .iter()
            .map(|id| Pattern::like(&format!("{id}{ending}")))
            .collect();
        domain.without(named.into_iter())
    }

    /// Returns the patterns of the values of a key that a stranger cannot have.
    fn named_patterns(&self, key: &str) -> Vec<Pattern> {
        if !self.is_stranger {
            return Vec::new();
        }
        self.named.values_of(key).map(Pattern::exact).collect()
    }

    fn user_id(&self) -> KeyDomain {
        let domain = match &self.kind {
            CallerKind::Anonymous => return KeyDomain::listed(&["anonymous"]),
            CallerKind::Role { .. } => KeyDomain::like(&["AROA?*:?*"]),
            CallerKind::User { .. } => KeyDomain::like(&["AIDA?*"]),
            CallerKind::Holder => KeyDomain::like(&["AROA?*:?*", "AIDA?*"]),
            CallerKind::Service { .. } => return KeyDomain::never(),
            _ => return KeyDomain::any(),
        };
        let mut named = self.named_patterns("aws:userid");
        if self.is_stranger && self.definition == PublicDefinition::Reachable {
            // The part before the colon identifies a role, and nobody else can have it.
            let ids = self.named.written_values("aws:userid").filter_map(|id| id.split(':').next());
            let ids = ids.filter(|id| !id.contains(['*', '?', '$']) && !id.is_empty());
            named.extend(ids.map(|id| Pattern::like(&format!("{id}:*"))));
        }
        domain.without(named.into_iter())
    }

    fn source_arn(&self) -> KeyDomain {
        let CallerKind::Service { for_account: Some(account), .. } = &self.kind else {
            return KeyDomain::any();
        };
        let own = partition_forms(&format!("?*:*:{account}:?*"));
        KeyDomain::arns(&[own, partition_forms("s3:::?*")].concat())
            .or_absent()
            .without(self.named_patterns("aws:sourcearn").into_iter())
    }

    /// Returns the domain of a key of the network.
    fn network_key(&self, key: &str) -> Option<KeyDomain> {
        let through_endpoint = |domain: KeyDomain| match self.path {
            NetworkPath::Internet => KeyDomain::never(),
            NetworkPath::VpcEndpoint => domain.present(),
            NetworkPath::Any => domain.or_absent(),
        };
        let named = |key| self.named_patterns(key).into_iter();
        Some(match key {
            "aws:sourceip" => {
                let except = if self.is_stranger { self.named_networks() } else { Vec::new() };
                let values = ValueDomain::PublicAddresses { except };
                match self.path {
                    NetworkPath::Internet => {
                        KeyDomain { may_be_absent: false, values, is_fact: false }
                    }
                    NetworkPath::VpcEndpoint => KeyDomain::never(),
                    NetworkPath::Any => KeyDomain { may_be_absent: true, values, is_fact: false },
                }
            }
            "aws:sourcevpc" => through_endpoint(KeyDomain::like(&["vpc-?*"]).without(named(key))),
            "aws:sourcevpce" => through_endpoint(KeyDomain::like(&["vpce-?*"]).without(named(key))),
            "aws:vpcsourceip" => through_endpoint(KeyDomain::any()),
            "aws:vpceaccount" if self.is_stranger => {
                through_endpoint(self.own_account()).or_absent()
            }
            "aws:vpceorgid" => through_endpoint(self.organization("o-?*", "")).or_absent(),
            "aws:vpceorgpaths" => {
                through_endpoint(self.organization("o-?*/r-?*/?*", "/*")).or_absent()
            }
            "aws:sourcevpcarn" => match self.account().filter(|_| self.is_stranger) {
                Some(account) => {
                    let own = partition_forms(&format!("ec2:?*:{account}:vpc/vpc-?*"));
                    through_endpoint(KeyDomain::arns(&own)).or_absent()
                }
                None => through_endpoint(KeyDomain::any()),
            },
            _ => return None,
        })
    }

    fn named_networks(&self) -> Vec<IpNet> {
        let is_named = |range: &&IpNet| match self.definition {
            PublicDefinition::Reachable => true,
            PublicDefinition::AmazonS3 => match range {
                IpNet::V4(_) => true,
                IpNet::V6(range) => range.prefix_len() >= S3_OWNED_V6,
            },
        };
        self.named.networks.iter().filter(is_named).copied().collect()
    }

    fn own_account(&self) -> KeyDomain {
        match (&self.kind, self.account()) {
            (CallerKind::Anonymous, _) => KeyDomain::listed(&["anonymous"]),
            (CallerKind::Service { .. }, _) => KeyDomain::never(),
            (_, Some(account)) => KeyDomain::listed(&[account]),
            _ => KeyDomain::any(),
        }
    }

    /// Returns the domain of a key that identifies the caller.
    fn identity_key(&self, key: &str) -> Option<KeyDomain> {
        let is_service = matches!(self.kind, CallerKind::Service { .. });
        let has_organization = !matches!(self.kind, CallerKind::Anonymous) && !is_service;
        Some(match key {
            "aws:principalarn" => self.principal_arn(),
            "aws:principalaccount" | "kms:calleraccount" => self.own_account(),
            "aws:principalorgid" | "aws:principalorgpaths" if !has_organization => {
                KeyDomain::never()
            }
            "aws:principalorgid" => self.organization("o-?*", ""),
            "aws:principalorgpaths" => self.organization("o-?*/r-?*/?*", "/*"),
            "aws:principaltype" => match &self.kind {
                CallerKind::Anonymous => KeyDomain::listed(&["Anonymous"]),
                CallerKind::Role { .. } => KeyDomain::listed(&["AssumedRole"]),
                CallerKind::User { .. } => KeyDomain::listed(&["User"]),
                _ => KeyDomain::any(),
            },
            "aws:principalisawsservice" => match &self.kind {
                CallerKind::Anonymous => KeyDomain::never(),
                CallerKind::Service { .. } => KeyDomain::listed(&["true"]),
                _ => KeyDomain::listed(&["false"]),
            },
            "aws:userid" => self.user_id(),
            "aws:username" if self.is_role() => KeyDomain::never(),
            "aws:username" => match &self.kind {
                CallerKind::User { .. } => KeyDomain::any().present(),
                CallerKind::Holder => KeyDomain::any(),
                _ => KeyDomain::never(),
            },
            _ => return None,
        })
    }

    /// Returns the domain of a key that a service sets when it calls for a resource.
    fn service_key(&self, key: &str) -> Option<KeyDomain> {
        if !SERVICE_KEYS.contains(&key) {
            return None;
        }
        let CallerKind::Service { name, for_account } = &self.kind else {
            let may_be_service = matches!(self.kind, CallerKind::Holder);
            return Some(if may_be_service { KeyDomain::any() } else { KeyDomain::never() });
        };
        Some(match key {
            "aws:sourceaccount" | "aws:sourceowner" => match for_account {
                Some(account) => KeyDomain::listed(&[account]).or_absent(),
                None => KeyDomain::any(),
            },
            "aws:sourcearn" => self.source_arn(),
            "aws:sourceorgid" => self.organization("o-?*", ""),
            "aws:sourceorgpaths" => self.organization("o-?*/r-?*/?*", "/*"),
            "aws:principalservicename" => KeyDomain::listed(&[name]),
            _ => KeyDomain::any(),
        })
    }

    /// Returns the domain of a key of an access point or a resource that belongs to the caller.
    fn owned_key(&self, key: &str) -> Option<KeyDomain> {
        let account = self.account().filter(|_| self.is_stranger)?;
        let own = |rest: String| KeyDomain::arns(&partition_forms(&rest)).or_absent();
        Some(match key {
            "s3:dataaccesspointaccount" => KeyDomain::listed(&[account]).or_absent(),
            "s3:dataaccesspointarn" => own(format!("s3:?*:{account}:accesspoint/?*")),
            "lambda:sourcefunctionarn" => own(format!("lambda:?*:{account}:function:?*")),
            "ec2:sourceinstancearn" => own(format!("ec2:?*:{account}:instance/?*")),
            _ => return None,
        })
    }

    /// Returns the domain of a key that every request has.
    fn request_key(&self, key: &str) -> Option<KeyDomain> {
        Some(match key {
            "aws:securetransport" | "aws:viaawsservice" => KeyDomain::listed(&["true", "false"]),
            "aws:multifactorauthpresent" => match self.kind {
                CallerKind::Anonymous | CallerKind::Service { .. } => KeyDomain::never(),
                _ => KeyDomain::listed(&["true", "false"]).or_absent(),
            },
            "aws:currenttime" | "aws:epochtime" => KeyDomain::any().present().with_unknown_value(),
            "aws:useragent" => KeyDomain::any().present(),
            "aws:requestedregion" => self.resource_fact(KeyDomain::any().present()),
            key if key.starts_with("aws:resourcetag/") => self.resource_fact(KeyDomain::any()),
            "aws:resourceorgid" | "aws:resourceorgpaths" => self.resource_fact(KeyDomain::any()),
            "s3:tlsversion" => KeyDomain::listed(&["1.3", "1.2"]).or_absent(),
            "aws:resourceaccount" | "s3:resourceaccount" => match self.resource_account {
                Some(account) => KeyDomain::listed(&[account]),
                None => self.resource_fact(KeyDomain::any()),
            },
            _ => return None,
        })
    }

    /// Returns the domain of a fact about the resource. An identity-based policy applies to many
    /// resources, so each value is possible for some of them.
    fn resource_fact(&self, domain: KeyDomain) -> KeyDomain {
        if self.kind == CallerKind::Holder { domain } else { domain.with_unknown_value() }
    }
}

/// Returns the ARN in each partition, from the text after the partition.
fn partition_forms(rest: &str) -> Vec<String> {
    let partitions = ["aws", "aws-us-gov", "aws-cn"];
    partitions.iter().map(|partition| format!("arn:{partition}:{rest}")).collect()
}

/// Returns the pattern of the role's ARN for the ARN of a session: the session does not state the path
/// of the role.
fn session_role(arn: &str) -> Option<String> {
    let (head, rest) = arn.split_once(":assumed-role/")?;
    let account = head.rsplit(':').next()?;
    let role = rest.split('/').next()?;
    Some(format!("arn:aws*:iam::{account}:role/*{role}"))
}

impl KeyDomains for CallerClass<'_> {
    fn key_domain(&self, key: &str) -> KeyDomain {
        self.identity_key(key)
            .or_else(|| self.network_key(key))
            .or_else(|| self.service_key(key))
            .or_else(|| self.owned_key(key))
            .or_else(|| crate::providers::token_key(self, key))
            .or_else(|| self.request_key(key))
            .unwrap_or_else(KeyDomain::any)
    }
}
