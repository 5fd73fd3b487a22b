//! Classes of callers, and the values that condition keys can have in their requests.

use ipnet::IpNet;

use crate::evaluate::principals::session_role;
use crate::model::request::Caller;
use crate::named::NamedValues;
use crate::solver::domain::{KeyDomain, ValueDomain};
use crate::solver::pattern::Pattern;
use crate::solver::problem::KeyDomains;
use crate::surroundings::Surroundings;

/// What is known about the caller of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CallerKind {
    /// A request without a signature.
    Anonymous,
    /// A principal of an account. Without an ARN, any principal of this kind.
    Identity { kind: IdentityKind, account: String, arn: Option<String> },
    /// A service that acts for a resource of an account.
    Service { name: String, for_account: Option<String> },
    /// An identity of an identity provider.
    Federated(String),
    /// An account, by its canonical user ID.
    CanonicalUser(String),
    /// The identity to which a policy is attached, without further knowledge.
    Holder,
}

/// The kinds of principals of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdentityKind {
    /// A role, or a session of it.
    Role,
    User,
    Root,
    /// A session of `GetFederationToken`.
    FederatedUser,
}

impl IdentityKind {
    /// All kinds.
    pub(crate) const ALL: [Self; 4] = [Self::Role, Self::User, Self::Root, Self::FederatedUser];

    /// Returns the pattern of the ARN, after the partition.
    fn arn_pattern(self, account: &str) -> String {
        match self {
            IdentityKind::Role => format!("iam::{account}:role/?*"),
            IdentityKind::User => format!("iam::{account}:user/?*"),
            IdentityKind::Root => format!("iam::{account}:root"),
            IdentityKind::FederatedUser => format!("sts::{account}:federated-user/?*"),
        }
    }

    /// Returns the value of `aws:PrincipalType`.
    fn principal_type(self) -> &'static str {
        match self {
            IdentityKind::Role => "AssumedRole",
            IdentityKind::User => "User",
            IdentityKind::Root => "Account",
            IdentityKind::FederatedUser => "FederatedUser",
        }
    }

    /// Returns the kind of the principal with an ARN.
    pub(crate) fn of_arn(arn: &str) -> Self {
        match arn.splitn(6, ':').nth(5) {
            Some("root") => IdentityKind::Root,
            Some(rest) if rest.starts_with("user/") => IdentityKind::User,
            Some(rest) if rest.starts_with("federated-user/") => IdentityKind::FederatedUser,
            _ => IdentityKind::Role,
        }
    }
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
    /// True if the requests are without TLS. A forwarded request of a service has TLS.
    pub(crate) is_insecure: bool,
    pub(crate) resource_owner: ResourceOwner<'d>,
}

/// To whom the resource of a request belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResourceOwner<'d> {
    /// One account, which is not known.
    Unknown,
    Account(&'d str),
    /// The caller. The document is the policy of the VPC endpoint that the request goes through.
    Caller,
}

/// The shortest IPv6 prefix that is a fixed value for Amazon S3.
const S3_OWNED_V6: u8 = 32;

/// Keys that only a service sets that calls for a resource.
pub(crate) const SERVICE_KEYS: &[&str] = &[
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:principalservicename",
    "aws:principalservicenameslist",
];

/// Keys of the network of a request. A request of a service has none.
const NETWORK_KEYS: &[&str] = &[
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "aws:vpcsourceip",
];

impl<'d> CallerClass<'d> {
    /// Creates a class of callers about whom nothing else is known.
    pub(crate) fn new(
        kind: CallerKind,
        path: NetworkPath,
        named: &'d NamedValues,
        surroundings: &'d Surroundings,
    ) -> Self {
        CallerClass {
            kind,
            path,
            named,
            is_stranger: false,
            is_one_account: false,
            is_insecure: false,
            definition: surroundings.definition,
            resource_owner: match &surroundings.account {
                Some(account) => ResourceOwner::Account(account),
                None => ResourceOwner::Unknown,
            },
        }
    }
}

