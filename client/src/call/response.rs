//! The response of AWS to a successful call.

use std::fmt;

use bytes::Bytes;
use http::HeaderMap;
#[cfg(test)]
use http::{HeaderName, HeaderValue};
use serde::de::DeserializeOwned;

use super::error::CallError;
use super::xml::XmlElement;

/// The response of AWS to a successful call.
#[derive(Clone)]
pub struct ServiceResponse {
    headers: HeaderMap,
    body: Bytes,
}

/// The debug output contains only the size of the body, because a response can contain secrets.
impl fmt::Debug for ServiceResponse {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Response").field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

impl ServiceResponse {
    pub(super) fn new(headers: HeaderMap, body: Bytes) -> ServiceResponse {
        ServiceResponse { headers, body }
    }

    #[cfg(test)]
    pub(super) fn for_test(
        headers: &[(&'static str, &'static str)],
        body: &str,
    ) -> ServiceResponse {
        let header = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let body = Bytes::copy_from_slice(body.as_bytes());
        ServiceResponse { headers: headers.iter().map(header).collect(), body }
    }

    /// Returns the body.
    pub fn body_bytes(&self) -> &Bytes {
        &self.body
    }

    /// Returns the value of a header, or `None` if the header is missing or is not text.
    pub fn header_value(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Parses the body as JSON. An empty body counts as an empty object.
    ///
    /// # Errors
    /// [`CallError::Malformed`] if the body is not a valid `T`.
    pub fn parse_json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        let text: &[u8] = if self.body.is_empty() { b"{}" } else { &self.body };
        serde_json::from_slice(text).map_err(|error| CallError::Malformed(error.to_string()))
    }

    /// Parses the body as XML.
    ///
    /// # Errors
    /// [`CallError::Malformed`] if the body is not a complete XML document.
    pub fn parse_xml(&self) -> Result<XmlElement, CallError> {
        let text = std::str::from_utf8(&self.body);
        XmlElement::parse_document(text.map_err(|error| CallError::Malformed(error.to_string()))?)
    }
}
