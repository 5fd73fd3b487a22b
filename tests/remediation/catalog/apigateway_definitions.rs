//! Tests which undeployed definitions of a REST API need an approval before a deployment publishes
//! them.

use std::sync::Arc;

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::{AuthorizerType, IntegrationType, Op, PatchOperation};
use evenkeel_remediators::catalog::apigateway::https_integration::HttpsIntegration;
use evenkeel_remediators::{RemediationResult, Remediator};

use super::apigateway::{Backends, patch};
use super::stage::{Stage, aws};
use evenkeel_testing::stand_in::stand_in;

const STRICT: &str = "arn:aws:apigateway:eu-central-1:lambda:path/functions/strict/invocations";

fn client() -> Client {
    Client::new(&aws(stand_in()).config)
}

fn add(path: &str) -> PatchOperation {
    PatchOperation::builder().op(Op::Add).path(path).build()
}

/// A deployed REST API whose method `POST /` uses an authorizer, a request validator, a model and a
/// cache.
struct Api {
    id: String,
    root: String,
    authorizer: String,
    validator: String,
}

impl Api {
    async fn new() -> Api {
        let made = client().create_rest_api().name("payments").send().await.unwrap();
        let (id, root) = (made.id.unwrap(), made.root_resource_id.unwrap());
        let authorizer = client().create_authorizer().rest_api_id(&id).name("guard");
        let authorizer = authorizer.r#type(AuthorizerType::Token).authorizer_uri(STRICT);
        let authorizer = authorizer.identity_source("method.request.header.Authorization");
        let authorizer = authorizer.send().await.unwrap().id.unwrap();
        let validator = client().create_request_validator().rest_api_id(&id).name("body");
        let validator = validator.validate_request_body(true).send().await.unwrap().id.unwrap();
        let model = client().create_model().rest_api_id(&id).name("Payment");
        let schema = r#"{"$schema": "http://json-schema.org/draft-04/schema#", "type": "object",
            "required": ["sum", "iban"], "properties": {"sum": {"type": "number", "minimum": 1}}}"#;
        model.content_type("application/json").schema(schema).send().await.unwrap();
        let method = client().put_method().rest_api_id(&id).resource_id(&root).http_method("POST");
        let method = method.authorization_type("CUSTOM").authorizer_id(&authorizer);
        let method = method.authorization_scopes("pay").request_validator_id(&validator);
        let method = method.request_models("application/json", "Payment");
        method.request_parameters("method.request.querystring.bank", true).send().await.unwrap();
        let integration = client().put_integration().rest_api_id(&id).resource_id(&root);
        let integration = integration.http_method("POST").r#type(IntegrationType::HttpProxy);
        let integration = integration.integration_http_method("POST");
        let integration = integration.uri("http://backend.example/pay").timeout_in_millis(29_000);
        integration.cache_namespace(&root).send().await.unwrap();
        let api = Api { id, root, authorizer, validator };
        api.change_integration(add("/cacheKeyParameters/method.request.querystring.bank")).await;
        api.deploy().await;
        api
    }

    async fn deploy(&self) {
        let deploy = client().create_deployment().rest_api_id(&self.id).stage_name("live");
        deploy.send().await.unwrap();
    }

    /// Changes the draft of the API.
    async fn change_api(&self, patch: PatchOperation) {
        let update = client().update_rest_api().rest_api_id(&self.id).patch_operations(patch);
        update.send().await.unwrap();
    }

    /// Changes the integration of the method in the draft.
    async fn change_integration(&self, patch: PatchOperation) {
        let update = client().update_integration().rest_api_id(&self.id).resource_id(&self.root);
        update.http_method("POST").patch_operations(patch).send().await.unwrap();
    }

    async fn stage(&self) -> Stage {
        let id = format!("{}|{}|POST", self.id, self.root);
        let (policy, kind) = ("apigateway-integration-http", "AWS::ApiGateway::Method");
        let stage = Stage::new(policy, HttpsIntegration::SPEC.id, kind, &id).await;
        stage.with_probe(Arc::new(Backends(None)))
    }

    /// Requires that a deployment needs an approval for the change of one part, and deploys the
    /// change.
    async fn requires_approval_for(&self, name: &str) {
        let why =
            format!("a deployment to stage `live` would publish other undeployed changes: {name}");
        let stage = self.stage().await;
        assert_eq!(stage.preview::<HttpsIntegration>().await.asks, [why]);
        self.deploy().await;
        let asks = stage.preview::<HttpsIntegration>().await.asks;
        assert_eq!(asks, Vec::<String>::new(), "{name} is deployed");
    }
}

#[tokio::test]
async fn undeployed_definitions_are_published_only_after_approval() {
    let api = Api::new().await;
    let stage = api.stage().await;
    assert_eq!(stage.preview::<HttpsIntegration>().await.asks, Vec::<String>::new());

    let update = client().update_authorizer().rest_api_id(&api.id);
    let update = update.authorizer_id(&api.authorizer);
    let open = STRICT.replace("strict", "allow-all");
    update.patch_operations(patch("/authorizerUri", &open)).send().await.unwrap();
    api.requires_approval_for("authorizer guard").await;

    let update = client().update_request_validator().rest_api_id(&api.id);
    let update = update.request_validator_id(&api.validator);
    update.patch_operations(patch("/validateRequestBody", "false")).send().await.unwrap();
    api.requires_approval_for("request validator body").await;

    client().delete_model().rest_api_id(&api.id).model_name("Payment").send().await.unwrap();
    let model = client().create_model().rest_api_id(&api.id).name("Payment");
    model.content_type("application/json").schema(r#"{"type": "object"}"#).send().await.unwrap();
    api.requires_approval_for("model Payment").await;

    for (change, name) in [
        (patch("/minimumCompressionSize", "1024"), "the minimum compression size"),
        (patch("/apiKeySource", "AUTHORIZER"), "the source of API keys"),
        (add("/binaryMediaTypes/image~1png"), "the binary media types"),
        (patch("/disableExecuteApiEndpoint", "true"), "the disabled default endpoint"),
    ] {
        api.change_api(change).await;
        api.requires_approval_for(name).await;
    }
    for change in [
        patch("/timeoutInMillis", "5000"),
        patch("/cacheNamespace", "shared"),
        add("/cacheKeyParameters/method.request.querystring.iban"),
    ] {
        api.change_integration(change).await;
        api.requires_approval_for("POST /").await;
    }
    let outcome = stage.run::<HttpsIntegration>().await.unwrap();
    assert_eq!(outcome.result, RemediationResult::Restored);
}

#[tokio::test]
async fn a_setting_that_no_export_shows_needs_approval() {
    let api = Api::new().await;
    let put = client().put_integration().rest_api_id(&api.id).resource_id(&api.root);
    let put = put.http_method("POST").r#type(IntegrationType::HttpProxy);
    let put = put.integration_http_method("POST").uri("http://backend.example/pay");
    put.cache_namespace("shared").send().await.unwrap();
    api.deploy().await;
    let stage = api.stage().await;
    let asks = stage.preview::<HttpsIntegration>().await.asks;
    let why = "a deployment to stage `live` would publish other undeployed changes: POST /";
    assert_eq!(asks, [why], "exports contain no cache namespace without parameters of the key");
}
