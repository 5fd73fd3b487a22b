//! The parsed CloudTrail record: the fields that identify it, and its views `request` and
//! `response`.

use super::bus_origin::BusOrigin;
use super::call_parameters::CallParameters;
use crate::json::{JsonError, JsonKind, JsonNode, JsonTape};
use std::borrow::Cow;
use uuid::Uuid;

/// The reason why a record cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The record is not valid JSON.
    #[error("{0}")]
    Json(#[from] JsonError),
    /// The record is valid JSON and not an object.
    #[error("the record is not a JSON object")]
    NoObject,
    /// A required field is missing or is not a string.
    #[error("field `{0}` of the record is missing or is not a string")]
    Field(&'static str),
}

/// A parsed CloudTrail record.
///
/// Source: AWS CloudTrail User Guide, "CloudTrail record contents".
#[derive(Debug)]
pub struct CloudTrailEvent<'a> {
    /// The whole record.
    pub raw: JsonNode<'a>,
    /// `eventSource`, such as `s3.amazonaws.com`.
    pub source: Cow<'a, str>,
    /// `eventName`, such as `PutBucketPolicy`.
    pub name: Cow<'a, str>,
    /// `eventTime`, ISO 8601 in UTC; empty if the record has none.
    pub time: Cow<'a, str>,
    /// `eventID`, or a UUID of the text of the record if the record has none.
    pub id: Cow<'a, str>,
    /// The id of the account in which the call was made: the account that the event bus reports, or
    /// else `recipientAccountId`, or else `userIdentity.accountId`.
    pub account: Cow<'a, str>,
    /// The Region that the event bus reports, or else `awsRegion`.
    pub region: Cow<'a, str>,
    /// The view of `requestParameters`.
    pub request: CallParameters<'a>,
    /// The view of `responseElements`.
    pub response: CallParameters<'a>,
}

impl<'a> CloudTrailEvent<'a> {
    /// Parses a record from its JSON text.
    ///
    /// # Errors
    /// [`EventError::Json`] if the text is not valid JSON, [`EventError::NoObject`] if it is not an
    /// object, and [`EventError::Field`] if `eventSource` or `eventName` is missing or not a
    /// string.
    pub fn parse_record(text: &'a str, tape: &'a mut JsonTape) -> Result<Self, EventError> {
        Self::from_node(tape.parse_text(text)?)
    }

    /// Creates a record from a parsed JSON object.
    ///
    /// # Errors
    /// [`EventError::NoObject`] if `raw` is not an object, and [`EventError::Field`] if
    /// `eventSource` or `eventName` is missing or not a string.
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

    /// Replaces the account and the Region of the record by those that the event bus reports.
    /// Fields that are empty in `origin` stay unchanged.
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

    /// Returns `userIdentity.type`, such as `Root`; empty if the record has none.
    pub fn identity_type(&self) -> Cow<'a, str> {
        let kind = self.raw.get_path(&["userIdentity", "type"]);
        kind.and_then(JsonNode::as_str).unwrap_or_default()
    }

    /// Returns whether the call failed. CloudTrail also records failed calls, which change nothing.
    ///
    /// A failed console sign-in can have an `errorMessage` and no `errorCode`, or only the answer
    /// `Failure`.
    ///
    /// Source: AWS CloudTrail User Guide, "AWS Management Console sign-in events"; AWS IAM Identity
    /// Center User Guide, "Understanding IAM Identity Center sign-in events".
    pub fn has_failed(&self) -> bool {
        // An empty string is not an error. If it were, an event with an empty `errorCode` would
        // count as failed, and policies would not report a change that took place.
        let given = |name| {
            self.raw
                .get_member(name)
                .is_some_and(|value| !value.is_null() && !value.raw_text().is_empty())
        };
        given("errorCode") || given("errorMessage") || self.reports_failed_sign_in()
    }

    /// Returns whether the answer of a sign-in event is `Failure`, such as
    /// `{"ConsoleLogin": "Failure"}`.
    fn reports_failed_sign_in(&self) -> bool {
        let kind = get_text_field(self.raw, "eventType");
        if self.source != "signin.amazonaws.com" && kind.as_deref() != Some("AwsConsoleSignIn") {
            return false;
        }
        ["responseElements", "serviceEventDetails"].iter().any(|answer| {
            let members = self.raw.get_member(answer).map(JsonNode::object_members);
            members.into_iter().flatten().any(|member| {
                member.as_str().is_some_and(|text| text.eq_ignore_ascii_case("failure"))
            })
        })
    }

    /// Returns the id of the action, which is equal in every record of the action: `sharedEventID`
    /// if several accounts record the action, the id of the original record if this record is an
    /// addendum, and otherwise `eventID`.
    pub fn action_id(&self) -> Cow<'a, str> {
        let shared = get_text_field(self.raw, "sharedEventID");
        let original =
            || self.raw.get_path(&["addendum", "originalEventID"]).and_then(JsonNode::as_str);
        shared.or_else(original).unwrap_or_else(|| self.id.clone())
    }

    /// Returns the identity of the caller: an ARN, the id of an IAM Identity Center user, the name of
    /// an AWS service, or else the principal id, the user name or the account id. Returns an empty
    /// string if the record contains none of them.
    ///
    /// Source: AWS CloudTrail User Guide, "CloudTrail userIdentity element".
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
        let person = || {
            let path = ["userIdentity", "onBehalfOf", "userId"];
            self.raw.get_path(&path).and_then(JsonNode::as_str).filter(|id| !id.is_empty())
        };
        of("arn")
            .or_else(issuer)
            .or_else(person)
            .or_else(|| of("invokedBy"))
            .or_else(|| of("principalId"))
            .or_else(|| of("userName"))
            .or_else(|| of("accountId"))
            .unwrap_or_default()
    }
}

