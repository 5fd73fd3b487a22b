//! Tests the remediator of private HTTP API integrations without TLS. The policy names the server.

use evenkeel_remediators::RemediationResult;
use evenkeel_remediators::catalog::apigatewayv2::private_tls::PrivateTls;
use serde_json::json;

use super::apigatewayv2::{Api, DENIED, LISTENER, THROTTLED, asked, refused};
use evenkeel_testing::proxy::Fault;

#[tokio::test]
async fn a_private_integration_uses_tls_with_the_server_name_of_the_policy() {
    let api = Api::new("HTTP", LISTENER).await;
    api.stage("$default", true).await;
    api.stage("live", false).await;
    let nameless = api.subject::<PrivateTls>().await;
    for with in [json!({}), json!({"serverName": 1}), json!({"serverName": ""})] {
        let nameless = api.subject::<PrivateTls>().await.with(&with);
        assert!(refused::<PrivateTls>(&nameless).await.contains("with: {serverName: ...}"));
    }
    let stage = nameless.with(&json!({"serverName": "pay.internal.example"}));
    let (before, beside) = (stage.state::<PrivateTls>().await, api.beside().await);
    let why = asked::<PrivateTls>(&stage).await;
    assert!(why.contains("the listener of the load balancer uses TLS"), "{why}");
    assert_eq!(stage.proxy.count("UpdateIntegration"), 0);
    stage.approve::<PrivateTls>().await;
    assert_eq!(stage.run::<PrivateTls>().await.unwrap().result, RemediationResult::Restored);
    let after = stage.state::<PrivateTls>().await;
    let served = after.stages.values().flat_map(|served| served.routes.values());
    for backend in served.chain([&after.draft]) {
        assert_eq!(backend.tls.as_deref(), Some("pay.internal.example"));
        assert_eq!(backend.uri, LISTENER);
    }
    assert_eq!(api.beside().await, beside);
    assert!(stage.is_compliant::<PrivateTls>().await);
    assert_eq!(stage.undo::<PrivateTls>().await.result, RemediationResult::Restored);
    assert_eq!(stage.state::<PrivateTls>().await, before);
    assert_eq!(api.beside().await, beside);
}

#[tokio::test]
async fn an_existing_server_name_stays_and_other_integrations_are_not_changed() {
    let api = Api::new("HTTP", LISTENER).await;
    api.stage("live", false).await;
    api.redraft(json!({"tlsConfig": {"serverNameToVerify": "own.example"}})).await;
    let stage = api.subject::<PrivateTls>().await.with(&json!({"serverName": "other.example"}));
    asked::<PrivateTls>(&stage).await;
    stage.approve::<PrivateTls>().await;
    assert_eq!(stage.run::<PrivateTls>().await.unwrap().result, RemediationResult::Restored);
    let seen = stage.state::<PrivateTls>().await;
    assert_eq!(seen.stages["live"].routes["GET /pay"].tls.as_deref(), Some("own.example"));
    let public = Api::http().await;
    let stage = public.subject::<PrivateTls>().await;
    assert_eq!(stage.run::<PrivateTls>().await.unwrap().result, RemediationResult::Compliant);
    let socket = Api::new("WEBSOCKET", LISTENER).await;
    let why = refused::<PrivateTls>(&socket.subject::<PrivateTls>().await).await;
    assert!(why.contains("WebSocket"), "{why}");
}

#[tokio::test]
async fn a_denied_throttled_incomplete_or_lost_call_leaves_no_partial_change() {
    let api = Api::new("HTTP", LISTENER).await;
    api.stage("live", false).await;
    let stage = api.subject::<PrivateTls>().await.with(&json!({"serverName": "pay.example"}));
    let before = stage.state::<PrivateTls>().await;
    assert_eq!(stage.preview::<PrivateTls>().await.calls, ["apigateway:PATCH", "apigateway:POST"]);
    for read in ["GetApi", "GetIntegrations", "GetRoutes", "GetStages", "GetExport"] {
        let partial = Fault::Answer(200, "{}");
        for (fault, again) in [(DENIED, false), (partial, true), (THROTTLED, true)] {
            stage.proxy.fault(read, usize::MAX, fault);
            let outcome = stage.run::<PrivateTls>().await;
            assert_eq!(outcome.is_err(), again, "{read}: {outcome:?}");
            stage.proxy.clear_faults();
        }
    }
    assert_eq!(stage.proxy.count("UpdateIntegration"), 0);
    stage.approve::<PrivateTls>().await;
    stage.proxy.fault("CreateDeployment", 1, DENIED);
    let outcome = stage.run::<PrivateTls>().await.unwrap();
    assert!(matches!(outcome.result, RemediationResult::RolledBack(_)), "{outcome:?}");
    assert_eq!(stage.state::<PrivateTls>().await, before);
    stage.approve::<PrivateTls>().await;
    stage.proxy.fault("CreateDeployment", usize::MAX, Fault::LoseAnswer);
    let outcome = stage.run::<PrivateTls>().await.unwrap();
    assert_eq!((outcome.result, outcome.attempt), (RemediationResult::Restored, Some(2)));
}

#[tokio::test]
async fn a_stage_that_was_deployed_later_is_not_undone_and_a_deleted_api_is_reported() {
    let api = Api::new("HTTP", LISTENER).await;
    api.stage("live", false).await;
    let stage = api.subject::<PrivateTls>().await.with(&json!({"serverName": "pay.example"}));
    stage.approve::<PrivateTls>().await;
    assert_eq!(stage.run::<PrivateTls>().await.unwrap().result, RemediationResult::Restored);
    api.deploy("live").await;
    let outcome = stage.undo::<PrivateTls>().await;
    assert!(
        matches!(outcome.result, RemediationResult::Refused(why) if why.to_string().contains("changed since"))
    );
    api.delete().await;
    let gone = api.subject::<PrivateTls>().await;
    assert_eq!(gone.run::<PrivateTls>().await.unwrap().result, RemediationResult::ResourceGone);
}
