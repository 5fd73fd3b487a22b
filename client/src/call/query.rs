//! Sends calls with the AWS Query protocol, and with the variant of this protocol for EC2.
//!
//! Source: Smithy specification, "AWS Query protocol"; Amazon EC2 API Reference, "Query requests
//! for Amazon EC2".

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::error::CallError;
use super::service::ServiceClient;
use super::transport::UnsignedRequest;
use super::xml::XmlElement;

/// The maximum number of pages of a response. A response with more pages is an error.
const MAX_PAGES: usize = 100;

const FORM_CONTENT_TYPE: HeaderValue =
    HeaderValue::from_static("application/x-www-form-urlencoded");

impl ServiceClient {
    /// Creates a call of an action, such as `DescribeSecurityGroups`, for a service with the Query
    /// protocol. The call has no parameters yet, and is not sent yet.
    pub fn query_call(&self, action: &str) -> QueryCall<'_> {
        // `Action` must be the first parameter, because the kill switch of the remediators reads
        // the action only from the beginning of the body.
        let body = format!("Action={action}&Version={}", self.metadata.version);
        QueryCall { service: self, body }
    }
}

/// A call of a Query service that is not sent yet.
///
/// ```no_run
/// use evenkeel_client::{CallError, ServiceClient};
///
/// # async fn run(config: &aws_types::SdkConfig) -> Result<(), CallError> {
/// let ec2 = ServiceClient::ec2(config);
/// let call = ec2.query_call("DescribeSecurityGroups").with_parameter("GroupId.1", "sg-1");
/// for page in call.fetch_all_pages().await? {
///     println!("{} groups", page.require_child("securityGroupInfo")?.child_elements().len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct QueryCall<'a> {
    service: &'a ServiceClient,
    body: String,
}

/// The debug output contains no parameters, because parameters can contain secrets.
impl std::fmt::Debug for QueryCall<'_> {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("QueryCall")
            .field("service", &self.service.metadata.id)
            .finish_non_exhaustive()
    }
}

impl QueryCall<'_> {
    /// Adds a parameter, such as `GroupId` or `SecurityGroupRuleId.1`.
    #[must_use]
    pub fn with_parameter(mut self, name: &str, value: &str) -> Self {
        self.body += &format!("&{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
        self
    }

    /// Sends the call, and returns the response.
    ///
    /// # Errors
    /// [`CallError::Refused`] if AWS returns an error, [`CallError::Malformed`] if the response is
    /// not a complete XML document, [`CallError::InvalidRequest`] if the request cannot be built,
    /// [`CallError::NoRegion`] if no Region is configured, and [`CallError::Unanswered`] if no
    /// response is received.
    pub async fn send_query(self) -> Result<XmlElement, CallError> {
        self.send_body(self.body.clone()).await
    }

    /// Sends the call, and returns the responses of all pages. Each response of EC2 except the last
    /// contains the token of the next page.
    ///
    /// # Errors
    /// The errors of [`QueryCall::send_query`], and [`CallError::Malformed`] if there are more than
    /// 100 pages.
    pub async fn fetch_all_pages(self) -> Result<Vec<XmlElement>, CallError> {
        let mut pages = vec![self.send_body(self.body.clone()).await?];
        while let Some(next) = pages.last().and_then(|page| page.find_child("nextToken")) {
            if next.text_content().is_empty() {
                break;
            }
            if pages.len() >= MAX_PAGES {
                let message = format!("the response has more than {MAX_PAGES} pages");
                return Err(CallError::Malformed(message));
            }
            let next = utf8_percent_encode(next.text_content(), NON_ALPHANUMERIC);
            let page = self.send_body(format!("{}&NextToken={next}", self.body)).await?;
            pages.push(page);
        }
        Ok(pages)
    }

    async fn send_body(&self, body: String) -> Result<XmlElement, CallError> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, FORM_CONTENT_TYPE)]);
        let (method, target) = (Method::POST, "/".to_owned());
        let request = UnsignedRequest { method, target, headers, body: Bytes::from(body) };
        self.service.send_request(request).await?.parse_xml()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_encoded() {
        let service = ServiceClient::ec2(&aws_types::SdkConfig::builder().build());
        let call = service.query_call("Do").with_parameter("Description", "a & b=c\u{e9} +");
        assert_eq!(
            call.body,
            "Action=Do&Version=2016-11-15&Description=a%20%26%20b%3Dc%C3%A9%20%2B"
        );
        assert!(!format!("{call:?}").contains("Description"));
    }
}