/// Finds the fields of [`CloudTrailEvent`] in one pass. If a field occurs twice, the last one is
/// used.
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

/// Returns the string in the field `name`.
fn get_text_field<'a>(node: JsonNode<'a>, name: &str) -> Option<Cow<'a, str>> {
    node.get_member(name).and_then(JsonNode::as_str)
}

/// Removes the API version that some services append to the name of a call:
/// `AddPermission20150331v2` of Lambda, `CreateFunction2020_05_31` of CloudFront.
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
    fn a_failed_call_has_an_error_code_or_an_error_message() {
        let failed =
            |more: &str| with(&format!("{{{BASE}{more}}}"), |event| event.unwrap().has_failed());
        assert!(!failed(""));
        assert!(!failed(r#","errorCode":null"#));
        assert!(!failed(r#","errorCode":"""#));
        assert!(failed(r#","errorCode":"AccessDenied""#));
        assert!(failed(r#","errorMessage":"Failed authentication""#));
    }

    #[test]
    fn a_sign_in_whose_answer_is_failure_failed() {
        let failed = |source: &str, more: &str| {
            let text = format!(r#"{{"eventSource":"{source}","eventName":"N",{more}}}"#);
            with(&text, |event| event.unwrap().has_failed())
        };
        let signin = "signin.amazonaws.com";
        for answer in [
            r#""responseElements":{"ConsoleLogin":"Failure"}"#,
            r#""responseElements":{"PasswordUpdated":"Failure"}"#,
            r#""serviceEventDetails":{"CredentialVerification":"Failure"}"#,
        ] {
            assert!(failed(signin, answer), "{answer}");
            assert!(!failed(signin, &answer.replace("Failure", "Success")), "{answer}");
        }
        let answer = r#""responseElements":{"state":"Failure"}"#;
        assert!(!failed("ec2.amazonaws.com", answer), "it is the state of a resource");
        let typed = format!(r#"{answer},"eventType":"AwsConsoleSignIn""#);
        assert!(failed("us-east-1.signin.aws.amazon.com", &typed));
    }

    #[test]
    fn an_action_has_the_same_id_in_every_account_and_in_an_addendum() {
        let action = |more: &str| {
            with(&format!("{{{BASE}{more}}}"), |event| event.unwrap().action_id().into_owned())
        };
        assert_eq!(action(""), "id");
        assert_eq!(action(r#","sharedEventID":"s1""#), "s1");
        assert_eq!(action(r#","addendum":{"originalEventID":"o1"}"#), "o1");
    }

    #[test]
    fn the_caller_is_found_in_identities_without_an_arn() {
        let actor = |identity: &str| {
            let text = format!("{{{BASE},\"userIdentity\":{identity}}}");
            with(&text, |event| event.unwrap().caller_identity().into_owned())
        };
        assert_eq!(
            actor(r#"{"type":"AWSService","invokedBy":"config.amazonaws.com"}"#),
            "config.amazonaws.com"
        );
        assert_eq!(actor(r#"{"arn":"","principalId":"p"}"#), "p");
        let person = r#""onBehalfOf":{"userId":"544894e8","identityStoreArn":"arn:aws:i"}"#;
        assert_eq!(
            actor(&format!(r#"{{"type":"IdentityCenterUser","accountId":"1",{person}}}"#)),
            "544894e8"
        );
        assert_eq!(
            actor(&format!(r#"{{"arn":"arn:aws:sts::1:assumed-role/r/s",{person}}}"#)),
            "arn:aws:sts::1:assumed-role/r/s"
        );
        assert_eq!(actor(r#"{"type":"SAMLUser","userName":"jo","accountId":"1"}"#), "jo");
        assert_eq!(actor("null"), "");
    }

    #[test]
    fn a_record_without_id_or_time_is_parsed() {
        let id = |text: &str| with(text, |event| event.unwrap().id.into_owned());
        let first = id(r#"{"eventSource":"s","eventName":"N","a":1}"#);
        assert_eq!(first, id(r#"{"eventSource":"s","eventName":"N","a":1}"#));
        assert_ne!(first, id(r#"{"eventSource":"s","eventName":"N","a":2}"#));
    }

    #[test]
    fn an_error_names_the_missing_field() {
        let error = |text: &str| with(text, |event| event.unwrap_err().to_string());
        assert_eq!(error("[]"), "the record is not a JSON object");
        assert_eq!(
            error(r#"{"eventSource":"s"}"#),
            "field `eventName` of the record is missing or is not a string"
        );
        assert_eq!(
            error(r#"{"eventSource":1,"eventName":"x"}"#),
            "field `eventSource` of the record is missing or is not a string"
        );
        assert_eq!(error("{"), "the JSON ends inside a value at byte 1");
    }
}
