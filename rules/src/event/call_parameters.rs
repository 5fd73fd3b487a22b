//! The normalized views `request` and `response` of a CloudTrail record.

use super::field_name::{find_lowered_member, lower_first_letter};
use crate::json::{JsonKind, JsonNode};
use evenkeel_engine::ReadFlag;
use std::borrow::Cow;

/// A view of `requestParameters` or `responseElements`, in the form in which policies read them.
///
/// The view is never null. If a service wraps the parameters in a second object
/// (`putIntegrationInput`, `DeleteFlowLogsRequest`, `DelTGwVpcAttachReq`), the view shows the
/// fields of that object too. The `add` and `replace` operations of `patchOperations` on a path of
/// one segment are fields of the view, so that the same expression works for Put and Update calls.
#[derive(Debug)]
pub struct CallParameters<'a> {
    outer: Option<JsonNode<'a>>,
    inner: Option<JsonNode<'a>>,
    patches: Option<JsonNode<'a>>,
    /// The reason why the parameters are unknown.
    unknown_reason: Option<&'static str>,
}

/// The value of a parameter.
#[derive(Clone, Copy, Debug)]
pub enum ParameterValue<'a> {
    /// A recorded value. The rules of
    /// [`EventValue::from_parameter`](super::EventValue::from_parameter) apply to it.
    Node(JsonNode<'a>),
    /// The `"true"` or `"false"` of a patch operation.
    Bool(bool),
}

impl<'a> CallParameters<'a> {
    /// Creates a view of `parameters` for the call `event_name` of the service `event_source`.
    pub fn new(parameters: Option<JsonNode<'a>>, event_source: &str, event_name: &str) -> Self {
        let outer = parameters.filter(|node| node.value_kind() == JsonKind::Object);
        let inner = outer.and_then(|node| find_wrapped_object(node, event_source, event_name));
        let patches =
            inner.and_then(find_patch_operations).or_else(|| outer.and_then(find_patch_operations));
        // CloudTrail writes a string instead of an object for redacted parameters.
        let hidden = parameters.is_some_and(|node| !node.is_null()) && outer.is_none();
        // AWS, "CloudTrail record contents": "If a field is truncated, omitted is present with a
        // value of true". Some records write it as text.
        let omitted = outer
            .and_then(|node| node.get_member("omitted"))
            .is_some_and(|omitted| omitted.raw_text() == "true");
        let unknown = match (omitted, hidden) {
            (true, _) => Some("CloudTrail omitted the parameters because of their size"),
            (false, true) => Some("CloudTrail redacted the parameters"),
            (false, false) => None,
        };
        CallParameters { outer, inner, patches, unknown_reason: unknown }
    }

    /// Returns the reason why the parameters are unknown, or `None` if they are known.
    pub fn unknown_reason(&self) -> Option<&'static str> {
        self.unknown_reason
    }

    /// Returns the field `name`. The function searches the parameters and the wrapped object, then
    /// both for the name with an upper-case first letter, and then the patch operations. If the
    /// parameters are unknown, the function marks `read` and returns `None`.
    pub fn get_parameter(&self, name: &str, read: &ReadFlag) -> Option<ParameterValue<'a>> {
        if self.unknown_reason.is_some() {
            read.mark_read();
            return None;
        }
        let exact = |node: JsonNode<'a>| node.get_member(name);
        let lowered = |node: JsonNode<'a>| find_lowered_member(node, name);
        let found = self
            .outer
            .and_then(exact)
            .or_else(|| self.inner.and_then(exact))
            .or_else(|| self.outer.and_then(lowered))
            .or_else(|| self.inner.and_then(lowered));
        let found = found.filter(|node| !node.is_null());
        found.map(ParameterValue::Node).or_else(|| self.patched_value(name))
    }

    /// Returns the names of the fields of the view, without duplicates. If the parameters are
    /// unknown, the function marks `read` and returns no names.
    pub fn parameter_names(&self, read: &ReadFlag) -> Vec<Cow<'a, str>> {
        if self.unknown_reason.is_some() {
            read.mark_read();
            return Vec::new();
        }
        let mut keys: Vec<Cow<'a, str>> = Vec::new();
        let mut add = |key: Cow<'a, str>| {
            if !keys.contains(&key) {
                keys.push(key);
            }
        };
        for node in [self.outer, self.inner].into_iter().flatten() {
            let known = node.object_members().filter(|member| !member.is_null());
            known.for_each(|member| add(lower_first_letter(member.member_name())));
        }
        for operation in self.patches.into_iter().flat_map(JsonNode::list_elements) {
            if let Some((name, _)) = parse_patch_operation(operation) {
                add(name);
            }
        }
        keys
    }

    /// Returns the value that the last patch operation on `name` sets.
    fn patched_value(&self, name: &str) -> Option<ParameterValue<'a>> {
        let operations = self.patches?.list_elements();
        let (_, value) =
            operations.filter_map(parse_patch_operation).filter(|p| p.0 == name).last()?;
        Some(match value.as_str().as_deref() {
            Some("true") => ParameterValue::Bool(true),
            Some("false") => ParameterValue::Bool(false),
            _ => ParameterValue::Node(value),
        })
    }
}

