//! The requirements of policy headers for the TLS policies of API Gateway.

use evenkeel_engine::glob;
use serde_json::Value;

use crate::remediator::PlanRefusal;
use crate::violation::TargetResource;

/// The TLS policies that are accepted if the policy header has no parameter `accepted`.
const ACCEPTED_PATTERNS: [&str; 3] =
    ["TLS_1_2", "SecurityPolicy_TLS12_*", "SecurityPolicy_TLS13_*"];

/// The parameters that [`TlsPolicyRequirement::from_target`] reads.
pub(crate) const PARAMETER_NAMES: &[&str] = &["accepted", "policy", "endpointAccessMode"];

/// The requirements of a policy header for TLS policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsPolicyRequirement {
    accepted: Vec<String>,
    /// The TLS policy to set.
    pub(crate) policy: String,
    /// The endpoint access mode, which enhanced TLS policies need.
    pub(crate) access: String,
}

impl TlsPolicyRequirement {
    /// Reads the parameters `accepted`, `policy` (default: the argument `default`) and
    /// `endpointAccessMode` (default: `BASIC`) of the policy header.
    ///
    /// # Errors
    /// [`PlanRefusal::InvalidSetting`] if a parameter is not valid.
    pub(crate) fn from_target(
        target: &TargetResource,
        default: &str,
    ) -> Result<TlsPolicyRequirement, PlanRefusal> {
        let text = |name: &str, default: &str| match target.parameters.get(name) {
            None => Ok(default.to_owned()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => {
                let why =
                    format!("`{name}` in the policy header is not a text: {other}; use a text");
                Err(PlanRefusal::InvalidSetting(why))
            }
        };
        let accepted = match target.parameters.get("accepted") {
            None => ACCEPTED_PATTERNS.map(str::to_owned).to_vec(),
            Some(list) => serde_json::from_value(list.clone()).map_err(|_| {
                let why = format!(
                    "`accepted` in the policy header is not a list of texts: {list}; use a list of \
                     TLS policies"
                );
                PlanRefusal::InvalidSetting(why)
            })?,
        };
        let required = TlsPolicyRequirement {
            accepted,
            policy: text("policy", default)?,
            access: text("endpointAccessMode", "BASIC")?,
        };
        if required.accepts_policy(&required.policy) {
            Ok(required)
        } else {
            let why = format!(
                "`policy` in the policy header is `{}`, which `accepted` does not contain; use one \
                 of the accepted TLS policies",
                required.policy
            );
            Err(PlanRefusal::InvalidSetting(why))
        }
    }

    /// Returns whether a TLS policy is accepted.
    pub(crate) fn accepts_policy(&self, policy: &str) -> bool {
        self.accepted.iter().any(|pattern| glob::matches_pattern(pattern, policy))
    }

    /// Returns whether the TLS policy to set is an enhanced policy, which needs an endpoint access
    /// mode.
    pub(crate) fn is_enhanced(&self) -> bool {
        self.policy.starts_with("SecurityPolicy_")
    }

    /// Returns the reason why the TLS policy cannot be set on an endpoint of these types.
    ///
    /// Source: Amazon API Gateway Developer Guide, "Supported security policies".
    pub(crate) fn find_incompatibility(&self, endpoints: &[String]) -> Option<String> {
        let [endpoint] = endpoints else {
            let why = "the endpoint has several types, and a TLS policy supports only one endpoint \
                       type; set the TLS policy by hand";
            return Some(why.to_owned());
        };
        let edge = self.policy.ends_with("EDGE");
        (self.is_enhanced() && edge != (endpoint == "EDGE")).then(|| {
            format!(
                "TLS policy `{}` does not support endpoints of type {endpoint}; set another \
                 `policy` in the policy header",
                self.policy
            )
        })
    }
}
