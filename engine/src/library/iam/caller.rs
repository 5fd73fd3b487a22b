//! The classes of callers of a service, and the values that the requests of each class have for
//! condition keys.

use super::super::address::parse_range;
use super::super::arn::Arn;
use super::public_access::is_narrow_range;
use super::three_valued_logic::any_holds;
use evenkeel_aws::is_account_id;

/// A class of callers whose access is examined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallerClass<'a> {
    /// A principal of an account that no policy names, who calls the service directly.
    Stranger,
    /// Any principal that is not in this account.
    Outsider(&'a str),
    /// A principal, as a policy names it.
    Named(&'a str),
}

/// The value of a condition key in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ContextValue {
    /// The value is unknown.
    Unknown,
    /// The request does not have the key.
    Absent,
    /// The request has the key with this value.
    Text(String),
}

const STRANGER_ACCOUNT: &str = "999999999999";
const STRANGER_ARN: &str = "arn:aws:iam::999999999999:role/stranger";

/// Addresses from which a stranger may call.
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

/// Condition keys that a service sets when it calls on behalf of a principal, or that identify a
/// private network. A direct call over the Internet has none of these keys.
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

/// Condition keys whose value a caller can choose or omit: headers and parameters of the request.
/// Tags of the caller's own role (`aws:PrincipalTag/...`) are handled in the same way.
///
/// Source: AWS IAM User Guide, "AWS global condition context keys"; Service Authorization
/// Reference, Amazon S3.
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
    /// Returns whether this caller is the principal `listed` of a statement. The result is `None`
    /// if the answer is unknown.
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

    /// Returns whether the principals of a statement include this caller. The result is `None` if
    /// the answer is unknown.
    pub(super) fn is_among(self, principals: &[String]) -> Option<bool> {
        any_holds(principals.iter().map(|listed| self.matches_principal(listed)))
    }

    /// Returns whether a statement for everyone except these principals applies to this caller. The
    /// result is `None` if the answer is unknown.
    pub(super) fn is_outside(self, listed: &[String]) -> Option<bool> {
        // The caller may be a whole account, and the statement may exclude only a part of the
        // account. The statement then applies to the other principals of the account.
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

    /// Returns the account of the caller, if all callers of this class have the same account.
    pub(super) fn caller_account(self) -> Option<&'a str> {
        match self {
            CallerClass::Stranger => Some(STRANGER_ACCOUNT),
            CallerClass::Outsider(_) => None,
            CallerClass::Named(name) => principal_account(name),
        }
    }

    /// Returns sample values that requests of this caller may have for a key. `written` contains
    /// the values of the conditions on the key.
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
                // A caller from a network that the policy names is not a stranger.
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

    /// Returns the value that every request of this caller has for a key that identifies the
    /// caller.
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

    /// Returns the value that every request of this caller has for a key, if it is known.
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

/// Returns whether `listed` includes every caller that `name` includes. The result is `None` if the
/// answer is unknown.
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
        // A part of an account is not the whole account.
        (true, false) => Some(false),
        _ if is_identity(name) && is_identity(listed) => Some(false),
        _ => None,
    }
}

/// Returns whether the name is the ARN of a user or a role, and not of a session.
fn is_identity(name: &str) -> bool {
    Arn::parse_text(name).is_some_and(|arn| {
        arn.service == "iam"
            && (arn.resource.starts_with("role/") || arn.resource.starts_with("user/"))
    })
}

/// Returns whether the name is an account ID or the root of an account. In a policy, both include
/// all principals of the account.
fn is_whole_account(name: &str) -> bool {
    is_account_id(name) || Arn::parse_text(name).is_some_and(|arn| arn.resource == "root")
}

/// Returns the account ID of a principal.
pub(super) fn principal_account(name: &str) -> Option<&str> {
    let account = Arn::parse_text(name).map_or(name, |arn| arn.account);
    is_account_id(account).then_some(account)
}

/// Returns a text that matches a pattern. The function replaces the wildcards by letters that are
/// not expected in a real name.
pub(super) fn sample_text(pattern: &str) -> String {
    pattern.replace('*', "zq9").replace('?', "q")
}

fn is_address_in(address: &str, range: &str) -> bool {
    let range = parse_range(range).zip(address.parse::<std::net::IpAddr>().ok());
    range.is_some_and(|(range, address)| range.contains(&address))
}

/// Returns the address before the slash of a range.
fn address_in(range: &str) -> Option<String> {
    let address = range.split('/').next().unwrap_or(range);
    address.parse::<std::net::IpAddr>().ok().map(|address| address.to_string())
}
