//! REST APIs whose integrations leave TLS: repaired in the draft and in each stage, or left to a person.

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
use evenkeel_testing::proxy::{Fault, Hold};
use evenkeel_testing::stand::stand;

/// Backends, as a test wants them.
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
    Client::new(&aws(stand()).config)
}

pub(crate) fn patch(path: &str, value: &str) -> PatchOperation {
    PatchOperation::builder().op(Op::Replace).path(path).value(value).build()
}

/// An API with the method `GET /`, whose integration has `uri`.
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

    /// A method of the root, and where it leads.
    async fn method(&self, verb: &str, uri: &str) {
        let method = client().put_method().rest_api_id(&self.id).resource_id(&self.root);
        method.http_method(verb).authorization_type("NONE").send().await.unwrap();
        let integration = client().put_integration().rest_api_id(&self.id).resource_id(&self.root);
        let integration = integration.http_method(verb).r#type(IntegrationType::HttpProxy);
        let integration = integration.integration_http_method(verb).uri(uri);
        integration.send().await.unwrap();
    }

    /// The draft's URI of `GET /` becomes this one.
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

/// What draft and stages serve.
async fn uris(stage: &Stage) -> Vec<String> {
    let seen = stage.state::<HttpsIntegration>().await;
    let served = seen.stages.into_values().map(|served| served.uri.unwrap_or_default());
    [seen.uri].into_iter().chain(served).collect()
}

const CLEAR: &str = "http://backend.example/pay";
const TLS: &str = "https://backend.example/pay";

#[tokio::test]
async fn what_every_stage_serves_is_restored_once_and_undone() {
    let api = Api::new(CLEAR).await;
    api.method("POST", TLS).await;
    for stage in ["live", "test"] {
        api.deploy(stage).await;
    }
    let stage = api.https().await;
    let before = stage.state::<HttpsIntegration>().await;
    assert_eq!(uris(&stage).await, [CLEAR, CLEAR, CLEAR]);
    let outcome = stage.run::<HttpsIntegration>().await.unwrap();
    assert_eq!(
        (outcome.result, uris(&stage).await),
        (RemediationResult::Restored, vec![TLS.to_owned(); 3])
    );
    let again = stage.run::<HttpsIntegration>().await.unwrap();
    assert_eq!(again.result, RemediationResult::Compliant);
    assert_eq!(stage.undo::<HttpsIntegration>().await.result, RemediationResult::Restored);
    assert_eq!(stage.state::<HttpsIntegration>().await, before, "the former deployments too");
}

#[tokio::test]
async fn a_kill_switch_stops_a_repair_before_its_next_call() {
    let api = Api::new(CLEAR).await;
    for stage in ["live", "next", "test"] {
        api.deploy(stage).await;
    }
    let stage = api.https().await;
    let hold = Hold::default();
    stage.proxy.fault("CreateDeployment", 1, Fault::HoldAfter(hold.clone()));
    let thrown = async {
        hold.reached.notified().await;
        stage.ledger.write_record(KILL_SWITCH, b"{}").await.unwrap();
        hold.release.notify_one();
    };
    let (outcome, ()) = tokio::join!(stage.run::<HttpsIntegration>(), thrown);
    let RemediationResult::Halted(why) = outcome.unwrap().result else { panic!("it went on") };
    assert_eq!(why.refusal_code(), RefusalCode::KillSwitch);
    assert_eq!(stage.proxy.count("CreateDeployment"), 1, "two stages are left as they were");
    assert_eq!(
        stage.undo::<HttpsIntegration>().await.result,
        RemediationResult::Restored,
        "an undo goes on"
    );
    assert_eq!(uris(&stage).await, [CLEAR; 4]);
}

