//! Checks that a load balancer has the HTTPS listener to which a redirect leads.

use evenkeel_client::{CallError, XmlElement};
use serde_json::Value;

use super::CheckClients;
use crate::catalog::cloud_control::ResourceProperties;
use crate::remediator::aws_failure::classify_error;
use crate::remediator::{AwsFailure, PrecheckResult};
use crate::violation::TargetResource;

/// The error codes for a listener or a load balancer that does not exist.
///
/// Source: Elastic Load Balancing API Reference (2015-12-01), errors of `DescribeListeners`.
const NOT_FOUND_CODES: &[&str] = &["ListenerNotFound", "LoadBalancerNotFound"];

/// A listener of a load balancer.
struct Listener {
    load_balancer: String,
    protocol: String,
    port: String,
}

impl CheckClients {
    /// Refuses a redirect to a port without an HTTPS listener. Asks for an approval if the redirect
    /// replaces another action than a forward to one target group.
    pub(super) async fn check_https_listener(
        &self,
        target: &TargetResource,
        before: &ResourceProperties,
        after: &ResourceProperties,
    ) -> Result<PrecheckResult, AwsFailure> {
        let Some(port) = find_redirect_port(after) else {
            let why = "the patch has no redirect to an HTTPS port; correct `patch` in the policy \
                       header, or remove the check";
            return Ok(PrecheckResult::Abort(why.to_owned()));
        };
        let own = self.list_listeners("ListenerArns.member.1", &target.id).await?;
        let [own] = own.as_slice() else {
            let why = "DescribeListeners did not return exactly one listener";
            return Err(AwsFailure::Retryable(why.to_owned()));
        };
        let others = self.list_listeners("LoadBalancerArn", &own.load_balancer).await?;
        if !others.iter().any(|one| one.protocol == "HTTPS" && one.port == port) {
            return Ok(PrecheckResult::Abort(format!(
                "the load balancer has no HTTPS listener on port {port}, so the redirect would \
                 lead to no listener; add an HTTPS listener first"
            )));
        }
        Ok(describe_replaced_actions(before)
            .map_or(PrecheckResult::Proceed, PrecheckResult::RequireApproval))
    }

    /// Reads listeners by the ARN in a parameter.
    async fn list_listeners(
        &self,
        parameter: &str,
        arn: &str,
    ) -> Result<Vec<Listener>, AwsFailure> {
        let call = self.elastic_load_balancing.query_call("DescribeListeners");
        let answer = call.with_parameter(parameter, arn).send_query().await;
        answer
            .and_then(|answer| parse_listeners(&answer))
            .map_err(|error| classify_error(error, NOT_FOUND_CODES, &[]))
    }
}

/// Returns the port to which the default action redirects with HTTPS.
fn find_redirect_port(properties: &ResourceProperties) -> Option<String> {
    let actions = properties.properties.get("DefaultActions")?.as_array()?;
    let config = actions.iter().find_map(|action| action.get("RedirectConfig"))?;
    let text = |name: &str| config.get(name).and_then(Value::as_str);
    let port = text("Port").filter(|port| port.parse::<u16>().is_ok());
    port.filter(|_| text("Protocol") == Some("HTTPS")).map(str::to_owned)
}

/// Returns the reason for an approval if the default actions do more than to forward to one target
/// group.
fn describe_replaced_actions(properties: &ResourceProperties) -> Option<String> {
    let actions = properties.properties.get("DefaultActions")?.as_array()?;
    let kind =
        |action: &Value| action.get("Type").and_then(Value::as_str).unwrap_or("unknown").to_owned();
    let mut replaced: Vec<String> = Vec::new();
    for action in actions {
        let groups = action.pointer("/ForwardConfig/TargetGroups").and_then(Value::as_array);
        match (kind(action).as_str(), groups.map_or(1, Vec::len)) {
            ("forward", 0 | 1) => {}
            ("forward", count) => {
                replaced.push(format!("a forward to {count} target groups with weights"));
            }
            (other, _) => replaced.push(format!("an action of type `{other}`")),
        }
    }
    let replaced = replaced.join(", ");
    (!replaced.is_empty()).then(|| format!("the redirect would replace {replaced}"))
}

/// Parses the listeners of a response. A response with several pages is not complete.
fn parse_listeners(answer: &XmlElement) -> Result<Vec<Listener>, CallError> {
    let result = answer.require_child("DescribeListenersResult")?;
    if result.find_child("NextMarker").is_some_and(|marker| !marker.text_content().is_empty()) {
        let why = "DescribeListeners returned more than one page of listeners";
        return Err(CallError::Malformed(why.to_owned()));
    }
    let parse = |one: &XmlElement| {
        let text = |name: &str| one.find_child(name).map(|found| found.text_content().to_owned());
        Ok(Listener {
            load_balancer: one.require_child("LoadBalancerArn")?.text_content().to_owned(),
            // Listeners of Gateway Load Balancers have neither a protocol nor a port.
            protocol: text("Protocol").unwrap_or_default(),
            port: text("Port").unwrap_or_default(),
        })
    };
    result.require_child("Listeners")?.child_elements().iter().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn listener(actions: Value) -> ResourceProperties {
        let properties = [("DefaultActions".to_owned(), actions)].into_iter().collect();
        ResourceProperties { kind: "AWS::ElasticLoadBalancingV2::Listener".to_owned(), properties }
    }

    #[test]
    fn only_a_forward_to_one_target_group_is_replaced_without_a_question() {
        let groups = |count: usize| {
            let group = json!({"TargetGroupArn": "arn", "Weight": 1});
            json!({"Type": "forward", "ForwardConfig": {"TargetGroups": vec![group; count]}})
        };
        let replaced = |actions| describe_replaced_actions(&listener(actions));
        assert_eq!(replaced(json!([{"Type": "forward", "TargetGroupArn": "arn"}])), None);
        assert_eq!(replaced(json!([groups(1)])), None);
        let why = "the redirect would replace a forward to 2 target groups with weights";
        assert_eq!(replaced(json!([groups(2)])).as_deref(), Some(why));
        let why = "the redirect would replace an action of type `authenticate-oidc`";
        let login = json!({"Type": "authenticate-oidc"});
        assert_eq!(replaced(json!([login, groups(1)])).as_deref(), Some(why));
    }

    #[test]
    fn a_redirect_to_an_unknown_port_has_no_port() {
        let redirect = |protocol: &str, port: &str| {
            let config = json!({"Protocol": protocol, "Port": port, "StatusCode": "HTTP_301"});
            find_redirect_port(&listener(json!([{"Type": "redirect", "RedirectConfig": config}])))
        };
        assert_eq!(redirect("HTTPS", "8443").as_deref(), Some("8443"));
        assert_eq!(redirect("HTTPS", "#{port}"), None);
        assert_eq!(redirect("HTTP", "443"), None);
    }
}
