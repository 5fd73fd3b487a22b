//! A request to AWS: who calls which action on which resource, and with which condition keys.

use std::collections::BTreeMap;
use std::fmt;

/// Who sends a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Caller {
    /// A request without a signature.
    Anonymous,
    /// An IAM user or an IAM role, with its ARN.
    Identity {
        /// The ARN of the user or of the role. For a session of a role, the ARN of the role.
        arn: String,
    },
    /// A service of AWS, such as `s3.amazonaws.com`.
    Service(String),
    /// An identity that an identity provider has authenticated, with the provider as a statement names it.
    Federated(String),
    /// The canonical user ID of an account.
    CanonicalUser(String),
}

/// A request to AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who sends the request.
    pub caller: Caller,
    /// The action, such as `s3:GetObject`. Upper and lower case are equal.
    pub action: String,
    /// The ARN of the resource.
    pub resource: String,
    /// The condition keys that the request has, in lower case, with their values. A key without an
    /// entry is absent.
    pub context: BTreeMap<String, Vec<String>>,
}

impl Caller {
    /// Returns the account ID of a user or of a role.
    pub fn account(&self) -> Option<&str> {
        match self {
            Caller::Identity { arn } => arn.split(':').nth(4),
            _ => None,
        }
    }
}

impl Request {
    /// Returns the value that a policy variable has in the request. Only a key with a single value
    /// has one.
    pub(crate) fn variable_value(&self, key: &str) -> Option<String> {
        match self.context.get(key)?.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Caller::Anonymous => f.write_str("anyone, without a signature,"),
            Caller::Identity { arn } => f.write_str(arn),
            Caller::Service(name) => write!(f, "the service {name}"),
            Caller::Federated(provider) => write!(f, "an identity of {provider}"),
            Caller::CanonicalUser(id) => write!(f, "the account with the canonical user ID {id}"),
        }
    }
}

/// Condition keys that follow from the caller. The text of a request does not repeat them.
const CALLER_KEYS: &[&str] = &[
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principalservicename",
    "aws:principaltype",
    "kms:calleraccount",
];

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} may {} on {}", self.caller, self.action, self.resource)?;
        let mut facts: Vec<String> = Vec::new();
        for (key, values) in &self.context {
            if !CALLER_KEYS.contains(&key.as_str()) {
                facts.push(format!("{key} = {}", values.join(", ")));
            }
        }
        match facts.as_slice() {
            [] => f.write_str(", without conditions"),
            facts => write!(f, ", with {}", facts.join(" and ")),
        }
    }
}
