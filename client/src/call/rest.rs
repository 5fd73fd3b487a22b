//! Sends calls with the REST protocols: REST-JSON, and the REST-XML of S3.
//!
//! Source: Smithy specification, "AWS restJson1 protocol" and "AWS restXml protocol", "HTTP
//! bindings".

use std::fmt;

use aws_smithy_types::base64;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::error::CallError;
use super::response::ServiceResponse;
use super::service::ServiceClient;
use super::transport::UnsignedRequest;
use super::xml::XmlElement;

/// The characters that are percent-encoded in a path or a query: all except letters, digits, `-`,
/// `.`, `_` and `~`.
///
/// Source: AWS General Reference, "Create a signed AWS API request", `UriEncode`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The namespace of the XML documents of S3.
const S3_NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

impl ServiceClient {
    /// Creates a call with an HTTP method and a path, for a service with a REST protocol. The
    /// function percent-encodes each part of the path. The call is not sent yet.
    pub fn rest_call(&self, method: Method, path: &[&str]) -> RestCall<'_> {
        let parts = path.iter().map(|part| format!("/{}", utf8_percent_encode(part, ENCODED)));
        let target: String = parts.collect();
        let request =
            UnsignedRequest { method, target, headers: HeaderMap::new(), body: Bytes::new() };
        RestCall { service: self, request: Ok(request), has_query: false }
    }
}

/// A call of a REST service that is not sent yet. If a part of the call is not valid,
/// [`RestCall::send_rest`] returns the error.
///
/// ```no_run
/// use evenkeel_client::{CallError, Method, ServiceClient};
///
/// # async fn run(config: &aws_types::SdkConfig) -> Result<(), CallError> {
/// let s3 = ServiceClient::s3(config);
/// let path = ["amzn-s3-demo-bucket", "key"];
/// let call = s3.rest_call(Method::GET, &path).with_query("versionId", Some("1"));
/// let response = call.send_rest().await?;
/// println!("{} bytes", response.body_bytes().len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RestCall<'a> {
    service: &'a ServiceClient,
    request: Result<UnsignedRequest, CallError>,
    has_query: bool,
}

impl fmt::Debug for RestCall<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = to.debug_struct("RestCall");
        shown.field("service", &self.service.metadata.id).field("request", &self.request).finish()
    }
}

impl RestCall<'_> {
    /// Adds a query parameter. If `value` is `None`, the query contains only the name.
    #[must_use]
    pub fn with_query(mut self, name: &str, value: Option<&str>) -> Self {
        let mark = if self.has_query { '&' } else { '?' };
        self.has_query = true;
        if let Ok(request) = &mut self.request {
            request.target.push(mark);
            request.target.extend(utf8_percent_encode(name, ENCODED));
            if let Some(value) = value {
                request.target.push('=');
                request.target.extend(utf8_percent_encode(value, ENCODED));
            }
        }
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        match (&mut self.request, HeaderValue::from_str(value)) {
            (Ok(request), Ok(value)) => {
                request.headers.insert(HeaderName::from_static(name), value);
            }
            (Ok(_), Err(error)) => {
                self.request = Err(CallError::InvalidRequest(format!("header {name}: {error}")));
            }
            (Err(_), _) => {}
        }
        self
    }

    /// Sets the body to `content` as JSON.
    #[must_use]
    pub fn with_json(mut self, content: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(content) {
            Ok(body) => self.with_body("application/json", body),
            Err(error) => {
                self.request = Err(CallError::InvalidRequest(error.to_string()));
                self
            }
        }
    }

    /// Sets the body to `content` as an XML document of S3.
    #[must_use]
    pub fn with_xml(self, content: &XmlElement) -> Self {
        self.with_body("application/xml", content.write_document(S3_NAMESPACE))
    }

    /// Sets the body, and `kind` as its content type. For S3, the function adds a checksum of the
    /// body, because S3 requires a checksum for the settings of a bucket.
    ///
    /// Source: Amazon S3 API Reference, `PutBucketPolicy`, `x-amz-checksum-sha256`.
    #[must_use]
    pub fn with_body(mut self, kind: &'static str, body: impl Into<Bytes>) -> Self {
        if let Ok(request) = &mut self.request {
            request.headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            request.body = body.into();
            if self.service.metadata.signing_name == "s3" {
                let checksum = base64::encode(Sha256::digest(&request.body));
                return self.with_header("x-amz-checksum-sha256", &checksum);
            }
        }
        self
    }

    /// Sends the call, and returns the response.
    ///
    /// # Errors
    /// [`CallError::Refused`] if AWS returns an error, [`CallError::InvalidRequest`] if a part of
    /// the call is not valid, [`CallError::NoRegion`] if no Region is configured, and
    /// [`CallError::Unanswered`] if no response is received.
    pub async fn send_rest(self) -> Result<ServiceResponse, CallError> {
        self.service.send_request(self.request?).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parts_of_paths_and_queries_are_encoded() {
        let service = ServiceClient::lambda(&aws_types::SdkConfig::builder().build());
        let path = ["2015-03-31", "functions", "arn:aws:lambda:f/1 \u{e9}", "policy"];
        let call = service.rest_call(Method::GET, &path).with_query("Qualifier", Some("$LATEST"));
        let call = call.with_query("acl", None).with_json(&json!({"a": 1}));
        let request = call.request.unwrap();
        assert_eq!(
            request.target,
            "/2015-03-31/functions/arn%3Aaws%3Alambda%3Af%2F1%20%C3%A9/policy\
             ?Qualifier=%24LATEST&acl"
        );
        assert_eq!(request.headers["content-type"], "application/json");
        assert_eq!(&request.body[..], b"{\"a\":1}");
    }

    #[test]
    fn a_header_that_cannot_be_sent_is_an_error() {
        let service = ServiceClient::s3(&aws_types::SdkConfig::builder().build());
        let call = service.rest_call(Method::PUT, &["b"]).with_header("if-match", "a\nb");
        assert!(matches!(call.request, Err(CallError::InvalidRequest(_))));
    }
}
