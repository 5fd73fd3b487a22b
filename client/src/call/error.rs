//! Why a call gave nothing.

use std::error::Error;
use std::fmt;

use aws_runtime::retries::classifiers::{THROTTLING_ERRORS, TRANSIENT_ERRORS};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use serde_json::Value;

use super::transport::Response;
use super::xml::Element;

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// AWS refused.
    #[error("{0}")]
    Refused(Refusal),
    /// AWS was not asked or not heard; whether it did what was asked is not known.
    #[error("{0}")]
    Unanswered(String),
    /// The answer is not what the call answers.
    #[error("the answer cannot be read: {0}")]
    Malformed(String),
    /// The request cannot be made.
    #[error("the request cannot be made: {0}")]
    Unmade(String),
    /// The configuration names no Region.
    #[error("there is no region")]
    NoRegion,
}

impl CallError {
    /// AWS's code, such as `InvalidGroup.NotFound`, where AWS refused.
    pub fn code(&self) -> Option<&str> {
        self.refusal().map(Refusal::code)
    }

    /// What AWS said, where it refused.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            CallError::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            CallError::Refused(refusal) => refusal.is_retryable(),
            CallError::Unanswered(_) => true,
            CallError::Malformed(_) | CallError::Unmade(_) | CallError::NoRegion => false,
        }
    }
}

/// Every error of the SDK, of its own clients too.
impl<E: ProvideErrorMetadata + Error + 'static> From<SdkError<E, HttpResponse>> for CallError {
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        match error {
            SdkError::ServiceError(refused) => {
                let (status, metadata) = (refused.raw().status(), refused.err().meta());
                CallError::Refused(Refusal { status: status.as_u16(), metadata: metadata.clone() })
            }
            SdkError::ConstructionFailure(_) => CallError::Unmade(join_causes(&error)),
            error => CallError::Unanswered(join_causes(&error)),
        }
    }
}

/// What an error says, from its outside to its cause, each thing once.
fn join_causes(error: &dyn Error) -> String {
    let mut parts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        cause = inner.source();
    }
    parts.join(": ")
}

/// What AWS says where it refuses a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: u16,
    metadata: ErrorMetadata,
}

impl Refusal {
    /// The status of HTTP.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// AWS's code; empty where it gave none, as S3 does where there is no content.
    pub fn code(&self) -> &str {
        self.metadata.code().unwrap_or_default()
    }

    /// What AWS says of it; empty where it says nothing.
    pub fn message(&self) -> &str {
        self.metadata.message().unwrap_or_default()
    }

    /// By what AWS knows the request.
    pub fn request_id(&self) -> Option<&str> {
        self.metadata.extra(REQUEST_ID)
    }

    fn is_retryable(&self) -> bool {
        let code = self.code();
        self.status >= 500 || THROTTLING_ERRORS.contains(&code) || TRANSIENT_ERRORS.contains(&code)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code() {
            "" => write!(to, "status {}", self.status)?,
            code => write!(to, "{code}: {}", self.message())?,
        }
        self.request_id().map_or(Ok(()), |id| write!(to, " (request {id})"))
    }
}

impl Error for Refusal {}

impl ProvideErrorMetadata for Refusal {
    fn meta(&self) -> &ErrorMetadata {
        &self.metadata
    }
}

const REQUEST_ID: &str = "aws_request_id";

/// Reads what AWS said, in whatever protocol; what stands before AWS may answer without any code.
///
/// Source: Smithy specification, "AWS JSON 1.0 protocol", "AWS restJson1 protocol" and "AWS Query protocol", "Operation
/// error serialization"; Amazon EC2 API Reference, "Error codes"; Amazon S3 API Reference, "Error responses".
pub(super) fn read_refusal(status: u16, answer: &Response) -> Refusal {
    let text = std::str::from_utf8(answer.body()).unwrap_or_default();
    let said =
        Element::read(text).ok().map_or_else(|| read_json(text, answer), |xml| read_xml(&xml));
    let request = ["x-amzn-requestid", "x-amz-request-id"];
    let request = request.into_iter().find_map(|name| answer.header(name)).map(str::to_owned);
    let mut metadata = ErrorMetadata::builder();
    if let Some(code) = said.code {
        metadata = metadata.code(code);
    }
    if let Some(message) = said.message {
        metadata = metadata.message(message);
    }
    if let Some(id) = said.request.or(request) {
        metadata = metadata.custom(REQUEST_ID, id);
    }
    Refusal { status, metadata: metadata.build() }
}

