//! Reads the error responses of AWS, in each of the protocols.

use aws_smithy_types::error::metadata::ErrorMetadata;
use serde_json::Value;

use super::error::{REQUEST_ID, ServiceError};
use super::response::ServiceResponse;
use super::xml::XmlElement;

/// Reads an error response of any protocol. The error has an empty code if the response contains
/// none, for example because a proxy in front of AWS responded.
///
/// Source: Smithy specification, "AWS JSON 1.0 protocol", "AWS restJson1 protocol" and "AWS Query
/// protocol", "Operation error serialization"; Amazon EC2 API Reference, "Error codes"; Amazon S3
/// API Reference, "Error responses".
pub(super) fn read_service_error(status: u16, response: &ServiceResponse) -> ServiceError {
    let text = std::str::from_utf8(response.body_bytes()).unwrap_or_default();
    let details = XmlElement::parse_document(text)
        .ok()
        .map_or_else(|| read_json(text, response), |xml| read_xml(&xml));
    let request = ["x-amzn-requestid", "x-amz-request-id"];
    let request =
        request.into_iter().find_map(|name| response.header_value(name)).map(str::to_owned);
    let mut metadata = ErrorMetadata::builder();
    if let Some(code) = details.code {
        metadata = metadata.code(code);
    }
    if let Some(message) = details.message {
        metadata = metadata.message(message);
    }
    if let Some(id) = details.request.or(request) {
        metadata = metadata.custom(REQUEST_ID, id);
    }
    ServiceError::new(status, metadata.build())
}

#[derive(Default)]
struct ErrorDetails {
    code: Option<String>,
    message: Option<String>,
    request: Option<String>,
}

/// Reads an XML error. EC2 wraps the error in `Errors`, other services do not, and the response of
/// S3 is the error itself.
fn read_xml(response: &XmlElement) -> ErrorDetails {
    let outer = response.find_child("Errors").unwrap_or(response);
    let error = outer.find_child("Error").unwrap_or(outer);
    let text = |within: &XmlElement, name| {
        within
            .find_child(name)
            .map(|found| found.text_content().to_owned())
            .filter(|text| !text.is_empty())
    };
    let request = text(response, "RequestId").or_else(|| text(response, "RequestID"));
    ErrorDetails { code: text(error, "Code"), message: text(error, "Message"), request }
}

fn read_json(text: &str, response: &ServiceResponse) -> ErrorDetails {
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    let text = |name| body.get(name).and_then(Value::as_str);
    let message = ["message", "Message", "errorMessage"].into_iter().find_map(text);
    // SQS used the Query protocol before the JSON protocol. SQS still returns the error codes of
    // the Query protocol, in this header. These codes take precedence.
    let old = response.header_value("x-amzn-query-error").and_then(|error| error.split(';').next());
    let new = response
        .header_value("x-amzn-errortype")
        .or_else(|| text("__type"))
        .or_else(|| text("code"));
    // The code is the part between `#` and `:`, such as `FooError` of
    // `aws.protocoltests#FooError:http://..`.
    let bare = |code: &str| {
        let code = code.split(':').next().unwrap_or(code);
        code.rsplit('#').next().unwrap_or(code).to_owned()
    };
    let code = old.map(str::to_owned).or_else(|| new.map(bare)).filter(|code| !code.is_empty());
    ErrorDetails { code, message: message.map(str::to_owned), request: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, headers: &[(&'static str, &'static str)], text: &str) -> ServiceError {
        read_service_error(status, &ServiceResponse::for_test(headers, text))
    }

    #[test]
    fn errors_in_xml_are_read() {
        let ec2 = refusal(
            400,
            &[],
            "<Response><Errors><Error><Code>InvalidGroup.NotFound</Code><Message>The group \
             &#39;sg-1&#39; does not exist</Message></Error></Errors><RequestID>r</RequestID>\
             </Response>",
        );
        let expected = "InvalidGroup.NotFound: The group 'sg-1' does not exist (request r)";
        assert_eq!(ec2.to_string(), expected);
        assert!(!ec2.is_retryable());
        let rds = refusal(
            400,
            &[("x-amzn-requestid", "r")],
            "<ErrorResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><Error><Type>Sender\
             </Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error>\
             </ErrorResponse>",
        );
        assert_eq!((rds.error_code(), rds.request_id()), ("Throttling", Some("r")));
        assert!(rds.is_retryable());
        let s3 = refusal(404, &[], "<Error><Code>NoSuchBucket</Code><Message>m</Message></Error>");
        assert_eq!(
            (s3.error_code(), s3.error_message(), s3.http_status()),
            ("NoSuchBucket", "m", 404)
        );
    }

    #[test]
    fn errors_in_json_are_read() {
        let kms = refusal(400, &[], r#"{"__type":"a.b#NotFoundException","message":"m"}"#);
        assert_eq!((kms.error_code(), kms.error_message()), ("NotFoundException", "m"));
        let header = ("x-amzn-errortype", "ResourceNotFoundException:http://internal/");
        let lambda = refusal(404, &[header], r#"{"Type":"User","Message":"m"}"#);
        assert_eq!(
            (lambda.error_code(), lambda.error_message()),
            ("ResourceNotFoundException", "m")
        );
        let header = ("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender");
        let sqs = refusal(400, &[header], r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}"#);
        assert_eq!(sqs.error_code(), "AWS.SimpleQueueService.NonExistentQueue");
    }

    #[test]
    fn a_proxy_may_respond_without_a_code() {
        for (status, text, is_retryable) in
            [(503, "", true), (500, "<html>", true), (403, "", false), (400, "[", false)]
        {
            let refusal = refusal(status, &[], text);
            assert_eq!(refusal.is_retryable(), is_retryable, "{status} {text}");
            assert_eq!(refusal.to_string(), format!("status {status}"));
        }
    }
}
