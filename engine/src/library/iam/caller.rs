//! Who calls, and what a request of theirs says of itself by each condition key.

use super::super::address::parse_range;
use super::super::arn::Arn;
use super::public_access::is_narrow_range;
use super::three_valued_logic::any_holds;
use evenkeel_aws::is_account_id;

/// A caller whom an Allow lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallerClass<'a> {
    /// Somebody of an account that no policy has heard of, who calls the service directly.
    Stranger,
    /// Whoever is not of this account.
    Outsider(&'a str),
    /// A principal, as a policy names it.
    Named(&'a str),
}

/// What a request says by one condition key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ContextValue {
    /// Nothing is known of it.
    Unknown,
    /// The key is not there.
    Absent,
    /// The key has this value.
    Text(String),
}

const STRANGER_ACCOUNT: &str = "999999999999";
const STRANGER_ARN: &str = "arn:aws:iam::999999999999:role/stranger";

/// Addresses that a stranger may call from.
const STRANGER_ADDRESSES: &[&str] = &[
    "8.8.8.8",
    "52.95.110.1",
    "93.184.216.34",
    "151.101.1.69",
    "185.199.108.153",
    "220.181.38.148",
    "2600:1f18::7",
    "2a00:1450::8",
];

/// Keys that a service sets when it calls for somebody, or a network that belongs to somebody: a direct call over the
/// Internet has none of them.
const SERVICE_SET_KEYS: &[&str] = &[
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
];

/// Keys that whoever calls may give any value, or none: headers and parameters of the request, and tags of their own role.
/// Source: AWS IAM User Guide, "AWS global condition context keys"; Service Authorization Reference, Amazon S3.
const CALLER_CHOSEN_KEYS: &[&str] = &[
    "aws:referer",
    "aws:useragent",
    "s3:delimiter",
    "s3:max-keys",
    "s3:prefix",
    "s3:versionid",
    "secretsmanager:versionid",
    "secretsmanager:versionstage",
    "sns:endpoint",
    "sns:protocol",
    "s3:x-amz-acl",
    "s3:x-amz-content-sha256",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:x-amz-storage-class",
];

impl<'a> CallerClass<'a> {
    /// Whether the named principal, of a statement's list, is this caller; `None` where that cannot be told.
    pub(super) fn matches_principal(self, listed: &str) -> Option<bool> {
        if listed == "*" {
            return Some(true);
        }
        if listed.starts_with("service:") || listed.starts_with("federated:") {
            return Some(false);
        }
        match self {
            _ if super::patterns::is_wild(listed) => None,
            CallerClass::Stranger | CallerClass::Outsider(_) => Some(false),
            CallerClass::Named(name) => is_same_principal(name, listed),
        }
    }

    /// Whether the statement's principals have this caller among them; `None` where that cannot be told.
    pub(super) fn is_among(self, principals: &[String]) -> Option<bool> {
        any_holds(principals.iter().map(|listed| self.matches_principal(listed)))
    }

    /// Whether a statement for everyone but these is for this caller.
    pub(super) fn is_outside(self, listed: &[String]) -> Option<bool> {
        // Of an account that is not named whole there may be others.
        let partly = |one: &String| match self {
            CallerClass::Named(name) => {
                one != name && principal_account(one) == principal_account(name)
            }
            CallerClass::Stranger | CallerClass::Outsider(_) => false,
        };
        match self.is_among(listed) {
            Some(true) => Some(false),
            Some(false) if !listed.iter().any(partly) => Some(true),
            _ => None,
        }
    }

