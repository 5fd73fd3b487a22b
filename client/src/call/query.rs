//! The AWS Query protocol, and its kin of EC2.
//!
//! Source: Smithy specification, "AWS Query protocol"; Amazon EC2 API Reference, "Query requests for Amazon EC2".

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::error::CallError;
use super::service::ServiceClient;
use super::transport::UnsignedRequest;
use super::xml::XmlElement;

/// More pages than any answer has: whoever gives more is not believed.
const MAX_PAGES: usize = 100;

const FORM_CONTENT_TYPE: HeaderValue =
    HeaderValue::from_static("application/x-www-form-urlencoded");

impl ServiceClient {
    /// A call of an action, without parameters yet, of a service that speaks Query.
    pub fn query_call(&self, action: &str) -> QueryCall<'_> {
        // The kill switch reads the action where it stands first.
        let body = format!("Action={action}&Version={}", self.metadata.version);
        QueryCall { service: self, body }
    }
}

/// A call in the making.
#[derive(Clone)]
pub struct QueryCall<'a> {
    service: &'a ServiceClient,
    body: String,
}

/// What is sent may be secret.
impl std::fmt::Debug for QueryCall<'_> {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("QueryCall")
            .field("service", &self.service.metadata.id)
            .finish_non_exhaustive()
    }
}

impl QueryCall<'_> {
    /// With a parameter, such as `GroupId` or `SecurityGroupRuleId.1`.
    #[must_use]
    pub fn with_parameter(mut self, name: &str, value: &str) -> Self {
        self.body += &format!("&{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
        self
    }

    /// The answer, of which every part that is asked for must be there.
    ///
    /// # Errors
    /// [`CallError::Refused`] when AWS refuses, [`CallError::Malformed`] when the answer is no whole document, and
    /// another one when there is no answer.
    pub async fn send_query(self) -> Result<XmlElement, CallError> {
        self.send_body(self.body.clone()).await
    }

    /// The answers of all pages: EC2 names the next one in each.
    ///
    /// # Errors
    /// As [`QueryCall::send_query`].
    pub async fn fetch_all_pages(self) -> Result<Vec<XmlElement>, CallError> {
        let mut pages = vec![self.send_body(self.body.clone()).await?];
        while let Some(next) = pages.last().and_then(|page| page.find_child("nextToken")) {
            if next.text_content().is_empty() {
                break;
            }
            if pages.len() >= MAX_PAGES {
                return Err(CallError::Malformed("the answer has no end".to_owned()));
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
