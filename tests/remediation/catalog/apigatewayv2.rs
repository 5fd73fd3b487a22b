//! Tests the remediator of HTTP and WebSocket API integrations without TLS.

use std::sync::Arc;

use evenkeel_client::{Method, ServiceClient};
use evenkeel_remediators::catalog::apigatewayv2::https_integration::HttpsBackend;
use evenkeel_remediators::{AwsConnection, RemediationResult, Remediator};
use serde_json::{Value, json};

use super::apigateway::Backends;
use super::stage::{Stage, aws, read_api_gateway};
use evenkeel_testing::proxy::{Fault, Pause};
use evenkeel_testing::stand_in::stand_in;

/// Calls the AWS stand-in directly, without the proxy. Returns the parsed answer.
pub(crate) async fn send(method: Method, path: &[&str], content: Option<Value>) -> Value {
    let service = ServiceClient::api_gateway_v2(&aws(stand_in()).config);
    let call = service.rest_call(method, &[&["v2"], path].concat());
    let call = match &content {
        Some(content) => call.with_json(content),
        None => call,
    };
    call.send_rest().await.unwrap().parse_json().unwrap()
}

pub(crate) async fn post(path: &[&str], content: Value) -> Value {
    send(Method::POST, path, Some(content)).await
}

pub(crate) fn id(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

pub(crate) const HTTP: &str = "http://backend.example/pay";
pub(crate) const TLS: &str = "https://backend.example/pay";
pub(crate) const LISTENER: &str =
    "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/a/b/c";
pub(crate) const DENIED: Fault =
    Fault::Answer(403, "{\"message\":\"no\",\"__type\":\"AccessDeniedException\"}");
pub(crate) const THROTTLED: Fault = Fault::Answer(429, "{\"__type\":\"TooManyRequestsException\"}");

/// An API with an integration that is the target of routes.
pub(crate) struct Api {
    pub(crate) id: String,
    pub(crate) integration: String,
}

impl Api {
    /// Creates an API whose route `GET /pay` (`pay` for WebSocket) calls `uri`.
    pub(crate) async fn new(protocol: &str, uri: &str) -> Api {
        let route = if protocol == "HTTP" { "GET /pay" } else { "pay" };
        let made = post(&["apis"], json!({"name": "payments", "protocolType": protocol})).await;
        let mut api = Api { id: id(&made["apiId"]), integration: String::new() };
        api.integration = api.integration(uri).await;
        let own = api.integration.clone();
        // More items than one page of each list.
        for (route, to) in [(route, &own), ("POST /other", &api.integration(TLS).await)] {
            api.route(route, to).await;
        }
        api.integration("https://third.example/").await;
        api
    }

    pub(crate) async fn http() -> Api {
        Api::new("HTTP", HTTP).await
    }

    pub(crate) async fn integration(&self, uri: &str) -> String {
        let mut made = json!({
            "integrationMethod": "GET",
            "integrationType": "HTTP_PROXY",
            "integrationUri": uri,
            "connectionType": "INTERNET",
            "payloadFormatVersion": "1.0",
        });
        if uri.starts_with("arn:") {
            made["connectionType"] = json!("VPC_LINK");
            made["connectionId"] = json!("link");
        }
        id(&post(&["apis", &self.id, "integrations"], made).await["integrationId"])
    }

    pub(crate) async fn route(&self, route: &str, integration: &str) {
        let made = json!({"routeKey": route, "target": format!("integrations/{integration}")});
        post(&["apis", &self.id, "routes"], made).await;
    }

    /// Changes the integration in the draft.
    pub(crate) async fn redraft(&self, change: Value) {
        let path = ["apis", &self.id, "integrations", &self.integration];
        send(Method::PATCH, &path, Some(change)).await;
    }

    /// Changes the URI of the integration in the draft.
    pub(crate) async fn draft(&self, uri: &str) {
        self.redraft(json!({"integrationUri": uri})).await;
    }

    pub(crate) async fn stage(&self, name: &str, auto: bool) {
        let made = json!({"stageName": name, "autoDeploy": auto});
        post(&["apis", &self.id, "stages"], made).await;
        if !auto {
            self.deploy(name).await;
        }
    }

    pub(crate) async fn deploy(&self, name: &str) {
        post(&["apis", &self.id, "deployments"], json!({"stageName": name})).await;
    }

    /// Creates a custom domain that leads to a stage.
    pub(crate) async fn domain(&self, name: &str, stage: &str, policy: &str) {
        let name = format!("{name}.{}.example", self.id);
        let configured = json!([{"endpointType": "REGIONAL", "securityPolicy": policy}]);
        let made = json!({"domainName": name, "domainNameConfigurations": configured});
        post(&["domainnames"], made).await;
        self.map(&name, stage).await;
    }

    /// Maps a custom domain to a stage.
    pub(crate) async fn map(&self, domain: &str, stage: &str) {
        let map = json!({"apiId": self.id, "stage": stage});
        post(&["domainnames", domain, "apimappings"], map).await;
    }

    pub(crate) async fn delete(&self) {
        send(Method::DELETE, &["apis", &self.id], None).await;
    }

    pub(crate) async fn subject<R: Remediator>(&self) -> Stage {
        let id = format!("{}|{}", self.id, self.integration);
        let kind = "AWS::ApiGatewayV2::Integration";
        let stage = Stage::new("apigatewayv2-integration-http", R::SPEC.id, kind, &id).await;
        stage.with_probe(Arc::new(Backends(None)))
    }

    async fn https(&self) -> Stage {
        self.subject::<HttpsBackend>().await
    }

    /// Returns all readable settings of the API except the ones that the remediation changes.
    pub(crate) async fn beside(&self) -> String {
        let own = format!("/v2/apis/{}", self.id);
        let integration = format!("/integrations/{}", self.integration);
        let mut all = Vec::new();
        for path in ["", "/routes", "/stages", &integration] {
            all.push(read_api_gateway(&format!("{own}{path}")).await);
        }
        for one in &mut all {
            for name in ["integrationUri", "tlsConfig", "disableExecuteApiEndpoint"] {
                one.as_object_mut().unwrap().remove(name);
            }
            for item in one["items"].as_array_mut().into_iter().flatten() {
                item.as_object_mut().unwrap().remove("deploymentId");
            }
        }
        json!(all).to_string()
    }
}

/// Returns the URI of the integration in the draft, then in the routes of each stage.
async fn uris(stage: &Stage) -> Vec<String> {
    let seen = stage.state::<HttpsBackend>().await;
    let served = seen.stages.into_values().flat_map(|served| served.routes.into_values());
    [seen.draft].into_iter().chain(served).map(|backend| backend.uri).collect()
}

/// Runs the remediation, requires that it waits for approval, and returns the reason.
pub(crate) async fn asked<R: Remediator + From<AwsConnection> + 'static>(stage: &Stage) -> String {
    match stage.run::<R>().await.unwrap().result {
        RemediationResult::AwaitingApproval(why) => why,
        other => panic!("{other:?}"),
    }
}

