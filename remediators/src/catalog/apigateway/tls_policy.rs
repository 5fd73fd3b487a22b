//! TLS policies: which are accepted, which is wanted, and what they cannot be combined with.

use evenkeel_engine::glob;
use serde_json::Value;

use crate::remediator::PlanRefusal;
use crate::violation::TargetResource;

/// The policies that are accepted unless the policy's header says otherwise.
const ACCEPTED_PATTERNS: [&str; 3] =
    ["TLS_1_2", "SecurityPolicy_TLS12_*", "SecurityPolicy_TLS13_*"];

/// What [`Wanted::of`] reads.
pub(crate) const PARAMETER_NAMES: &[&str] = &["accepted", "policy", "endpointAccessMode"];

/// What the policy's header says about TLS policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsPolicyRequirement {
    accepted: Vec<String>,
    /// The one to set.
    pub(crate) policy: String,
    /// Its companion, which enhanced policies need.
    pub(crate) access: String,
}

impl TlsPolicyRequirement {
    /// Reads `accepted`, `policy` and `endpointAccessMode` of the header; `policy` is `default` if it says none.
    pub(crate) fn from_target(
        target: &TargetResource,
        default: &str,
    ) -> Result<TlsPolicyRequirement, PlanRefusal> {
        let text = |name: &str, default: &str| match target.parameters.get(name) {
            None => Ok(default.to_owned()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => {
                let why = format!("`{name}` in the policy's header is no text: {other}");
                Err(PlanRefusal::InvalidSetting(why))
            }
        };
        let accepted = match target.parameters.get("accepted") {
            None => ACCEPTED_PATTERNS.map(str::to_owned).to_vec(),
            Some(list) => serde_json::from_value(list.clone()).map_err(|_| {
                let why = format!("`accepted` in the policy's header is no list: {list}");
                PlanRefusal::InvalidSetting(why)
            })?,
        };
        let wanted = TlsPolicyRequirement {
            accepted,
            policy: text("policy", default)?,
            access: text("endpointAccessMode", "BASIC")?,
        };
        if wanted.accepts_policy(&wanted.policy) {
            Ok(wanted)
        } else {
            let why = format!("the policy to set, `{}`, is itself not accepted", wanted.policy);
            Err(PlanRefusal::InvalidSetting(why))
        }
    }

    /// Whether a policy is good enough.
    pub(crate) fn accepts_policy(&self, policy: &str) -> bool {
        self.accepted.iter().any(|pattern| glob::matches_pattern(pattern, policy))
    }

    /// Whether the policy is one of those of 2025, which need a companion.
    pub(crate) fn is_enhanced(&self) -> bool {
        self.policy.starts_with("SecurityPolicy_")
    }

    /// Why the policy cannot be set on an endpoint of these types.
    ///
    /// Source: Amazon API Gateway Developer Guide, "Supported security policies".
    pub(crate) fn find_incompatibility(&self, endpoints: &[String]) -> Option<String> {
        let [endpoint] = endpoints else {
            return Some("it has several endpoint types, and a policy fits only one".to_owned());
        };
        let edge = self.policy.ends_with("EDGE");
        (self.is_enhanced() && edge != (endpoint == "EDGE"))
            .then(|| format!("`{}` does not fit an endpoint of type {endpoint}", self.policy))
    }
}
