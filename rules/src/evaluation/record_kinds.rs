//! The kinds of CloudTrail records that policies do not support.

use crate::json::JsonNode;
use std::borrow::Cow;

/// A kind of records that policies do not support.
struct UnsupportedKind {
    event_type: &'static str,
    event_category: &'static str,
    name: &'static str,
}

/// The kinds of records that do not describe one action. CloudTrail records the actions themselves in
/// separate records.
///
/// Source: AWS CloudTrail User Guide, "CloudTrail record contents" for Insights events, network
/// activity events and aggregated events.
const UNSUPPORTED_KINDS: &[UnsupportedKind] = &[
    UnsupportedKind {
        event_type: "AwsCloudTrailInsight",
        event_category: "Insight",
        name: "CloudTrail Insight events",
    },
    UnsupportedKind {
        event_type: "AwsVpceEvent",
        event_category: "NetworkActivity",
        name: "CloudTrail network activity events",
    },
    UnsupportedKind {
        event_type: "AwsAggregatedEvent",
        event_category: "Aggregated",
        name: "CloudTrail aggregated events",
    },
];

/// Returns the name of the kind of a record that policies do not support. A record whose type and
/// category contradict each other is not of such a kind, so that policies evaluate it.
pub(super) fn unsupported_record_kind(root: JsonNode<'_>) -> Option<&'static str> {
    let text = |name: &str| root.get_member(name).and_then(JsonNode::as_str);
    let (event_type, category) = (text("eventType"), text("eventCategory"));
    if event_type.is_none() && category.is_none() {
        return None;
    }
    let agrees = |value: &Option<Cow<'_, str>>, expected: &str| {
        value.as_deref().is_none_or(|value| value == expected)
    };
    let kind = UNSUPPORTED_KINDS.iter().find(|kind| {
        agrees(&event_type, kind.event_type) && agrees(&category, kind.event_category)
    });
    kind.map(|kind| kind.name)
}

/// Returns whether this value of `eventType` belongs to a kind that policies do not support.
pub(super) fn is_unsupported_event_type(value: &str) -> bool {
    UNSUPPORTED_KINDS.iter().any(|kind| kind.event_type == value)
}

#[cfg(test)]
mod tests {
    use super::unsupported_record_kind;
    use crate::json::JsonTape;

    #[test]
    fn a_record_is_of_an_unsupported_kind_only_if_its_type_and_category_agree() {
        let kind =
            |record: &str| unsupported_record_kind(JsonTape::default().parse_text(record).unwrap());
        let aggregated = Some("CloudTrail aggregated events");
        assert_eq!(kind(r#"{"eventType":"AwsAggregatedEvent"}"#), aggregated);
        assert_eq!(kind(r#"{"eventCategory":"Aggregated"}"#), aggregated);
        let both = r#"{"eventType":"AwsAggregatedEvent","eventCategory":"Aggregated"}"#;
        assert_eq!(kind(both), aggregated);
        assert_eq!(kind(r#"{"eventType":"AwsApiCall","eventCategory":"Aggregated"}"#), None);
        assert_eq!(kind(r#"{"eventType":"AwsVpceEvent","eventCategory":"Management"}"#), None);
        assert_eq!(kind("{}"), None);
    }
}
