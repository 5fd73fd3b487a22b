//! HTTP APIs that are reachable around their custom domains.

use evenkeel_remediators::catalog::apigatewayv2::close_default_endpoint::CloseHttpEndpoint;
use evenkeel_remediators::{RemediationResult, Remediator};

use serde_json::json;

use super::apigatewayv2::{Api, DENIED, THROTTLED, TLS, asked, post, refused};
use super::stage::Stage;
use evenkeel_testing::proxy::Fault;

/// The finding about an API's endpoint.
async fn subject(id: &str) -> Stage {
    let kind = "AWS::ApiGatewayV2::Api";
    Stage::new("apigatewayv2-default-endpoint-open", CloseHttpEndpoint::SPEC.id, kind, id).await
}

#[tokio::test]
async fn an_endpoint_is_closed_where_domains_lead_to_each_stage_and_opened_again() {
    let api = Api::http().await;
    api.stage("$default", true).await;
    api.stage("live", false).await;
    api.domain("a", "$default", "TLS_1_2").await;
    let arn = format!("arn:aws:apigateway:eu-central-1::/apis/{}", api.id);
    let stage = subject(&arn).await;
    let why = asked::<CloseHttpEndpoint>(&stage).await;
    assert!(why.ends_with("no custom domain leads to stage `live`"), "{why}");
    api.domain("b", "live", "TLS_1_2").await;
    let (before, beside) = (stage.state::<CloseHttpEndpoint>().await, api.beside().await);
    assert_eq!(stage.run::<CloseHttpEndpoint>().await.unwrap().result, RemediationResult::Restored);
    assert!(stage.state::<CloseHttpEndpoint>().await.closed);
    assert_eq!(stage.proxy.count("CreateDeployment"), 1, "it takes effect with the next");
    assert_eq!(api.beside().await, beside);
    assert!(stage.is_compliant::<CloseHttpEndpoint>().await);
    assert_eq!(stage.undo::<CloseHttpEndpoint>().await.result, RemediationResult::Restored);
    assert_eq!(stage.state::<CloseHttpEndpoint>().await, before);
    assert_eq!(api.beside().await, beside);
}

#[tokio::test]
async fn an_endpoint_that_is_the_only_way_stays_open() {
    let api = Api::http().await;
    api.stage("live", true).await;
    let stage = subject(&api.id).await;
    let why = "no custom domain leads to it: closing would cut it off";
    assert_eq!(refused::<CloseHttpEndpoint>(&stage).await, why);
    let ruled = format!("ruled.{}.example", api.id);
    let made = json!({"domainName": ruled, "routingMode": "ROUTING_RULE_ONLY"});
    post(&["domainnames"], made).await;
    api.map(&ruled, "live").await;
    assert_eq!(
        refused::<CloseHttpEndpoint>(&subject(&api.id).await).await,
        why,
        "nobody follows it"
    );
    api.domain("old", "live", "TLS_1_0").await;
    let stage = subject(&api.id).await;
    let why = asked::<CloseHttpEndpoint>(&stage).await;
    let old = format!("domain `old.{}.example`, which leads to it, accepts TLS 1.0", api.id);
    assert!(why.ends_with(&old), "{why}");
    assert_eq!(stage.proxy.count("UpdateApi"), 0);
}

#[tokio::test]
async fn a_deployment_that_closes_publishes_nothing_else_unasked() {
    let api = Api::http().await;
    api.stage("live", false).await;
    api.domain("a", "live", "TLS_1_2").await;
    api.draft(TLS).await;
    let stage = subject(&api.id).await;
    let why = asked::<CloseHttpEndpoint>(&stage).await;
    assert!(why.ends_with("would publish other drafted changes: GET /pay"), "{why}");
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_judged_is_left_alone() {
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
            stage.proxy.mend();
        }
    }
    assert_eq!(stage.proxy.count("UpdateApi"), 0);
    let stage = subject(&api.id).await;
    stage.proxy.fault("UpdateApi", usize::MAX, Fault::LoseAnswer);
    let outcome = stage.run::<CloseHttpEndpoint>().await.unwrap();
    assert!(
        matches!(outcome.result, RemediationResult::RolledBack(_)),
        "no deployment: {outcome:?}"
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
async fn of_a_websocket_api_a_person_is_asked_before_each_deployment() {
    let api = Api::new("WEBSOCKET", TLS).await;
    api.stage("live", true).await;
    api.domain("a", "live", "TLS_1_2").await;
    let stage = subject(&api.id).await;
    assert_eq!(stage.run::<CloseHttpEndpoint>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(stage.proxy.count("CreateDeployment"), 0, "it deploys by itself");
    stage.undo::<CloseHttpEndpoint>().await;
    api.stage("test", false).await;
    api.domain("b", "test", "TLS_1_2").await;
    let why = asked::<CloseHttpEndpoint>(&subject(&api.id).await).await;
    assert!(why.contains("a deployment to stage `test` would publish all"), "{why}");
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_no_names() {
    for id in ["a/../../domainnames/b", ".", "a|b", "arn:aws:apigateway:eu-central-1::/apis/"] {
        let stage = subject(id).await;
        let why = refused::<CloseHttpEndpoint>(&stage).await;
        assert!(why.contains("names no"), "{why}");
        assert!(stage.proxy.calls().is_empty());
    }
}
