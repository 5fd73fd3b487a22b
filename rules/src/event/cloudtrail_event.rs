//! A CloudTrail record: the fields that identify it, and its two views.

use super::bus_origin::BusOrigin;
use super::call_parameters::CallParameters;
use crate::json::{JsonError, JsonKind, JsonNode, JsonTape};
use std::borrow::Cow;
use uuid::Uuid;

/// Why a record cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Not JSON.
    #[error("{0}")]
    Json(#[from] JsonError),
    /// JSON, but no object.
    #[error("the record is no object")]
    NoObject,
    /// A field that every record has is missing or of the wrong type.
    #[error("the record has no text in its field `{0}`")]
    Field(&'static str),
}

/// A CloudTrail record.
///
/// Field names and meanings are AWS's: "CloudTrail record contents".
#[derive(Debug)]
pub struct CloudTrailEvent<'a> {
    /// The whole record.
    pub raw: JsonNode<'a>,
    /// `eventSource`, such as `s3.amazonaws.com`.
    pub source: Cow<'a, str>,
    /// `eventName`, such as `PutBucketPolicy`.
    pub name: Cow<'a, str>,
    /// `eventTime`, ISO 8601 in UTC; empty where the record has none.
    pub time: Cow<'a, str>,
    /// `eventID`; where the record has none, a UUID of its text.
    pub id: Cow<'a, str>,
    /// The account in which it happened: that of the bus it came over, or else `recipientAccountId`, or the
    /// actor's where that is absent.
    pub account: Cow<'a, str>,
    /// The Region of the bus it came over, or else `awsRegion`.
    pub region: Cow<'a, str>,
    /// `requestParameters`.
    pub request: CallParameters<'a>,
    /// `responseElements`.
    pub response: CallParameters<'a>,
}

impl<'a> CloudTrailEvent<'a> {
    /// Reads a record from its text.
    ///
    /// # Errors
    /// When the text is no JSON object, or lacks `eventSource` or `eventName`.
    pub fn parse_record(text: &'a str, tape: &'a mut JsonTape) -> Result<Self, EventError> {
        Self::from_node(tape.parse_text(text)?)
    }

    /// The record whose fields `raw` has.
    ///
    /// # Errors
    /// As [`CloudTrailEvent::parse_record`].
    pub fn from_node(raw: JsonNode<'a>) -> Result<Self, EventError> {
        if raw.value_kind() != JsonKind::Object {
            return Err(EventError::NoObject);
        }
        let [source, name, time, id, account, region, request, response] = find_event_fields(raw);
        let text = |field: Option<JsonNode<'a>>| field.and_then(JsonNode::as_str);
        let source = text(source).ok_or(EventError::Field("eventSource"))?;
        let name = text(name).ok_or(EventError::Field("eventName"))?;
        let id = text(id).filter(|id| !id.is_empty()).unwrap_or_else(|| {
            Cow::Owned(Uuid::new_v5(&Uuid::NAMESPACE_OID, raw.raw_text().as_bytes()).to_string())
        });
        let actor = || raw.get_path(&["userIdentity", "accountId"]).and_then(JsonNode::as_str);
        let account = text(account).filter(|account| !account.is_empty());
        let account = account.or_else(actor).unwrap_or_default();
        let (time, region) = (text(time).unwrap_or_default(), text(region).unwrap_or_default());
        let request = CallParameters::new(request, &source, &name);
        let response = CallParameters::new(response, &source, &name);
        Ok(CloudTrailEvent { raw, source, name, time, id, account, region, request, response })
    }

    /// The same record, which came over a bus: what the bus tells of its account and Region holds.
    #[must_use]
    pub fn with_origin(mut self, origin: Option<&'a BusOrigin>) -> Self {
        let Some(BusOrigin { account, region }) = origin else { return self };
        if !account.is_empty() {
            self.account = Cow::Borrowed(account);
        }
        if !region.is_empty() {
            self.region = Cow::Borrowed(region);
        }
        self
    }

    /// Whether the call failed: CloudTrail records it all the same, but nothing changed.
    ///
    /// A failed console sign-in has an `errorMessage` and no `errorCode`.
    pub fn has_failed(&self) -> bool {
        // An empty text is no error: what it marks must not hide a change that happened.
        let given = |name| {
            self.raw
                .get_member(name)
                .is_some_and(|value| !value.is_null() && !value.raw_text().is_empty())
        };
        given("errorCode") || given("errorMessage")
    }

    /// What happened, whichever record of it this is: `sharedEventID` names one action that several
    /// accounts record, an addendum corrects an earlier record.
    pub fn action_id(&self) -> Cow<'a, str> {
        let shared = get_text_field(self.raw, "sharedEventID");
        let original =
            || self.raw.get_path(&["addendum", "originalEventID"]).and_then(JsonNode::as_str);
        shared.or_else(original).unwrap_or_else(|| self.id.clone())
    }

    /// Who acted, as AWS names it: an ARN, a service, or what little the record has.
    pub fn caller_identity(&self) -> Cow<'a, str> {
        let of = |name: &str| {
            self.raw
                .get_path(&["userIdentity", name])
                .and_then(JsonNode::as_str)
                .filter(|s| !s.is_empty())
        };
        let issuer = || {
            let path = ["userIdentity", "sessionContext", "sessionIssuer", "arn"];
            self.raw.get_path(&path).and_then(JsonNode::as_str).filter(|arn| !arn.is_empty())
        };
        of("arn")
            .or_else(issuer)
            .or_else(|| of("invokedBy"))
            .or_else(|| of("principalId"))
            .or_else(|| of("accountId"))
            .unwrap_or_default()
    }
}