#[derive(Default)]
struct Said {
    code: Option<String>,
    message: Option<String>,
    request: Option<String>,
}

/// EC2 puts the error into `Errors`, other services do not, and S3's answer is the error itself.
fn read_xml(answer: &Element) -> Said {
    let outer = answer.find("Errors").unwrap_or(answer);
    let error = outer.find("Error").unwrap_or(outer);
    let text = |within: &Element, name| {
        within.find(name).map(|found| found.text().to_owned()).filter(|text| !text.is_empty())
    };
    let request = text(answer, "RequestId").or_else(|| text(answer, "RequestID"));
    Said { code: text(error, "Code"), message: text(error, "Message"), request }
}

fn read_json(text: &str, answer: &Response) -> Said {
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    let text = |name| body.get(name).and_then(Value::as_str);
    let message = ["message", "Message", "errorMessage"].into_iter().find_map(text);
    // SQS spoke Query before, and keeps its codes of then.
    let old = answer.header("x-amzn-query-error").and_then(|error| error.split(';').next());
    let new = answer.header("x-amzn-errortype").or_else(|| text("__type")).or_else(|| text("code"));
    // `aws.protocoltests#FooError:http://..` is `FooError`.
    let bare = |code: &str| {
        let code = code.split(':').next().unwrap_or(code);
        code.rsplit('#').next().unwrap_or(code).to_owned()
    };
    let code = old.map(str::to_owned).or_else(|| new.map(bare)).filter(|code| !code.is_empty());
    Said { code, message: message.map(str::to_owned), request: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, headers: &[(&'static str, &'static str)], text: &str) -> Refusal {
        read_refusal(status, &Response::for_test(headers, text))
    }

    #[test]
    fn refusals_in_xml_are_read() {
        let ec2 = refusal(
            400,
            &[],
            "<Response><Errors><Error><Code>InvalidGroup.NotFound</Code><Message>The group \
             &#39;sg-1&#39; does not exist</Message></Error></Errors><RequestID>r</RequestID></Response>",
        );
        let told = "InvalidGroup.NotFound: The group 'sg-1' does not exist (request r)";
        assert_eq!(ec2.to_string(), told);
        assert!(!ec2.is_retryable());
        let rds = refusal(
            400,
            &[("x-amzn-requestid", "r")],
            "<ErrorResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><Error><Type>Sender\
             </Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>",
        );
        assert_eq!((rds.code(), rds.request_id()), ("Throttling", Some("r")));
        assert!(rds.is_retryable());
        let s3 = refusal(404, &[], "<Error><Code>NoSuchBucket</Code><Message>m</Message></Error>");
        assert_eq!((s3.code(), s3.message(), s3.status()), ("NoSuchBucket", "m", 404));
    }

    #[test]
    fn refusals_in_json_are_read() {
        let kms = refusal(400, &[], r#"{"__type":"a.b#NotFoundException","message":"m"}"#);
        assert_eq!((kms.code(), kms.message()), ("NotFoundException", "m"));
        let header = ("x-amzn-errortype", "ResourceNotFoundException:http://internal/");
        let lambda = refusal(404, &[header], r#"{"Type":"User","Message":"m"}"#);
        assert_eq!((lambda.code(), lambda.message()), ("ResourceNotFoundException", "m"));
        let header = ("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender");
        let sqs = refusal(400, &[header], r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}"#);
        assert_eq!(sqs.code(), "AWS.SimpleQueueService.NonExistentQueue");
    }

    #[test]
    fn what_stands_before_aws_may_answer_without_a_code() {
        for (status, text, is_retryable) in
            [(503, "", true), (500, "<html>", true), (403, "", false), (400, "[", false)]
        {
            let refusal = refusal(status, &[], text);
            assert_eq!(refusal.is_retryable(), is_retryable, "{status} {text}");
            assert_eq!(refusal.to_string(), format!("status {status}"));
        }
    }
}