#[tokio::test]
async fn a_draft_that_no_stage_serves_needs_no_deployment() {
    let api = Api::new(TLS).await;
    api.deploy("live").await;
    api.draft("/uri", CLEAR).await;
    let stage = api.https().await;
    assert_eq!(uris(&stage).await, [CLEAR, TLS]);
    assert_eq!(stage.run::<HttpsIntegration>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(uris(&stage).await, [TLS, TLS]);
    assert_eq!(stage.proxy.count("CreateDeployment"), 0);
}

#[tokio::test]
async fn what_others_have_drafted_is_not_published_without_a_person() {
    let api = Api::new(CLEAR).await;
    api.deploy("live").await;
    api.method("DELETE", TLS).await;
    let stage = api.https().await;
    let outcome = stage.run::<HttpsIntegration>().await.unwrap();
    let RemediationResult::AwaitingApproval(why) = outcome.result else { panic!("{outcome:?}") };
    let asked = "a deployment to stage `live` would publish other drafted changes: DELETE /";
    assert!(why.ends_with(asked), "{why}");
    assert_eq!(stage.proxy.count("UpdateIntegration"), 0);
    stage.approve::<HttpsIntegration>().await;
    assert_eq!(stage.run::<HttpsIntegration>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(uris(&stage).await, [TLS, TLS]);
}

#[tokio::test]
async fn another_draft_of_our_own_method_asks_too() {
    let api = Api::new(CLEAR).await;
    api.deploy("live").await;
    api.draft("/uri", "http://backend.example/other").await;
    let stage = api.https().await;
    let outcome = stage.run::<HttpsIntegration>().await.unwrap();
    assert!(
        matches!(outcome.result, RemediationResult::AwaitingApproval(why) if why.ends_with("changes: GET /"))
    );
}

#[tokio::test]
async fn without_a_handshake_nothing_is_written_and_without_a_probe_a_person_is_asked() {
    let api = Api::new(CLEAR).await;
    api.deploy("live").await;
    let refused = api.https().await.with_probe(Arc::new(Backends(Some("connection refused"))));
    let outcome = refused.run::<HttpsIntegration>().await.unwrap();
    let why = "no TLS with backend.example:443: connection refused";
    assert_eq!(
        outcome.result,
        RemediationResult::Refused(RefusalReason::Precondition(why.to_owned()))
    );
    let unasked = api.https().await.without_probe();
    let outcome = unasked.run::<HttpsIntegration>().await.unwrap();
    assert!(
        matches!(outcome.result, RemediationResult::AwaitingApproval(why) if why.contains("was not asked"))
    );
    assert_eq!(uris(&unasked).await, [CLEAR, CLEAR]);
}

#[tokio::test]
async fn a_host_in_a_stage_variable_is_asked_by_its_value() {
    let api = Api::new("http://${stageVariables.host}/pay").await;
    api.deploy("live").await;
    let stage = api.https().await;
    let outcome = stage.run::<HttpsIntegration>().await.unwrap();
    assert!(
        matches!(outcome.result, RemediationResult::Refused(why) if why.to_string().contains("lacks a variable"))
    );
    let set = client().update_stage().rest_api_id(&api.id).stage_name("live");
    let set = set.patch_operations(patch("/variables/host", "backend.example"));
    set.send().await.unwrap();
    let stage = api.https().await;
    assert_eq!(stage.run::<HttpsIntegration>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(uris(&stage).await, ["https://${stageVariables.host}/pay"; 2]);
}

#[tokio::test]
async fn a_stage_that_was_deployed_since_is_not_undone() {
    let api = Api::new(CLEAR).await;
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
async fn an_undo_that_was_cut_off_between_its_calls_goes_on() {
    let api = Api::new(CLEAR).await;
    api.deploy("live").await;
    let stage = api.https().await;
    let before = stage.state::<HttpsIntegration>().await;
    stage.run::<HttpsIntegration>().await.unwrap();
    let throttled = Fault::Answer(429, "{\"__type\":\"TooManyRequestsException\"}");
    stage.proxy.fault("UpdateStage", usize::MAX, throttled);
    stage.try_undo::<HttpsIntegration>().await.unwrap_err();
    assert_eq!(uris(&stage).await, [CLEAR, TLS]);
    stage.proxy.mend();
    assert_eq!(stage.undo::<HttpsIntegration>().await.result, RemediationResult::Restored);
    assert_eq!(stage.state::<HttpsIntegration>().await, before);
}

#[tokio::test]
async fn a_backend_that_any_certificate_satisfies_is_verified_again_and_undone() {
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
async fn what_is_gone_denied_or_partial_writes_nothing() {
    let api = Api::new(CLEAR).await;
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
            stage.proxy.mend();
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
async fn what_was_written_in_part_goes_on_or_is_set_back() {
    let api = Api::new(CLEAR).await;
    api.deploy("live").await;
    let stage = api.https().await;
    stage.proxy.fault("CreateDeployment", usize::MAX, Fault::LoseAnswer);
    assert_eq!(stage.run::<HttpsIntegration>().await.unwrap().result, RemediationResult::Restored);
    stage.proxy.mend();
    stage.undo::<HttpsIntegration>().await;
    let stage = api.https().await;
    let denied = Fault::Answer(403, "{\"__type\":\"AccessDeniedException\"}");
    stage.proxy.fault("CreateDeployment", 1, denied);
    let outcome = stage.run::<HttpsIntegration>().await.unwrap();
    assert!(matches!(outcome.result, RemediationResult::RolledBack(_)), "{outcome:?}");
    assert_eq!(uris(&stage).await, [CLEAR, CLEAR]);
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_no_names() {
    for id in ["a|../../domainnames/b|GET", "a|b", "a|b|GET|c", "|b|GET", "a b|c|GET"] {
        let stage = Stage::new("p", HttpsIntegration::SPEC.id, "AWS::ApiGateway::Method", id).await;
        let outcome = stage.run::<HttpsIntegration>().await.unwrap();
        assert!(
            matches!(outcome.result, RemediationResult::Refused(why) if why.to_string().contains("names no")),
            "{id}"
        );
        assert!(stage.proxy.calls().is_empty());
    }
}
