//! Tests the remediators of REST API integrations without TLS or without certificate verification.

use std::sync::Arc;

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::{IntegrationType, Op, PatchOperation};
use evenkeel_remediators::catalog::apigateway::https_integration::HttpsIntegration;
use evenkeel_remediators::catalog::apigateway::verify_backend::VerifyBackend;
use evenkeel_remediators::{
    HandshakeFuture, KILL_SWITCH, RefusalCode, RefusalReason, RemediationResult, Remediator,
    TlsProbe,
};

use super::stage::{Stage, aws};
use evenkeel_testing::proxy::{Fault, Pause};
use evenkeel_testing::stand_in::stand_in;

/// A TLS probe for tests: it succeeds for `None` and fails with this message otherwise.
#[derive(Debug)]
pub(crate) struct Backends(pub(crate) Option<&'static str>);

impl TlsProbe for Backends {
    fn verify_handshake<'a>(&'a self, host: &'a str, port: u16) -> HandshakeFuture<'a> {
        assert_eq!((host, port), ("backend.example", 443));
        let answer = self.0.map_or(Ok(()), |why| Err(std::io::Error::other(why).into()));
        Box::pin(std::future::ready(answer))
    }
}

fn client() -> Client {
    Client::new(&aws(stand_in()).config)
}

pub(crate) fn patch(path: &str, value: &str) -> PatchOperation {
    PatchOperation::builder().op(Op::Replace).path(path).value(value).build()
}

/// A REST API with the method `GET /`.
struct Api {
    id: String,
    root: String,
}

impl Api {
    async fn new(uri: &str) -> Api {
        let made = client().create_rest_api().name("payments").send().await.unwrap();
        let (id, root) = (made.id.unwrap(), made.root_resource_id.unwrap());
        let api = Api { id, root };
        api.method("GET", uri).await;
        api
    }

    /// Creates a method of the root resource whose integration calls `uri`.
    async fn method(&self, verb: &str, uri: &str) {
        let method = client().put_method().rest_api_id(&self.id).resource_id(&self.root);
        method.http_method(verb).authorization_type("NONE").send().await.unwrap();
        let integration = client().put_integration().rest_api_id(&self.id).resource_id(&self.root);
        let integration = integration.http_method(verb).r#type(IntegrationType::HttpProxy);
        let integration = integration.integration_http_method(verb).uri(uri);
        integration.send().await.unwrap();
    }

    /// Changes a property of the integration of `GET /` in the draft.
    async fn draft(&self, path: &str, value: &str) {
        let update = client().update_integration().rest_api_id(&self.id).resource_id(&self.root);
        let update = update.http_method("GET").patch_operations(patch(path, value));
        update.send().await.unwrap();
    }

    async fn deploy(&self, stage: &str) {
        let deploy = client().create_deployment().rest_api_id(&self.id).stage_name(stage);
        deploy.send().await.unwrap();
    }

    async fn stage<R: Remediator>(&self) -> Stage {
        let id = format!("{}|{}|GET", self.id, self.root);
        let stage =
            Stage::new("apigateway-integration-http", R::SPEC.id, "AWS::ApiGateway::Method", &id)
                .await;
        stage.with_probe(Arc::new(Backends(None)))
    }

    async fn https(&self) -> Stage {
        self.stage::<HttpsIntegration>().await
    }
}

/// Returns the URI of the integration in the draft, then in each stage.
async fn uris(stage: &Stage) -> Vec<String> {
    let seen = stage.state::<HttpsIntegration>().await;
    let served = seen.stages.into_values().map(|served| served.uri.unwrap_or_default());
    [seen.uri].into_iter().chain(served).collect()
}

const HTTP: &str = "http://backend.example/pay";
const TLS: &str = "https://backend.example/pay";

#[tokio::test]
async fn every_stage_is_restored_once_and_the_change_can_be_undone() {
    let api = Api::new(HTTP).await;
    api.method("POST", TLS).await;
    for stage in ["live", "test"] {
        api.deploy(stage).await;
    }
    let stage = api.https().await;
    let before = stage.state::<HttpsIntegration>().await;
    assert_eq!(uris(&stage).await, [HTTP, HTTP, HTTP]);
    let outcome = stage.run::<HttpsIntegration>().await.unwrap();
    assert_eq!(
        (outcome.result, uris(&stage).await),
        (RemediationResult::Restored, vec![TLS.to_owned(); 3])
    );
    let again = stage.run::<HttpsIntegration>().await.unwrap();
    assert_eq!(again.result, RemediationResult::Compliant);
    assert_eq!(stage.undo::<HttpsIntegration>().await.result, RemediationResult::Restored);
    assert_eq!(
        stage.state::<HttpsIntegration>().await,
        before,
        "an undo must also restore the former deployments"
    );
}

#[tokio::test]
async fn a_kill_switch_stops_every_further_write() {
    let api = Api::new(HTTP).await;
    for stage in ["live", "next", "test"] {
        api.deploy(stage).await;
    }
    let stage = api.https().await;
    let pause = Pause::default();
    stage.proxy.fault("CreateDeployment", 1, Fault::PauseAfter(pause.clone()));
    let switch_on = async {
        pause.reached.notified().await;
        stage.ledger.write_record(KILL_SWITCH, b"{}").await.unwrap();
        pause.release.notify_one();
    };
    let (outcome, ()) = tokio::join!(stage.run::<HttpsIntegration>(), switch_on);
    let RemediationResult::Halted(why) = outcome.unwrap().result else {
        panic!("the remediation was not halted")
    };
    assert_eq!(why.refusal_code(), RefusalCode::KillSwitch);
    assert_eq!(stage.proxy.count("CreateDeployment"), 1, "the other two stages must not change");
    assert_eq!(
        stage.undo::<HttpsIntegration>().await.result,
        RemediationResult::Restored,
        "an undo must work despite the kill switch"
    );
    assert_eq!(uris(&stage).await, [HTTP; 4]);
}

#[tokio::test]
async fn a_change_that_is_only_in_the_draft_needs_no_deployment() {
    let api = Api::new(TLS).await;
    api.deploy("live").await;
    api.draft("/uri", HTTP).await;
    let stage = api.https().await;
    assert_eq!(uris(&stage).await, [HTTP, TLS]);
    assert_eq!(stage.run::<HttpsIntegration>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(uris(&stage).await, [TLS, TLS]);
    assert_eq!(stage.proxy.count("CreateDeployment"), 0);
}

#[tokio::test]
async fn other_drafted_changes_are_published_only_after_approval() {
    let api = Api::new(HTTP).await;
    api.deploy("live").await;
    api.method("DELETE", TLS).await;
    let stage = api.https().await;
    let outcome = stage.run::<HttpsIntegration>().await.unwrap();
    let RemediationResult::AwaitingApproval(why) = outcome.result else { panic!("{outcome:?}") };
    let asked = "a deployment to stage `live` would publish other undeployed changes: DELETE /";
    assert!(why.ends_with(asked), "{why}");
    assert_eq!(stage.proxy.count("UpdateIntegration"), 0);
    stage.approve::<HttpsIntegration>().await;
    assert_eq!(stage.run::<HttpsIntegration>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(uris(&stage).await, [TLS, TLS]);
}

#[tokio::test]
async fn another_drafted_change_of_the_same_method_needs_approval() {
    let api = Api::new(HTTP).await;
    api.deploy("live").await;
    api.draft("/uri", "http://backend.example/other").await;
    let stage = api.https().await;
    let outcome = stage.run::<HttpsIntegration>().await.unwrap();
    assert!(
        matches!(outcome.result, RemediationResult::AwaitingApproval(why) if why.ends_with("changes: GET /"))
    );
}

#[tokio::test]
async fn a_failed_handshake_prevents_the_write_and_a_missing_probe_needs_approval() {
    let api = Api::new(HTTP).await;
    api.deploy("live").await;
    let refused = api.https().await.with_probe(Arc::new(Backends(Some("connection refused"))));
    let outcome = refused.run::<HttpsIntegration>().await.unwrap();
    let why = "the TLS handshake with backend backend.example:443 failed: connection refused; \
               set up TLS on the backend first";
    assert_eq!(
        outcome.result,
        RemediationResult::Refused(RefusalReason::Precondition(why.to_owned()))
    );
    let unasked = api.https().await.without_probe();
    let outcome = unasked.run::<HttpsIntegration>().await.unwrap();
    assert!(
        matches!(outcome.result, RemediationResult::AwaitingApproval(why) if why.contains("the TLS probe is off"))
    );
    assert_eq!(uris(&unasked).await, [HTTP, HTTP]);
}

#[tokio::test]
async fn a_host_in_a_stage_variable_is_probed_by_its_value() {
    let api = Api::new("http://${stageVariables.host}/pay").await;
    api.deploy("live").await;
    let stage = api.https().await;
    let outcome = stage.run::<HttpsIntegration>().await.unwrap();
    assert!(
        matches!(outcome.result, RemediationResult::Refused(why) if why.to_string().contains("does not define a stage variable"))
    );
    let set = client().update_stage().rest_api_id(&api.id).stage_name("live");
    let set = set.patch_operations(patch("/variables/host", "backend.example"));
    set.send().await.unwrap();
    let stage = api.https().await;
    assert_eq!(stage.run::<HttpsIntegration>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(uris(&stage).await, ["https://${stageVariables.host}/pay"; 2]);
}

#[tokio::test]
async fn a_stage_that_was_deployed_later_is_not_undone() {
    let api = Api::new(HTTP).await;
    api.deploy("live").await;
    let stage = api.https().await;
    stage.run::<HttpsIntegration>().await.unwrap();
    api.deploy("live").await;
    let outcome = stage.undo::<HttpsIntegration>().await;
    assert!(
        matches!(outcome.result, RemediationResult::Refused(why) if why.to_string().contains("changed since"))
    );
    assert_eq!(uris(&stage).await, [TLS, TLS]);
}

#[tokio::test]
async fn an_interrupted_undo_is_continued() {
    let api = Api::new(HTTP).await;
    api.deploy("live").await;
    let stage = api.https().await;
    let before = stage.state::<HttpsIntegration>().await;
    stage.run::<HttpsIntegration>().await.unwrap();
    let throttled = Fault::Answer(429, "{\"__type\":\"TooManyRequestsException\"}");
    stage.proxy.fault("UpdateStage", usize::MAX, throttled);
    stage.try_undo::<HttpsIntegration>().await.unwrap_err();
    assert_eq!(uris(&stage).await, [HTTP, TLS]);
    stage.proxy.clear_faults();
    assert_eq!(stage.undo::<HttpsIntegration>().await.result, RemediationResult::Restored);
    assert_eq!(stage.state::<HttpsIntegration>().await, before);
}

#[tokio::test]
async fn certificate_verification_is_turned_on_and_the_change_can_be_undone() {
    let api = Api::new(TLS).await;
    api.draft("/tlsConfig/insecureSkipVerification", "true").await;
    api.deploy("live").await;
    let stage = api.stage::<VerifyBackend>().await;
    let before = stage.state::<VerifyBackend>().await;
    assert!(before.unverified && before.stages["live"].unverified);
    assert_eq!(stage.run::<VerifyBackend>().await.unwrap().result, RemediationResult::Restored);
    let after = stage.state::<VerifyBackend>().await;
    assert!(!after.unverified && !after.stages["live"].unverified);
    assert_eq!(stage.run::<VerifyBackend>().await.unwrap().result, RemediationResult::Compliant);
    assert_eq!(stage.undo::<VerifyBackend>().await.result, RemediationResult::Restored);
    assert_eq!(stage.state::<VerifyBackend>().await, before);
}

#[tokio::test]
async fn a_missing_denied_or_incomplete_resource_is_not_written() {
    let api = Api::new(HTTP).await;
    api.deploy("live").await;
    let stage = api.https().await;
    for read in ["GetIntegration", "GetResource", "GetStages", "GetExport", "GetResources"] {
        let denied =
            Fault::Answer(403, "{\"message\":\"no\",\"__type\":\"AccessDeniedException\"}");
        for (fault, again) in [
            (denied, false),
            (Fault::Answer(200, "{}"), true),
            (Fault::Answer(429, "{\"__type\":\"TooManyRequestsException\"}"), true),
        ] {
            stage.proxy.fault(read, usize::MAX, fault);
            let outcome = stage.run::<HttpsIntegration>().await;
            assert_eq!(outcome.is_err(), again, "{read}: {outcome:?}");
            stage.proxy.clear_faults();
        }
    }
    assert_eq!(stage.proxy.count("UpdateIntegration"), 0);
    client().delete_rest_api().rest_api_id(&api.id).send().await.unwrap();
    assert_eq!(
        api.https().await.run::<HttpsIntegration>().await.unwrap().result,
        RemediationResult::ResourceGone
    );
}

#[tokio::test]
async fn a_partial_change_is_completed_or_rolled_back() {
    let api = Api::new(HTTP).await;
    api.deploy("live").await;
    let stage = api.https().await;
    stage.proxy.fault("CreateDeployment", usize::MAX, Fault::LoseAnswer);
    assert_eq!(stage.run::<HttpsIntegration>().await.unwrap().result, RemediationResult::Restored);
    stage.proxy.clear_faults();
    stage.undo::<HttpsIntegration>().await;
    let stage = api.https().await;
    let denied = Fault::Answer(403, "{\"__type\":\"AccessDeniedException\"}");
    stage.proxy.fault("CreateDeployment", 1, denied);
    let outcome = stage.run::<HttpsIntegration>().await.unwrap();
    assert!(matches!(outcome.result, RemediationResult::RolledBack(_)), "{outcome:?}");
    assert_eq!(uris(&stage).await, [HTTP, HTTP]);
}

#[tokio::test]
async fn invalid_resource_ids_are_refused_without_any_call() {
    for id in ["a|../../domainnames/b|GET", "a|b", "a|b|GET|c", "|b|GET", "a b|c|GET"] {
        let stage = Stage::new("p", HttpsIntegration::SPEC.id, "AWS::ApiGateway::Method", id).await;
        let outcome = stage.run::<HttpsIntegration>().await.unwrap();
        assert!(
            matches!(outcome.result, RemediationResult::Refused(why) if why.to_string().contains("is not a valid id")),
            "{id}"
        );
        assert!(stage.proxy.calls().is_empty());
    }
}
