//! Tests of calls with an HTTP client that records the requests.

use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use serde_json::{Value, json};

use super::super::{CallError, ServiceClient};
use super::*;

/// An HTTP client that returns prepared responses in order. It records the method, URL,
/// authorization header and body of each request.
#[derive(Clone, Debug, Default)]
struct Wire {
    responses: Arc<Mutex<Vec<(u16, &'static str)>>>,
    requests: Arc<Mutex<Vec<[String; 4]>>>,
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let authorization = request.headers().get("authorization").unwrap_or_default();
        let body = String::from_utf8_lossy(request.body().bytes().unwrap()).into_owned();
        let (method, uri) = (request.method().to_owned(), request.uri().to_owned());
        self.requests.lock().unwrap().push([method, uri, authorization.to_owned(), body]);
        let (status, text) = self.responses.lock().unwrap().remove(0);
        let response = http::Response::builder().status(status).body(SdkBody::from(text)).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::try_from(response).unwrap()))
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn config(wire: &Wire) -> SdkConfig {
    let keys = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eusc-de-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .http_client(wire.clone())
        .build()
}

fn wire(responses: &[(u16, &'static str)]) -> Wire {
    Wire { responses: Arc::new(Mutex::new(responses.to_vec())), ..Wire::default() }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_signed_and_retried() {
    let wire =
        wire(&[(400, r#"{"__type":"ThrottlingException"}"#), (500, ""), (200, r#"{"a":1}"#)]);
    let response: Value = ServiceClient::kms(&config(&wire))
        .call_json("DescribeKey", &json!({"KeyId": "k"}))
        .await
        .unwrap();
    assert_eq!(response, json!({"a": 1}));
    let requests = wire.requests.lock().unwrap();
    assert_eq!(requests.len(), 3);
    for [method, uri, authorization, body] in requests.iter() {
        assert_eq!(
            (method.as_str(), uri.as_str()),
            ("POST", "https://kms.eusc-de-east-1.amazonaws.eu/")
        );
        assert!(authorization.contains("/eusc-de-east-1/kms/aws4_request"), "{authorization}");
        assert_eq!(body, r#"{"KeyId":"k"}"#);
    }
}

#[tokio::test(start_paused = true)]
async fn a_permanent_error_is_not_retried() {
    let wire = wire(&[(400, "<R><Error><Code>InvalidGroup.NotFound</Code></Error></R>")]);
    let error = ServiceClient::ec2(&config(&wire)).query_call("Do").send_query().await.unwrap_err();
    assert_eq!(error.error_code(), Some("InvalidGroup.NotFound"));
    assert_eq!(wire.requests.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_object_is_addressed_by_its_path() {
    let wire = wire(&[(200, "content")]);
    let config = config(&wire).to_builder().endpoint_url("http://127.0.0.1:1/s3").build();
    let s3 = ServiceClient::s3(&config);
    let response = s3.rest_call(Method::GET, &["a.bucket", "a key"]).send_rest().await.unwrap();
    assert_eq!(response.body_bytes(), "content");
    let requests = wire.requests.lock().unwrap();
    assert_eq!(requests[0][1], "http://127.0.0.1:1/s3/a.bucket/a%20key");
    assert!(requests[0][2].contains("x-amz-content-sha256"), "{}", requests[0][2]);
}

#[tokio::test]
async fn an_incomplete_configuration_is_an_error() {
    let service = ServiceClient::sts(&SdkConfig::builder().build());
    let error = service.query_call("GetCallerIdentity").send_query().await.unwrap_err();
    assert_eq!(error, CallError::NoRegion);
    let without_credentials = SdkConfig::builder().region(Region::new("eu-central-1")).build();
    let error = ServiceClient::sts(&without_credentials)
        .query_call("GetCallerIdentity")
        .send_query()
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::InvalidRequest(_)), "{error:?}");
}