/// The fields of a record that an event has, found in one pass; the last of two equal names counts.
fn find_event_fields(raw: JsonNode<'_>) -> [Option<JsonNode<'_>>; 8] {
    const NAMES: [&str; 8] = [
        "eventSource",
        "eventName",
        "eventTime",
        "eventID",
        "recipientAccountId",
        "awsRegion",
        "requestParameters",
        "responseElements",
    ];
    let mut found = [None; 8];
    for member in raw.object_members() {
        for (name, place) in NAMES.iter().zip(&mut found) {
            if member.has_name(name) {
                *place = Some(member);
            }
        }
    }
    found
}

/// The text in the field `name`.
fn get_text_field<'a>(node: JsonNode<'a>, name: &str) -> Option<Cow<'a, str>> {
    node.get_member(name).and_then(JsonNode::as_str)
}

/// The name of a call without the API version that some services append to it: Lambda's
/// `AddPermission20150331v2`, `CloudFront`'s `CreateFunction2020_05_31`.
pub fn strip_api_version(name: &str) -> &str {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let dated = match stem.strip_suffix('v') {
        Some(dated) if stem.len() < name.len() => dated,
        _ => name,
    };
    let Some(at) = dated.len().checked_sub(8) else { return name };
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if let (Some(head), Some(date)) = (dated.get(..at), dated.get(at..))
        && all_digits(date)
    {
        return head;
    }
    let Some(at) = name.len().checked_sub(10) else { return name };
    match (name.get(..at), name.get(at..)) {
        (Some(head), Some(date)) if is_underscored_date(date) => head,
        _ => name,
    }
}

fn is_underscored_date(date: &str) -> bool {
    date.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'_',
        _ => byte.is_ascii_digit(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(text: &str, check: impl FnOnce(Result<CloudTrailEvent<'_>, EventError>) -> T) -> T {
        check(CloudTrailEvent::parse_record(text, &mut JsonTape::default()))
    }

    const BASE: &str = r#""eventSource":"s","eventName":"N","eventTime":"t","eventID":"id""#;

    #[test]
    fn api_versions_are_not_part_of_a_name() {
        for (name, want) in [
            ("AddPermission20150331v2", "AddPermission"),
            ("CreateFunction20150331", "CreateFunction"),
            ("CreateFunction2020_05_31", "CreateFunction"),
            ("CreateFunctionUrlConfig", "CreateFunctionUrlConfig"),
            ("ListObjectsV2", "ListObjectsV2"),
            ("20150331", ""),
            ("CreateBucket", "CreateBucket"),
        ] {
            assert_eq!(strip_api_version(name), want);
        }
    }

    #[test]
    fn a_failed_call_is_known_by_its_code_or_its_message() {
        let failed =
            |more: &str| with(&format!("{{{BASE}{more}}}"), |event| event.unwrap().has_failed());
        assert!(!failed(""));
        assert!(!failed(r#","errorCode":null"#));
        assert!(!failed(r#","errorCode":"""#));
        assert!(failed(r#","errorCode":"AccessDenied""#));
        assert!(failed(r#","errorMessage":"Failed authentication""#));
    }

    #[test]
    fn one_action_has_one_id_in_every_account_and_after_a_correction() {
        let action = |more: &str| {
            with(&format!("{{{BASE}{more}}}"), |event| event.unwrap().action_id().into_owned())
        };
        assert_eq!(action(""), "id");
        assert_eq!(action(r#","sharedEventID":"s1""#), "s1");
        assert_eq!(action(r#","addendum":{"originalEventID":"o1"}"#), "o1");
    }

    #[test]
    fn the_actor_is_found_in_thin_identities() {
        let actor = |identity: &str| {
            let text = format!("{{{BASE},\"userIdentity\":{identity}}}");
            with(&text, |event| event.unwrap().caller_identity().into_owned())
        };
        assert_eq!(
            actor(r#"{"type":"AWSService","invokedBy":"config.amazonaws.com"}"#),
            "config.amazonaws.com"
        );
        assert_eq!(actor(r#"{"arn":"","principalId":"p"}"#), "p");
        assert_eq!(actor("null"), "");
    }

    #[test]
    fn a_record_without_id_or_time_is_judged_all_the_same() {
        let id = |text: &str| with(text, |event| event.unwrap().id.into_owned());
        let first = id(r#"{"eventSource":"s","eventName":"N","a":1}"#);
        assert_eq!(first, id(r#"{"eventSource":"s","eventName":"N","a":1}"#));
        assert_ne!(first, id(r#"{"eventSource":"s","eventName":"N","a":2}"#));
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = |text: &str| with(text, |event| event.unwrap_err().to_string());
        assert_eq!(error("[]"), "the record is no object");
        assert_eq!(
            error(r#"{"eventSource":"s"}"#),
            "the record has no text in its field `eventName`"
        );
        assert_eq!(
            error(r#"{"eventSource":1,"eventName":"x"}"#),
            "the record has no text in its field `eventSource`"
        );
        assert_eq!(error("{"), "cut off at byte 1");
    }
}
