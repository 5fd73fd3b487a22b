//! Sends calls with the AWS JSON protocol.
//!
//! Source: Smithy specification, "AWS JSON 1.0 protocol" and "AWS JSON 1.1 protocol".

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::CallError;
use super::service::ServiceClient;
use super::service_metadata::ServiceProtocol;
use super::transport::UnsignedRequest;

impl ServiceClient {
    /// Calls an operation of a service with the AWS JSON protocol, such as `GetKeyRotationStatus`.
    ///
    /// # Errors
    /// [`CallError::Refused`] if AWS returns an error, [`CallError::Malformed`] if the response is
    /// not a valid `O`, [`CallError::InvalidRequest`] if the request cannot be built,
    /// [`CallError::NoRegion`] if no Region is configured, and [`CallError::Unanswered`] if no
    /// response is received.
    pub async fn call_json<O: DeserializeOwned>(
        &self,
        operation: &str,
        input: &(impl Serialize + Sync + ?Sized),
    ) -> Result<O, CallError> {
        let request = json_request(self.metadata.protocol, operation, input)?;
        self.send_request(request).await?.parse_json()
    }
}

fn json_request(
    protocol: ServiceProtocol,
    operation: &str,
    input: &(impl Serialize + ?Sized),
) -> Result<UnsignedRequest, CallError> {
    let ServiceProtocol::Json { version, target } = protocol else {
        return Err(CallError::InvalidRequest(
            "the service does not use the AWS JSON protocol".to_owned(),
        ));
    };
    let body =
        serde_json::to_vec(input).map_err(|error| CallError::InvalidRequest(error.to_string()))?;
    let header = |text: String| {
        HeaderValue::from_str(&text).map_err(|error| CallError::InvalidRequest(error.to_string()))
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, header(format!("application/x-amz-json-{version}"))?);
    headers.insert("x-amz-target", header(format!("{target}.{operation}"))?);
    Ok(UnsignedRequest {
        method: Method::POST,
        target: "/".to_owned(),
        headers,
        body: Bytes::from(body),
    })
}

#[cfg(test)]
mod tests {
    use super::super::service_metadata::{IAM, KMS, SQS};
    use super::*;
    use serde_json::json;

    #[test]
    fn the_operation_is_in_a_header() {
        let input = json!({"KeyId": "k"});
        let request = json_request(KMS.protocol, "GetKeyRotationStatus", &input).unwrap();
        assert_eq!(request.headers["content-type"], "application/x-amz-json-1.1");
        assert_eq!(request.headers["x-amz-target"], "TrentService.GetKeyRotationStatus");
        assert_eq!((request.target.as_str(), &request.body[..]), ("/", &b"{\"KeyId\":\"k\"}"[..]));
        let request = json_request(SQS.protocol, "SendMessage", &input).unwrap();
        assert_eq!(request.headers["content-type"], "application/x-amz-json-1.0");
        assert_eq!(request.headers["x-amz-target"], "AmazonSQS.SendMessage");
        assert!(json_request(IAM.protocol, "GetUser", &input).is_err());
    }

    #[test]
    fn debug_output_does_not_contain_the_body() {
        let input = json!({"Secret": "hidden"});
        let request = json_request(KMS.protocol, "Encrypt", &input).unwrap();
        assert!(!format!("{request:?}").contains("hidden"));
    }
}