    /// The account whose principals these all are.
    pub(super) fn caller_account(self) -> Option<&'a str> {
        match self {
            CallerClass::Stranger => Some(STRANGER_ACCOUNT),
            CallerClass::Outsider(_) => None,
            CallerClass::Named(name) => principal_account(name),
        }
    }

    /// What requests of this caller may say by a key: each that is worth a try. `written` are the values that
    /// conditions on the key have.
    pub(super) fn possible_values(self, key: &str, written: &[&str]) -> Vec<ContextValue> {
        let text = |text: &str| ContextValue::Text(text.to_owned());
        let named = !matches!(self, CallerClass::Stranger);
        let own = || {
            let samples = written.iter().map(|value| ContextValue::Text(sample_text(value)));
            [ContextValue::Absent].into_iter().chain(samples).collect()
        };
        match key {
            "aws:securetransport" => vec![text("true"), text("false")],
            "s3:tlsversion" => vec![text("1.3"), text("1.2")],
            "aws:multifactorauthpresent" => vec![text("true"), text("false"), ContextValue::Absent],
            "aws:principalisawsservice" | "aws:viaawsservice" => vec![text("false")],
            "aws:principalaccount" | "kms:calleraccount" => {
                vec![self.caller_account().map_or(ContextValue::Unknown, text)]
            }
            "aws:sourceip" => {
                let near = written.iter().filter_map(|range| address_in(range)).filter(|_| named);
                // Who calls from a network that a policy pins is no stranger to it.
                let own = |address: &&str| {
                    let mut pinned = written.iter().filter(|range| is_narrow_range(range));
                    pinned.any(|range| is_address_in(address, range))
                };
                let far =
                    STRANGER_ADDRESSES.iter().copied().filter(|address| named || !own(address));
                far.map(text).chain(near.map(ContextValue::Text)).collect()
            }
            key if SERVICE_SET_KEYS.contains(&key) && named => own(),
            key if SERVICE_SET_KEYS.contains(&key) => vec![ContextValue::Absent],
            key if CALLER_CHOSEN_KEYS.contains(&key) || key.starts_with("aws:principaltag/") => {
                own()
            }
            key => vec![self.identity_value(key)],
        }
    }

    /// What every request of this caller says by a key that tells who calls.
    fn identity_value(self, key: &str) -> ContextValue {
        let text = |text: &str| ContextValue::Text(text.to_owned());
        match (self, key) {
            (CallerClass::Stranger, "aws:principalarn") => text(STRANGER_ARN),
            (CallerClass::Stranger, "aws:principalorgid") => text("o-stranger00"),
            (CallerClass::Stranger, "aws:principalorgpaths") => text("o-stranger00/r-strange/"),
            (CallerClass::Stranger, "aws:userid") => text("AROASTRANGER00000000X:stranger"),
            (CallerClass::Named(name), "aws:principalarn") if is_identity(name) => text(name),
            _ => ContextValue::Unknown,
        }
    }

    /// What every request of this caller says by a key, if that is known.
    pub(super) fn known_value(self, key: &str) -> ContextValue {
        match (self, key) {
            (CallerClass::Named(_), "aws:principalaccount" | "kms:calleraccount") => self
                .caller_account()
                .map_or(ContextValue::Unknown, |account| ContextValue::Text(account.to_owned())),
            (CallerClass::Named(_), key) => self.identity_value(key),
            _ => ContextValue::Unknown,
        }
    }
}

/// Whether every caller whom `name` stands for is one whom `listed` stands for.
fn is_same_principal(name: &str, listed: &str) -> Option<bool> {
    if name == listed {
        return Some(true);
    }
    let (Some(mine), Some(theirs)) = (principal_account(name), principal_account(listed)) else {
        return None;
    };
    if mine != theirs {
        return Some(false);
    }
    match (is_whole_account(name), is_whole_account(listed)) {
        (_, true) => Some(true),
        // Some of an account are not all of it.
        (true, false) => Some(false),
        _ if is_identity(name) && is_identity(listed) => Some(false),
        _ => None,
    }
}

/// A user or a role, and no session of one.
fn is_identity(name: &str) -> bool {
    Arn::parse_text(name).is_some_and(|arn| {
        arn.service == "iam"
            && (arn.resource.starts_with("role/") || arn.resource.starts_with("user/"))
    })
}

/// An account by its number or its root: in a policy both stand for all of its principals.
fn is_whole_account(name: &str) -> bool {
    is_account_id(name) || Arn::parse_text(name).is_some_and(|arn| arn.resource == "root")
}

/// The account that a principal is of.
pub(super) fn principal_account(name: &str) -> Option<&str> {
    let account = Arn::parse_text(name).map_or(name, |arn| arn.account);
    is_account_id(account).then_some(account)
}

/// A text that fits a pattern: what its wildcards take is nobody's own.
pub(super) fn sample_text(pattern: &str) -> String {
    pattern.replace('*', "zq9").replace('?', "q")
}

fn is_address_in(address: &str, range: &str) -> bool {
    let range = parse_range(range).zip(address.parse::<std::net::IpAddr>().ok());
    range.is_some_and(|(range, address)| range.contains(&address))
}

/// An address in a range.
fn address_in(range: &str) -> Option<String> {
    let address = range.split('/').next().unwrap_or(range);
    address.parse::<std::net::IpAddr>().ok().map(|address| address.to_string())
}
