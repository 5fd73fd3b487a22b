//! Calls before a client of HTTP that keeps what it is asked.

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

/// Answers one after the other, and what was asked: method, URL, authorization and content.
#[derive(Clone, Debug, Default)]
struct Wire {
    answers: Arc<Mutex<Vec<(u16, &'static str)>>>,
    asked: Arc<Mutex<Vec<[String; 4]>>>,
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let authorization = request.headers().get("authorization").unwrap_or_default();
        let body = String::from_utf8_lossy(request.body().bytes().unwrap()).into_owned();
        let (method, uri) = (request.method().to_owned(), request.uri().to_owned());
        self.asked.lock().unwrap().push([method, uri, authorization.to_owned(), body]);
        let (status, text) = self.answers.lock().unwrap().remove(0);
        let answer = http::Response::builder().status(status).body(SdkBody::from(text)).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::try_from(answer).unwrap()))
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

fn wire(answers: &[(u16, &'static str)]) -> Wire {
    Wire { answers: Arc::new(Mutex::new(answers.to_vec())), ..Wire::default() }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_signed_and_tried_again() {
    let wire =
        wire(&[(400, r#"{"__type":"ThrottlingException"}"#), (500, ""), (200, r#"{"a":1}"#)]);
    let answer: Value = ServiceClient::kms(&config(&wire))
        .call_json("DescribeKey", &json!({"KeyId": "k"}))
        .await
        .unwrap();
    assert_eq!(answer, json!({"a": 1}));
    let asked = wire.asked.lock().unwrap();
    assert_eq!(asked.len(), 3);
    for [method, uri, authorization, body] in asked.iter() {
        assert_eq!(
            (method.as_str(), uri.as_str()),
            ("POST", "https://kms.eusc-de-east-1.amazonaws.eu/")
        );
        assert!(authorization.contains("/eusc-de-east-1/kms/aws4_request"), "{authorization}");
        assert_eq!(body, r#"{"KeyId":"k"}"#);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_lasts_is_not_tried_again() {
    let wire = wire(&[(400, "<R><Error><Code>InvalidGroup.NotFound</Code></Error></R>")]);
    let error = ServiceClient::ec2(&config(&wire)).query_call("Do").send_query().await.unwrap_err();
    assert_eq!(error.error_code(), Some("InvalidGroup.NotFound"));
    assert_eq!(wire.asked.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_object_is_addressed_by_its_path() {
    let wire = wire(&[(200, "content")]);
    let config = config(&wire).to_builder().endpoint_url("http://127.0.0.1:1/s3").build();
    let s3 = ServiceClient::s3(&config);
    let answer = s3.rest_call(Method::GET, &["a.bucket", "a key"]).send_rest().await.unwrap();
    assert_eq!(answer.body_bytes(), "content");
    let asked = wire.asked.lock().unwrap();
    assert_eq!(asked[0][1], "http://127.0.0.1:1/s3/a.bucket/a%20key");
    assert!(asked[0][2].contains("x-amz-content-sha256"), "{}", asked[0][2]);
}

#[tokio::test]
async fn what_the_configuration_lacks_is_told() {
    let service = ServiceClient::sts(&SdkConfig::builder().build());
    let error = service.query_call("GetCallerIdentity").send_query().await.unwrap_err();
    assert_eq!(error, CallError::NoRegion);
    let lacks_keys = SdkConfig::builder().region(Region::new("eu-central-1")).build();
    let error = ServiceClient::sts(&lacks_keys)
        .query_call("GetCallerIdentity")
        .send_query()
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::InvalidRequest(_)), "{error:?}");
}