impl CallerClass<'_> {
    /// Returns the caller of a witness. `principal_arn` is the value of `aws:PrincipalArn`, if the
    /// search has chosen one.
    pub(crate) fn build_caller(&self, principal_arn: Option<&str>) -> Caller {
        let chosen = || principal_arn.map(str::to_owned);
        let identity = |pattern: String, arn: &Option<String>| Caller::Identity {
            arn: arn.clone().or_else(chosen).unwrap_or_else(|| {
                format!("arn:aws:{}", pattern.replace("?*", &self.named.free_name()))
            }),
        };
        match &self.kind {
            CallerKind::Anonymous => Caller::Anonymous,
            CallerKind::Identity { kind, account, arn } => identity(kind.arn_pattern(account), arn),
            CallerKind::Service { name, .. } => Caller::Service(name.clone()),
            CallerKind::Federated(provider) => Caller::Federated(provider.clone()),
            CallerKind::CanonicalUser(id) => Caller::CanonicalUser(id.clone()),
            CallerKind::Holder => identity(IdentityKind::Role.arn_pattern("111122223333"), &None),
        }
    }

    fn owns_resource(&self) -> bool {
        self.resource_owner == ResourceOwner::Caller
    }

    fn account(&self) -> Option<&str> {
        match &self.kind {
            CallerKind::Identity { account, .. } => Some(account),
            CallerKind::Service { for_account, .. } => for_account.as_deref(),
            _ => None,
        }
    }

    /// Returns the domain of `aws:PrincipalArn`.
    fn principal_arn(&self) -> KeyDomain {
        match &self.kind {
            CallerKind::Identity { arn: Some(arn), .. } => match session_role(arn) {
                Some((account, role)) => {
                    let own = [
                        format!("iam::{account}:role/{role}"),
                        format!("iam::{account}:role/*/{role}"),
                    ];
                    KeyDomain::arns(&own.map(|rest| partition_forms(&rest)).concat())
                }
                None => KeyDomain::listed(&[arn]),
            },
            CallerKind::Identity { kind, account, arn: None } => {
                let domain = KeyDomain::arns(&partition_forms(&kind.arn_pattern(account)));
                // The name of a federated user has neither colons nor slashes.
                let is_federated = *kind == IdentityKind::FederatedUser;
                let impossible =
                    is_federated.then_some(["*:federated-user/*:*", "*:federated-user/*/*"]);
                domain.without(impossible.into_iter().flatten().map(Pattern::like))
            }
            CallerKind::CanonicalUser(_) => KeyDomain::any(),
            CallerKind::Holder => {
                let kinds = [IdentityKind::Role, IdentityKind::User];
                KeyDomain::arns(&kinds.map(|kind| partition_forms(&kind.arn_pattern("*"))).concat())
            }
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
            .map(|id| Pattern::like_ignoring_case(&format!("{id}{ending}")))
            .collect();
        domain.without(named.into_iter())
    }

    /// Returns the patterns of the values of a key that a stranger cannot have.
    fn named_patterns(&self, key: &str) -> Vec<Pattern> {
        if !self.is_stranger {
            return Vec::new();
        }
        self.named.values_of(key).map(Pattern::like_ignoring_case).collect()
    }

    fn user_id(&self) -> KeyDomain {
        let domain = match &self.kind {
            CallerKind::Anonymous => return KeyDomain::listed(&["anonymous"]),
            CallerKind::Identity { kind: IdentityKind::Role, .. } => {
                KeyDomain::like(&["AROA?*:?*"])
            }
            CallerKind::Identity { kind: IdentityKind::User, .. } => KeyDomain::like(&["AIDA?*"]),
            CallerKind::Identity { kind: IdentityKind::Root, account, .. } => {
                KeyDomain::listed(&[account])
            }
            CallerKind::Identity { kind: IdentityKind::FederatedUser, account, .. } => {
                KeyDomain::like(&[format!("{account}:?*")])
            }
            CallerKind::Holder => KeyDomain::like(&["AROA?*:?*", "AIDA?*"]),
            // The root user, a federated user, a user or a role of the account.
            CallerKind::CanonicalUser(_) => {
                let own = ["????????????", "????????????:?*", "AROA?*:?*", "AIDA?*"];
                KeyDomain::like(&own).or_absent()
            }
            // The documentation does not say which value a service has.
            CallerKind::Service { .. } => KeyDomain::any(),
            CallerKind::Federated(_) => return KeyDomain::any(),
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
        // The ARNs of some resources have no account, such as those of buckets, of hosted zones and
        // of APIs.
        KeyDomain::arns(&[own, partition_forms("?*:*::?*")].concat())
            .or_absent()
            .without(self.named_patterns("aws:sourcearn").into_iter())
            .without(self.named_buckets().into_iter())
    }

    /// Returns the patterns of the buckets that the document names in full. The name of a bucket is
    /// unique, whatever stands in the other parts of its ARN.
    fn named_buckets(&self) -> Vec<Pattern> {
        let mut buckets = Vec::new();
        for arn in self.named.written_values("aws:sourcearn").filter(|_| self.is_stranger) {
            let mut parts = arn.splitn(6, ':').skip(2);
            if let (Some("s3"), Some(name)) = (parts.next(), parts.nth(2))
                && !name.contains(['*', '?', '$'])
            {
                buckets.push(Pattern::like(&format!("arn:*:s3:*:*:{name}")));
            }
        }
        buckets
    }

    /// Returns the domain of a key of the network.
    fn network_key(&self, key: &str) -> Option<KeyDomain> {
        let through_endpoint = |domain: KeyDomain| match self.path {
            NetworkPath::Internet => KeyDomain::never(),
            NetworkPath::VpcEndpoint => domain.present(),
            NetworkPath::Any => domain.or_absent(),
        };
        let named = |key| self.named_patterns(key).into_iter();
        if matches!(self.kind, CallerKind::Service { .. }) && NETWORK_KEYS.contains(&key) {
            return Some(KeyDomain::never());
        }
        if self.owns_resource() && ["aws:sourcevpc", "aws:sourcevpce"].contains(&key) {
            // All requests come from the endpoint. The document does not contain its ID.
            return Some(KeyDomain::any().present().with_unknown_value());
        }
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
            (CallerKind::Holder, _) => KeyDomain::like(&["????????????"]),
            (_, Some(account)) => KeyDomain::listed(&[account]),
            _ => KeyDomain::any(),
        }
    }

    /// Returns the domain of a key that identifies the caller.
    fn identity_key(&self, key: &str) -> Option<KeyDomain> {
        let is_service = matches!(self.kind, CallerKind::Service { .. });
        // A token of an identity provider belongs to no organization.
        let has_organization =
            !matches!(self.kind, CallerKind::Anonymous | CallerKind::Federated(_)) && !is_service;
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
                CallerKind::Identity { kind, .. } => KeyDomain::listed(&[kind.principal_type()]),
                CallerKind::Holder => KeyDomain::listed(&["AssumedRole", "User"]),
                _ => KeyDomain::any(),
            },
            "aws:principalisawsservice" => match &self.kind {
                CallerKind::Anonymous => KeyDomain::never(),
                CallerKind::Service { .. } => KeyDomain::listed(&["true"]),
                _ => KeyDomain::listed(&["false"]),
            },
            "aws:userid" => self.user_id(),
            "aws:username" => match &self.kind {
                CallerKind::Identity { kind: IdentityKind::User, .. } => KeyDomain::any().present(),
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
            // A service that acts with a role of the account can send the source, but not its own name.
            let may_have_source = matches!(self.kind, CallerKind::Holder)
                && !key.starts_with("aws:principalservicename");
            return Some(if may_have_source { KeyDomain::any() } else { KeyDomain::never() });
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

    /// Returns the domain of a key of a resource that belongs to the caller, such as an access point.
    fn owned_key(&self, key: &str) -> Option<KeyDomain> {
        if !self.is_stranger {
            return None;
        }
        let stranger = self.named.stranger_account();
        let account = self.account().unwrap_or(&stranger);
        let own = |rest: &str| {
            KeyDomain::arns(&partition_forms(&rest.replace("OWN", account))).or_absent()
        };
        let is_signed = !matches!(self.kind, CallerKind::Anonymous);
        Some(match key {
            "s3:dataaccesspointaccount" => KeyDomain::listed(&[account]).or_absent(),
            "s3:dataaccesspointarn" => own("s3:?*:OWN:accesspoint/?*"),
            "lambda:sourcefunctionarn" if is_signed => own("lambda:?*:OWN:function:?*"),
            "ec2:sourceinstancearn" if is_signed => own("ec2:?*:OWN:instance/?*"),
            "lambda:sourcefunctionarn" | "ec2:sourceinstancearn" => KeyDomain::never(),
            // A stranger has no network connection to a mount target.
            "elasticfilesystem:accessedviamounttarget" => KeyDomain::listed(&["false"]).or_absent(),
            _ => return None,
        })
    }

    /// Returns the domain of a key that every request has.
    fn request_key(&self, key: &str) -> Option<KeyDomain> {
        Some(match key {
            "aws:viaawsservice" if self.is_insecure => KeyDomain::listed(&["false"]),
            "s3:tlsversion" if self.is_insecure => KeyDomain::never(),
            "aws:securetransport" | "aws:viaawsservice" => KeyDomain::listed(&["true", "false"]),
            "aws:multifactorauthpresent" => match self.kind {
                CallerKind::Anonymous | CallerKind::Service { .. } => KeyDomain::never(),
                _ => KeyDomain::listed(&["true", "false"]).or_absent(),
            },
            "aws:currenttime" | "aws:epochtime" => KeyDomain::any().present().with_unknown_value(),
            "aws:useragent" => KeyDomain::any().present(),
            "aws:requestedregion" if self.owns_resource() => {
                KeyDomain::any().present().with_unknown_value()
            }
            "aws:requestedregion" => self.resource_fact(KeyDomain::any().present()),
            key if key.starts_with("aws:resourcetag/") => self.resource_fact(KeyDomain::any()),
            "aws:resourceorgid" if self.owns_resource() => self.organization("o-?*", ""),
            "aws:resourceorgpaths" if self.owns_resource() => {
                self.organization("o-?*/r-?*/?*", "/*")
            }
            "aws:resourceorgid" | "aws:resourceorgpaths" => self.resource_fact(KeyDomain::any()),
            "s3:tlsversion" => KeyDomain::listed(&["1.3", "1.2"]).or_absent(),
            "aws:resourceaccount" | "s3:resourceaccount" => match self.resource_owner {
                ResourceOwner::Account(account) => KeyDomain::listed(&[account]),
                ResourceOwner::Unknown => self.resource_fact(KeyDomain::any()),
                ResourceOwner::Caller => {
                    let stranger = self.named.stranger_account();
                    KeyDomain::listed(&[self.account().unwrap_or(&stranger)])
                }
            },
            _ => return None,
        })
    }

    /// Returns the domain of a fact about the resource. An identity-based policy applies to many
    /// resources, so each value is possible for some of them.
    fn resource_fact(&self, domain: KeyDomain) -> KeyDomain {
        let is_any = self.kind == CallerKind::Holder || self.owns_resource();
        if is_any { domain } else { domain.with_unknown_value() }
    }
}

/// Returns the ARN in each partition, from the text after the partition.
fn partition_forms(rest: &str) -> Vec<String> {
    ["aws", "aws-?*"].iter().map(|partition| format!("arn:{partition}:{rest}")).collect()
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