/// Runs the remediation, requires that it is refused, and returns the reason.
pub(crate) async fn refused<R: Remediator + From<AwsConnection> + 'static>(
    stage: &Stage,
) -> String {
    match stage.run::<R>().await.unwrap().result {
        RemediationResult::Refused(why) => why.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_stage_is_restored_once_and_the_change_can_be_undone() {
    let api = Api::http().await;
    api.stage("$default", true).await;
    api.stage("live", false).await;
    api.stage("test", false).await;
    let stage = api.https().await;
    let (before, beside) = (stage.state::<HttpsBackend>().await, api.beside().await);
    assert_eq!(uris(&stage).await, [HTTP; 4]);
    assert_eq!(before.routes.iter().collect::<Vec<_>>(), ["GET /pay"]);
    let outcome = stage.run::<HttpsBackend>().await.unwrap();
    assert_eq!(
        (outcome.result, uris(&stage).await),
        (RemediationResult::Restored, vec![TLS.to_owned(); 4])
    );
    assert_eq!(api.beside().await, beside);
    assert!(stage.is_compliant::<HttpsBackend>().await);
    assert_eq!((stage.proxy.count("CreateDeployment"), stage.proxy.count("UpdateStage")), (2, 0));
    assert_eq!(stage.undo::<HttpsBackend>().await.result, RemediationResult::Restored);
    assert_eq!(
        stage.state::<HttpsBackend>().await,
        before,
        "an undo must also restore the former deployments"
    );
    assert_eq!(api.beside().await, beside);
}

#[tokio::test]
async fn a_change_that_is_only_in_the_draft_needs_no_deployment() {
    let api = Api::new("HTTP", TLS).await;
    api.stage("live", false).await;
    api.draft(HTTP).await;
    let stage = api.https().await;
    assert_eq!(uris(&stage).await, [HTTP, TLS]);
    assert_eq!(stage.run::<HttpsBackend>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(uris(&stage).await, [TLS, TLS]);
    assert_eq!(stage.proxy.count("CreateDeployment"), 0);
}

#[tokio::test]
async fn a_stage_that_serves_an_older_draft_is_deployed() {
    let api = Api::http().await;
    api.stage("live", false).await;
    api.draft(TLS).await;
    let stage = api.https().await;
    assert_eq!(uris(&stage).await, [TLS, HTTP]);
    assert_eq!(stage.run::<HttpsBackend>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(uris(&stage).await, [TLS, TLS]);
    assert_eq!(stage.proxy.count("UpdateIntegration"), 0);
}

#[tokio::test]
async fn other_drafted_changes_are_published_only_after_approval() {
    let api = Api::http().await;
    api.stage("live", false).await;
    api.route("DELETE /pay", &api.integration(TLS).await).await;
    let cors = json!({"corsConfiguration": {"allowOrigins": ["*"]}});
    send(Method::PATCH, &["apis", &api.id], Some(cors)).await;
    let stage = api.https().await;
    let why = asked::<HttpsBackend>(&stage).await;
    let changes =
        "stage `live` would publish other undeployed changes: DELETE /pay, the CORS configuration";
    assert!(why.ends_with(changes), "{why}");
    assert_eq!(stage.proxy.count("UpdateIntegration"), 0);
    stage.approve::<HttpsBackend>().await;
    assert_eq!(stage.run::<HttpsBackend>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(uris(&stage).await, [TLS, TLS]);
}

#[tokio::test]
async fn another_drafted_change_of_the_same_route_needs_approval() {
    let api = Api::http().await;
    api.stage("live", false).await;
    api.draft("http://backend.example/other").await;
    let why = asked::<HttpsBackend>(&api.https().await).await;
    assert!(why.ends_with("changes: GET /pay"), "{why}");
}

#[tokio::test]
async fn each_deployment_of_a_websocket_api_needs_approval() {
    let api = Api::new("WEBSOCKET", HTTP).await;
    api.stage("live", true).await;
    let stage = api.https().await;
    assert_eq!(
        stage.run::<HttpsBackend>().await.unwrap().result,
        RemediationResult::Restored,
        "without a deployment, no approval is needed"
    );
    stage.undo::<HttpsBackend>().await;
    api.stage("test", false).await;
    let stage = api.https().await;
    let before = stage.state::<HttpsBackend>().await;
    let why = asked::<HttpsBackend>(&stage).await;
    assert!(why.contains("a deployment to stage `test` would publish all"), "{why}");
    stage.approve::<HttpsBackend>().await;
    assert_eq!(stage.run::<HttpsBackend>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(stage.proxy.count("CreateDeployment"), 1);
    assert!(stage.is_compliant::<HttpsBackend>().await);
    assert_eq!(stage.undo::<HttpsBackend>().await.result, RemediationResult::Restored);
    assert_eq!(stage.state::<HttpsBackend>().await, before);
}

#[tokio::test]
async fn quick_create_and_private_integrations_are_refused() {
    let quick = json!({"name": "quick", "protocolType": "HTTP", "target": HTTP});
    let id = id(&post(&["apis"], quick).await["apiId"]);
    let api = Api { id, integration: "default".to_owned() };
    let stage = api.https().await;
    assert_eq!(uris(&stage).await, [HTTP, HTTP]);
    assert!(refused::<HttpsBackend>(&stage).await.starts_with("quick create made"));
    let private = Api::new("HTTP", LISTENER).await;
    let why = refused::<HttpsBackend>(&private.https().await).await;
    assert!(why.starts_with("a private integration"), "{why}");
    let other = Api { integration: private.integration(TLS).await, ..private };
    assert_eq!(
        other.https().await.run::<HttpsBackend>().await.unwrap().result,
        RemediationResult::Compliant
    );
}

#[tokio::test]
async fn a_failed_handshake_prevents_the_write_and_a_missing_probe_needs_approval() {
    let api = Api::http().await;
    api.stage("live", true).await;
    let silent = api.https().await.with_probe(Arc::new(Backends(Some("connection refused"))));
    let why = "the TLS handshake with backend backend.example:443 failed: connection refused; \
               set up TLS on the backend first";
    assert_eq!(refused::<HttpsBackend>(&silent).await, why);
    let unasked = api.https().await.without_probe();
    assert!(asked::<HttpsBackend>(&unasked).await.contains("the TLS probe is off"));
    assert_eq!(uris(&unasked).await, [HTTP, HTTP]);
}

#[tokio::test]
async fn a_host_in_a_stage_variable_is_probed_by_its_value() {
    let api = Api::new("HTTP", "http://${stageVariables.host}/pay").await;
    api.stage("live", true).await;
    assert!(refused::<HttpsBackend>(&api.https().await).await.contains("does not define a stage"));
    send(Method::DELETE, &["apis", &api.id, "stages", "live"], None).await;
    let variables = json!({"host": "backend.example"});
    let made = json!({"stageName": "live", "autoDeploy": true, "stageVariables": variables});
    post(&["apis", &api.id, "stages"], made).await;
    let stage = api.https().await;
    assert_eq!(stage.run::<HttpsBackend>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(uris(&stage).await, ["https://${stageVariables.host}/pay"; 2]);
}

#[tokio::test]
async fn a_stage_that_was_deployed_later_is_not_undone() {
    let api = Api::http().await;
    api.stage("live", false).await;
    let stage = api.https().await;
    stage.run::<HttpsBackend>().await.unwrap();
    api.deploy("live").await;
    let outcome = stage.undo::<HttpsBackend>().await;
    assert!(
        matches!(outcome.result, RemediationResult::Refused(why) if why.to_string().contains("changed since"))
    );
    assert_eq!(uris(&stage).await, [TLS, TLS]);
}

#[tokio::test]
async fn a_missing_denied_throttled_or_incomplete_resource_is_not_written() {
    let api = Api::http().await;
    api.stage("live", false).await;
    let stage = api.https().await;
    for read in ["GetApi", "GetIntegrations", "GetRoutes", "GetStages", "GetExport"] {
        let partial = Fault::Answer(200, "{}");
        for (fault, again) in [(DENIED, false), (partial, true), (THROTTLED, true)] {
            stage.proxy.fault(read, usize::MAX, fault);
            let outcome = stage.run::<HttpsBackend>().await;
            assert_eq!(outcome.is_err(), again, "{read}: {outcome:?}");
            stage.proxy.clear_faults();
        }
    }
    let written: usize =
        ["UpdateIntegration", "CreateDeployment"].iter().map(|call| stage.proxy.count(call)).sum();
    assert_eq!(written, 0);
    let lost = Api { id: api.id.clone(), integration: "none".to_owned() };
    assert_eq!(
        lost.https().await.run::<HttpsBackend>().await.unwrap().result,
        RemediationResult::ResourceGone
    );
    api.delete().await;
    assert_eq!(
        api.https().await.run::<HttpsBackend>().await.unwrap().result,
        RemediationResult::ResourceGone
    );
    for id in ["a|../../domainnames/b", "a", "a|b|c", "|b", "a b|c"] {
        let kind = "AWS::ApiGatewayV2::Integration";
        let stage = Stage::new("p", HttpsBackend::SPEC.id, kind, id).await;
        assert!(refused::<HttpsBackend>(&stage).await.contains("is not a valid id"), "{id}");
        assert!(stage.proxy.calls().is_empty());
    }
}

#[tokio::test]
async fn a_partial_change_is_completed_or_rolled_back() {
    let api = Api::http().await;
    api.stage("$default", true).await;
    api.stage("live", false).await;
    let stage = api.https().await;
    stage.proxy.fault("CreateDeployment", usize::MAX, Fault::LoseAnswer);
    assert_eq!(stage.run::<HttpsBackend>().await.unwrap().result, RemediationResult::Restored);
    stage.proxy.clear_faults();
    stage.undo::<HttpsBackend>().await;
    let stage = api.https().await;
    stage.proxy.fault("UpdateIntegration", usize::MAX, Fault::LoseAnswer);
    let outcome = stage.run::<HttpsBackend>().await.unwrap();
    assert!(
        matches!(outcome.result, RemediationResult::RolledBack(_)),
        "a lost write must be rolled back without a deployment: {outcome:?}"
    );
    assert_eq!(uris(&stage).await, [HTTP; 3]);
    let stage = api.https().await;
    stage.proxy.fault("CreateDeployment", 1, DENIED);
    let outcome = stage.run::<HttpsBackend>().await.unwrap();
    assert!(matches!(outcome.result, RemediationResult::RolledBack(_)), "{outcome:?}");
    assert_eq!(uris(&stage).await, [HTTP; 3]);
    let stage = api.https().await;
    stage.proxy.fault("UpdateIntegration", 1, DENIED);
    let outcome = stage.run::<HttpsBackend>().await.unwrap();
    assert!(matches!(outcome.result, RemediationResult::Failed(_)), "{outcome:?}");
    assert_eq!(uris(&stage).await, [HTTP; 3]);
}

/// Runs the remediation while a stage with automatic deployment returns the old export for `reads`
/// reads.
async fn run_while_it_lags(stage: &Stage, reads: usize) -> RemediationResult {
    const LAGS: &str = "{\"paths\": {\"/pay\": {\"get\": {\"x-amazon-apigateway-integration\": \
                        {\"uri\": \"http://backend.example/pay\"}}}}}";
    let pause = Pause::default();
    stage.proxy.fault("UpdateIntegration", 1, Fault::PauseBefore(pause.clone()));
    let lag = async {
        pause.reached.notified().await;
        stage.proxy.fault("GetExport", reads, Fault::Answer(200, LAGS));
        pause.release.notify_one();
    };
    let (outcome, ()) = tokio::join!(stage.run::<HttpsBackend>(), lag);
    stage.proxy.clear_faults();
    outcome.unwrap().result
}

#[tokio::test]
async fn the_remediation_waits_for_an_automatic_deployment() {
    let api = Api::http().await;
    api.stage("$default", true).await;
    let stage = api.https().await;
    let never = run_while_it_lags(&stage, usize::MAX).await;
    assert!(
        matches!(&never, RemediationResult::RolledBack(why) if why.contains("has not deployed the change")),
        "{never:?}"
    );
    assert_eq!(uris(&stage).await, [HTTP, HTTP]);
    let stage = api.https().await;
    assert_eq!(run_while_it_lags(&stage, 2).await, RemediationResult::Restored);
    assert_eq!(uris(&stage).await, [TLS, TLS]);
}
