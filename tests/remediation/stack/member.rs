//! A member account with a REST API that a developer changes.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::{IntegrationType, Op, PatchOperation};
use evenkeel_client::ServiceClient;
use evenkeel_client::config::new_http_client;
use hyper::Request;
use serde_json::{Value, json};

use evenkeel_testing::http::{ASKED_BY, call, send};
use evenkeel_testing::stand_in::stand_in;

/// The id of the member account.
pub(crate) const MEMBER: &str = "111122223333";

/// Returns the configuration of the developer's session in the member account.
async fn developer() -> SdkConfig {
    let config = |keys: Credentials| {
        SdkConfig::builder()
            .http_client(new_http_client())
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .endpoint_url(format!("http://{}", stand_in()))
            .build()
    };
    let sts = ServiceClient::sts(&config(Credentials::new("test", "test", None, None, "")));
    let role = format!("arn:aws:iam::{MEMBER}:role/developer");
    let call = sts
        .query_call("AssumeRole")
        .with_parameter("RoleArn", &role)
        .with_parameter("RoleSessionName", "mara");
    let session = call.send_query().await.unwrap();
    let keys =
        session.require_child("AssumeRoleResult").unwrap().require_child("Credentials").unwrap();
    let text = |name| keys.require_child(name).unwrap().text_content();
    let token = Some(text("SessionToken").to_owned());
    config(Credentials::new(text("AccessKeyId"), text("SecretAccessKey"), token, None, ""))
}

/// A REST API with the method `GET /` and the stage `live`.
pub(crate) struct Member {
    client: Client,
    /// The access key id of the developer's session.
    key: String,
    pub(crate) api: String,
    root: String,
}

impl Member {
    /// Creates and deploys an API whose integration calls `uri`.
    pub(crate) async fn new(uri: &str) -> Member {
        let developer = developer().await;
        let keys = developer.credentials_provider().unwrap().provide_credentials().await.unwrap();
        let (key, client) = (keys.access_key_id().to_owned(), Client::new(&developer));
        let made = client.create_rest_api().name("payments").send().await.unwrap();
        let (api, root) = (made.id.unwrap(), made.root_resource_id.unwrap());
        let member = Member { client, key, api, root };
        let client = &member.client;
        let method = client.put_method().rest_api_id(&member.api).resource_id(&member.root);
        method.http_method("GET").authorization_type("NONE").send().await.unwrap();
        let integration =
            client.put_integration().rest_api_id(&member.api).resource_id(&member.root);
        let integration = integration.http_method("GET").r#type(IntegrationType::HttpProxy);
        integration.integration_http_method("GET").uri(uri).send().await.unwrap();
        member.deploy().await;
        member
    }

    /// Changes the URI of the integration in the draft, as the developer.
    pub(crate) async fn change_uri(&self, uri: &str) {
        let patch = PatchOperation::builder().op(Op::Replace).path("/uri").value(uri).build();
        let update = self.client.update_integration().rest_api_id(&self.api);
        let update = update.resource_id(&self.root).http_method("GET").patch_operations(patch);
        update.send().await.unwrap();
    }

    pub(crate) async fn deploy(&self) {
        let deploy = self.client.create_deployment().rest_api_id(&self.api).stage_name("live");
        deploy.send().await.unwrap();
    }

    /// Returns the URI of the integration that the stage serves.
    pub(crate) async fn served(&self) -> String {
        let export = self.client.get_export().rest_api_id(&self.api).stage_name("live");
        let export = export.export_type("oas30").send().await.unwrap().body.unwrap();
        let export: Value = serde_json::from_slice(export.as_ref()).unwrap();
        let uri = &export["paths"]["/"]["get"]["x-amazon-apigateway-integration"]["uri"];
        uri.as_str().unwrap().to_owned()
    }

    /// Returns the CloudTrail records of the API, oldest first.
    pub(crate) async fn trail(&self) -> Vec<Value> {
        let (_, records) = call(stand_in(), "GET", "/stand/trail", "").await;
        let records: Vec<Value> = serde_json::from_slice(&records).unwrap();
        let ours = |one: &Value| one["requestParameters"]["restApiId"] == self.api.as_str();
        records.into_iter().filter(ours).collect()
    }

    /// Puts all CloudTrail records of the API on the default event bus of the account.
    pub(crate) async fn to_bus(&self) {
        for record in self.trail().await {
            self.put("aws.apigateway", &record).await;
        }
    }

    /// Puts a record on the default event bus of the account.
    pub(crate) async fn put(&self, source: &str, record: &Value) {
        let put = json!({"Entries": [{
            "Source": source,
            "DetailType": "AWS API Call via CloudTrail",
            "Detail": record.to_string(),
        }]});
        put_events(&self.key, &put).await;
    }

    /// Returns the latest record with this event name, as EventBridge delivers it to the queue in
    /// the audit account.
    pub(crate) async fn event(&self, name: &str) -> Value {
        let record = self.trail().await.into_iter().rev().find(|one| one["eventName"] == name);
        let record = record.unwrap();
        json!({
            "version": "0",
            "id": record["eventID"],
            "detail-type": "AWS API Call via CloudTrail",
            "source": "aws.apigateway",
            "account": MEMBER,
            "time": record["eventTime"],
            "region": "eu-central-1",
            "resources": [],
            "detail": record,
        })
    }
}

/// Puts events on the default event bus of the account of an access key.
async fn put_events(key: &str, put: &Value) {
    let request = Request::builder()
        .method("POST")
        .uri("/")
        .header("host", stand_in().to_string())
        .header(
            "authorization",
            ASKED_BY.replace("=test/", &format!("={key}/")).replace("/s3/", "/events/"),
        )
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "AWSEvents.PutEvents")
        .body(put.to_string().into())
        .unwrap();
    let (head, body) = send(stand_in(), request).await.unwrap();
    let answer: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((head.status.as_u16(), &answer["FailedEntryCount"]), (200, &json!(0)));
}

/// Returns an SQS event with these message bodies.
pub(crate) fn batch(bodies: &[String]) -> Value {
    let records: Vec<Value> = bodies
        .iter()
        .enumerate()
        .map(|(number, body)| {
            json!({
                "messageId": format!("00000000-0000-4000-8000-{number:012}"),
                "receiptHandle": "r",
                "body": body,
                "attributes": {"SentTimestamp": "1773230401000"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:queue",
                "awsRegion": "eu-central-1",
            })
        })
        .collect();
    json!({"Records": records})
}