/// Returns the object that wraps the parameters of a call, if the service writes one.
fn find_wrapped_object<'a>(
    outer: JsonNode<'a>,
    event_source: &str,
    event_name: &str,
) -> Option<JsonNode<'a>> {
    outer.object_members().filter(|member| member.value_kind() == JsonKind::Object).find(|member| {
        let key = member.member_name();
        match event_source {
            "apigateway.amazonaws.com" => is_wrapper(&key, "Input", event_name),
            "ec2.amazonaws.com" => {
                is_wrapper(&key, "Request", event_name)
                    || is_wrapper(&key, "Response", event_name)
                    || key.ends_with("Req")
            }
            _ => false,
        }
    })
}

/// Returns whether `key` is the name of the event, ignoring case, followed by `suffix`.
fn is_wrapper(key: &str, suffix: &str, event_name: &str) -> bool {
    key.strip_suffix(suffix).is_some_and(|stem| stem.eq_ignore_ascii_case(event_name))
}

fn find_patch_operations(node: JsonNode<'_>) -> Option<JsonNode<'_>> {
    node.get_member("patchOperations").filter(|patches| patches.value_kind() == JsonKind::List)
}

/// Returns the field and the value that an `add` or `replace` operation sets. Returns `None` for
/// other operations and for paths with several segments.
fn parse_patch_operation(operation: JsonNode<'_>) -> Option<(Cow<'_, str>, JsonNode<'_>)> {
    let text = |name| operation.get_member(name).and_then(JsonNode::as_str);
    if !matches!(text("op")?.as_ref(), "add" | "replace") {
        return None;
    }
    let name = match text("path")? {
        Cow::Borrowed(path) => Cow::Borrowed(path.strip_prefix('/')?),
        Cow::Owned(path) => Cow::Owned(path.strip_prefix('/')?.to_owned()),
    };
    if name.contains('/') { None } else { Some((name, operation.get_member("value")?)) }
}

#[cfg(test)]
mod tests {
    use super::super::event_value::EventValue;
    use super::*;
    use crate::json::JsonTape;

    /// Returns the value at `path` of the view of `parameters`, as JSON text.
    fn see(source: &str, name: &str, parameters: &str, path: &[&str]) -> Option<String> {
        let mut tape = JsonTape::default();
        let source = format!("{source}.amazonaws.com");
        let view = CallParameters::new(Some(tape.parse_text(parameters).unwrap()), &source, name);
        let read = ReadFlag::default();
        let part = path.iter().try_fold(EventValue::Parameters(&view, &read), |part, name| {
            part.visible_field(name)
        })?;
        Some(match part {
            EventValue::Bool(truth) => truth.to_string(),
            EventValue::Raw(node)
            | EventValue::Configuration(node)
            | EventValue::Normalized(node) => node.to_value().to_string(),
            EventValue::Parameters(..) => String::new(),
        })
    }

    #[test]
    fn rest_api_wrappers_are_unwrapped_and_the_outer_field_has_priority() {
        let put = r#"{"restApiId":"a","httpMethod":"GET","putIntegrationInput":
            {"httpMethod":"POST","uri":"http://x"},"template":false}"#;
        let see = |path| see("apigateway", "PutIntegration", put, path);
        assert_eq!(see(&["uri"]).unwrap(), "\"http://x\"");
        assert_eq!(see(&["httpMethod"]).unwrap(), "\"GET\"");
        assert_eq!(see(&["putIntegrationInput", "httpMethod"]).unwrap(), "\"POST\"");
    }

    #[test]
    fn patch_operations_are_fields_in_the_parameters_and_in_a_wrapper() {
        let operations = r#"[{"op":"replace","path":"/uri","value":"http://x"},
            {"op":"replace","path":"/tracingEnabled","value":"false"},
            {"op":"remove","path":"/gone"},
            {"op":"replace","path":"/*/*/logging/dataTrace","value":"true"}]"#;
        for parameters in [
            format!(r#"{{"restApiId":"a","patchOperations":{operations}}}"#),
            format!(r#"{{"restApiId":"a","updateStageInput":{{"patchOperations":{operations}}}}}"#),
        ] {
            let see = |path| see("apigateway", "UpdateStage", &parameters, path);
            assert_eq!(see(&["uri"]).unwrap(), "\"http://x\"");
            assert_eq!(see(&["tracingEnabled"]).unwrap(), "false");
            assert_eq!(see(&["gone"]), None);
        }
    }

    #[test]
    fn ec2_wrappers_items_and_single_elements_are_plain_values() {
        let delete = r#"{"DeleteFlowLogsRequest":{"FlowLogId":{"tag":1,"content":"fl-1"}}}"#;
        assert_eq!(see("ec2", "DeleteFlowLogs", delete, &["flowLogId"]).unwrap(), "\"fl-1\"");
        let rules =
            r#"{"ipPermissions":{"items":[{"ipRanges":{"items":[{"cidrIp":"0.0.0.0/0"}]}}]}}"#;
        let rule = see("ec2", "AuthorizeSecurityGroupIngress", rules, &["ipPermissions"]);
        assert!(rule.unwrap().starts_with('['));
        let attach = r#"{"DelTGwVpcAttachReq":{"id":"t"}}"#;
        assert_eq!(
            see("ec2", "DeleteTransitGatewayVpcAttachment", attach, &["id"]).unwrap(),
            "\"t\""
        );
    }

    #[test]
    fn a_capital_first_letter_does_not_hide_a_field() {
        let block = r#"{"PublicAccessBlockConfiguration":{"BlockPublicAcls":true},"Host":"h"}"#;
        let see = |path| see("s3", "PutBucketPublicAccessBlock", block, path);
        assert_eq!(see(&["publicAccessBlockConfiguration", "blockPublicAcls"]).unwrap(), "true");
        assert_eq!(see(&["Host"]).unwrap(), "\"h\"");
        assert_eq!(see(&["host"]).unwrap(), "\"h\"");
    }

    #[test]
    fn omitted_parameters_are_unknown() {
        let mut tape = JsonTape::default();
        let node = tape.parse_text(r#"{"omitted":true,"reason":"too large"}"#).unwrap();
        let view = CallParameters::new(Some(node), "s3.amazonaws.com", "PutBucketPolicy");
        let (read, other) = (ReadFlag::default(), ReadFlag::default());
        assert!(!read.is_read());
        assert!(view.get_parameter("bucketName", &read).is_none());
        assert!(read.is_read() && !other.is_read());
        assert!(view.unknown_reason().unwrap().contains("because of their size"));
    }

    #[test]
    fn null_and_absent_parameters_are_an_empty_view() {
        let mut tape = JsonTape::default();
        let null = tape.parse_text("null").unwrap();
        for parameters in [None, Some(null)] {
            let view = CallParameters::new(parameters, "s3.amazonaws.com", "CreateBucket");
            let read = ReadFlag::default();
            assert!(
                view.get_parameter("x", &read).is_none() && view.parameter_names(&read).is_empty()
            );
            assert!(!read.is_read());
        }
    }

    #[test]
    fn a_null_field_is_absent() {
        let parameters = r#"{"a":null,"b":{"c":null,"d":1}}"#;
        let see = |path| see("s3", "CreateBucket", parameters, path);
        assert_eq!(see(&["a"]), None);
        assert_eq!(see(&["b", "c"]), None);
        assert_eq!(see(&["b", "d"]).unwrap(), "1");
    }
}
