//! What AWS answers to a call that it did.

use std::fmt;

use bytes::Bytes;
use http::HeaderMap;
#[cfg(test)]
use http::{HeaderName, HeaderValue};
use serde::de::DeserializeOwned;

use super::error::CallError;
use super::xml::Element;

/// AWS's answer to a call that it did.
#[derive(Clone)]
pub struct Response {
    headers: HeaderMap,
    body: Bytes,
}

/// What is answered may be secret.
impl fmt::Debug for Response {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Response").field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

impl Response {
    pub(super) fn new(headers: HeaderMap, body: Bytes) -> Response {
        Response { headers, body }
    }

    #[cfg(test)]
    pub(super) fn for_test(headers: &[(&'static str, &'static str)], body: &str) -> Response {
        let header = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let body = Bytes::copy_from_slice(body.as_bytes());
        Response { headers: headers.iter().map(header).collect(), body }
    }

    /// The content.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// A header, if there is one of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The content as JSON; no content at all counts as an empty object.
    ///
    /// # Errors
    /// [`CallError::Malformed`] when the content is none of `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        let text: &[u8] = if self.body.is_empty() { b"{}" } else { &self.body };
        serde_json::from_slice(text).map_err(|error| CallError::Malformed(error.to_string()))
    }

    /// The content as XML.
    ///
    /// # Errors
    /// [`CallError::Malformed`] when the content is no whole document.
    pub fn xml(&self) -> Result<Element, CallError> {
        let text = std::str::from_utf8(&self.body);
        Element::read(text.map_err(|error| CallError::Malformed(error.to_string()))?)
    }
}
