//! Tests the remediator of HTTP APIs whose default endpoint is enabled besides custom domains.

use evenkeel_remediators::catalog::apigatewayv2::close_default_endpoint::CloseHttpEndpoint;
use evenkeel_remediators::{RemediationResult, Remediator};

use serde_json::json;

use super::apigatewayv2::{Api, DENIED, THROTTLED, TLS, asked, post, refused};
use super::stage::Stage;
use evenkeel_testing::proxy::Fault;

/// Returns a stage for a finding about the default endpoint of an API.
async fn subject(id: &str) -> Stage {
    let kind = "AWS::ApiGatewayV2::Api";
    Stage::new("apigatewayv2-default-endpoint-open", CloseHttpEndpoint::SPEC.id, kind, id).await
}

#[tokio::test]
async fn a_default_endpoint_is_disabled_if_domains_lead_to_each_stage_and_can_be_enabled_again() {
    let api = Api::http().await;
    api.stage("$default", true).await;
    api.stage("live", false).await;
    api.domain("a", "$default", "TLS_1_2").await;
    let arn = format!("arn:aws:apigateway:eu-central-1::/apis/{}", api.id);
    let stage = subject(&arn).await;
    let why = asked::<CloseHttpEndpoint>(&stage).await;
    assert!(why.ends_with("which would become unreachable: `live`"), "{why}");
    api.domain("b", "live", "TLS_1_2").await;
    let (before, beside) = (stage.state::<CloseHttpEndpoint>().await, api.beside().await);
    assert_eq!(stage.run::<CloseHttpEndpoint>().await.unwrap().result, RemediationResult::Restored);
    assert!(stage.state::<CloseHttpEndpoint>().await.closed);
    assert_eq!(
        stage.proxy.count("CreateDeployment"),
        1,
        "the setting takes effect with a deployment"
    );
    assert_eq!(api.beside().await, beside);
    assert!(stage.is_compliant::<CloseHttpEndpoint>().await);
    assert_eq!(stage.undo::<CloseHttpEndpoint>().await.result, RemediationResult::Restored);
    assert_eq!(stage.state::<CloseHttpEndpoint>().await, before);
    assert_eq!(api.beside().await, beside);
}

#[tokio::test]
async fn an_endpoint_without_custom_domain_stays_enabled() {
    let api = Api::http().await;
    api.stage("live", true).await;
    let stage = subject(&api.id).await;
    let why = "no custom domain is mapped to the API, so the API would become unreachable without \
               the default endpoint; map a custom domain first";
    assert_eq!(refused::<CloseHttpEndpoint>(&stage).await, why);
    let ruled = format!("ruled.{}.example", api.id);
    let made = json!({"domainName": ruled, "routingMode": "ROUTING_RULE_ONLY"});
    post(&["domainnames"], made).await;
    api.map(&ruled, "live").await;
    assert_eq!(
        refused::<CloseHttpEndpoint>(&subject(&api.id).await).await,
        why,
        "a domain with routing rules does not use the API mapping"
    );
    api.domain("old", "live", "TLS_1_0").await;
    let stage = subject(&api.id).await;
    let why = asked::<CloseHttpEndpoint>(&stage).await;
    let old = format!("domain `old.{}.example` is mapped to the API and accepts TLS 1.0", api.id);
    assert!(why.ends_with(&old), "{why}");
    assert_eq!(stage.proxy.count("UpdateApi"), 0);
}

#[tokio::test]
async fn other_drafted_changes_are_published_only_after_approval() {
    let api = Api::http().await;
    api.stage("live", false).await;
    api.domain("a", "live", "TLS_1_2").await;
    api.draft(TLS).await;
    let stage = subject(&api.id).await;
    let why = asked::<CloseHttpEndpoint>(&stage).await;
    assert!(why.ends_with("would publish other undeployed changes: GET /pay"), "{why}");
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_read_is_not_changed() {
    let api = Api::http().await;
    api.stage("live", false).await;
    api.domain("a", "live", "TLS_1_2").await;
    let stage = subject(&api.id).await;
    for read in ["GetApi", "GetStages", "GetDomainNames", "GetApiMappings", "GetExport"] {
        let partial = Fault::Answer(200, "{}");
        for (fault, again) in [(DENIED, false), (partial, true), (THROTTLED, true)] {
            stage.proxy.fault(read, usize::MAX, fault);
            let outcome = stage.run::<CloseHttpEndpoint>().await;
            assert_eq!(outcome.is_err(), again, "{read}: {outcome:?}");
            stage.proxy.clear_faults();
        }
    }
    assert_eq!(stage.proxy.count("UpdateApi"), 0);
    let stage = subject(&api.id).await;
    stage.proxy.fault("UpdateApi", usize::MAX, Fault::LoseAnswer);
    let outcome = stage.run::<CloseHttpEndpoint>().await.unwrap();
    assert!(
        matches!(outcome.result, RemediationResult::RolledBack(_)),
        "a lost write must be rolled back without a deployment: {outcome:?}"
    );
    assert!(!stage.state::<CloseHttpEndpoint>().await.closed);
    let stage = subject(&api.id).await;
    stage.proxy.fault("CreateDeployment", usize::MAX, Fault::LoseAnswer);
    assert_eq!(stage.run::<CloseHttpEndpoint>().await.unwrap().result, RemediationResult::Restored);
    api.deploy("live").await;
    let outcome = stage.undo::<CloseHttpEndpoint>().await;
    assert!(
        matches!(outcome.result, RemediationResult::Refused(why) if why.to_string().contains("changed since"))
    );
    api.delete().await;
    let outcome = subject(&api.id).await.run::<CloseHttpEndpoint>().await.unwrap();
    assert_eq!(outcome.result, RemediationResult::ResourceGone);
}

#[tokio::test]
async fn each_deployment_of_a_websocket_api_needs_approval() {
    let api = Api::new("WEBSOCKET", TLS).await;
    api.stage("live", true).await;
    api.domain("a", "live", "TLS_1_2").await;
    let stage = subject(&api.id).await;
    assert_eq!(stage.run::<CloseHttpEndpoint>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(
        stage.proxy.count("CreateDeployment"),
        0,
        "a stage with automatic deployment needs no deployment"
    );
    stage.undo::<CloseHttpEndpoint>().await;
    api.stage("test", false).await;
    api.domain("b", "test", "TLS_1_2").await;
    let why = asked::<CloseHttpEndpoint>(&subject(&api.id).await).await;
    assert!(why.contains("a deployment to stage `test` would publish all"), "{why}");
}

#[tokio::test]
async fn invalid_resource_ids_are_refused_without_any_call() {
    for id in ["a/../../domainnames/b", ".", "a|b", "arn:aws:apigateway:eu-central-1::/apis/"] {
        let stage = subject(id).await;
        let why = refused::<CloseHttpEndpoint>(&stage).await;
        assert!(why.contains("is not a valid id"), "{why}");
        assert!(stage.proxy.calls().is_empty());
    }
}
