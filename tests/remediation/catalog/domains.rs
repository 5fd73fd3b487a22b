//! Tests the remediator of custom domains with a weak TLS security policy.

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::{
    EndpointConfiguration, EndpointType, MutualTlsAuthenticationInput, SecurityPolicy,
};
use evenkeel_remediators::catalog::apigateway::domain_tls_policy::DomainTlsPolicy;
use evenkeel_remediators::{RemediationOutcome, RemediationResult, Remediator};
use serde_json::{Value, json};

use super::apigatewayv2::{id, post};
use super::stage::{Stage, aws, read_api_gateway};
use evenkeel_testing::proxy::Fault;
use evenkeel_testing::stand_in::stand_in;

fn client() -> Client {
    Client::new(&aws(stand_in()).config)
}

const STRONG: &str = "SecurityPolicy_TLS13_1_3_2025_09";

/// Creates a domain with these endpoint types that accepts TLS 1.0, and returns its stage.
async fn domain(name: &str, endpoints: &[EndpointType]) -> Stage {
    let kinds = EndpointConfiguration::builder().set_types(Some(endpoints.to_vec())).build();
    let made = client().create_domain_name().domain_name(name).endpoint_configuration(kinds);
    made.security_policy(SecurityPolicy::Tls10).send().await.unwrap();
    subject(name).await
}

async fn subject(id: &str) -> Stage {
    let kind = "AWS::ApiGateway::DomainName";
    Stage::new("apigateway-domain-weak-tls", DomainTlsPolicy::SPEC.id, kind, id).await
}

async fn regional(name: &str) -> Stage {
    domain(name, &[EndpointType::Regional]).await
}

/// Runs the remediation twice: the first run ends with a retry because the domain is updating.
async fn run(stage: &Stage) -> RemediationOutcome {
    let later = stage.run::<DomainTlsPolicy>().await.unwrap_err().to_string();
    assert_eq!(later, "the custom domain has status UPDATING; try again later");
    stage.run::<DomainTlsPolicy>().await.unwrap()
}

async fn refused(stage: &Stage) -> String {
    match stage.run::<DomainTlsPolicy>().await.unwrap().result {
        RemediationResult::Refused(why) => why.to_string(),
        other => panic!("{other:?}"),
    }
}

async fn policy(stage: &Stage) -> String {
    stage.state::<DomainTlsPolicy>().await.policy
}

/// Returns all readable settings of the domain except the ones that the remediation changes.
async fn beside(name: &str) -> Value {
    let mut settings = read_api_gateway(&format!("/domainnames/{name}")).await;
    for changed in ["securityPolicy", "endpointAccessMode"] {
        settings.as_object_mut().unwrap().remove(changed);
    }
    settings
}

#[tokio::test]
async fn the_policy_is_restored_once_and_undone_after_each_update_completes() {
    for name in ["plain.example", "*.wild.example"] {
        let stage = regional(name).await;
        let (before, all) = (stage.state::<DomainTlsPolicy>().await, beside(name).await);
        assert_eq!(run(&stage).await.result, RemediationResult::Restored);
        assert_eq!((policy(&stage).await, beside(name).await), ("TLS_1_2".to_owned(), all.clone()));
        assert!(stage.is_compliant::<DomainTlsPolicy>().await);
        let later = stage.try_undo::<DomainTlsPolicy>().await.unwrap_err().to_string();
        assert_eq!(later, "the custom domain has status UPDATING; try again later");
        let undone = stage.undo::<DomainTlsPolicy>().await;
        assert_eq!(
            undone.result,
            RemediationResult::Compliant,
            "the undo must find the former state after the update"
        );
        assert_eq!((stage.state::<DomainTlsPolicy>().await, beside(name).await), (before, all));
        assert_eq!(stage.proxy.count("UpdateDomainName"), 2);
    }
}

#[tokio::test]
async fn an_enhanced_policy_sets_the_access_mode_which_stays_after_an_undo() {
    let arn = "arn:aws:apigateway:eu-central-1::/domainnames/enhanced.example";
    regional("enhanced.example").await;
    let stage = subject(arn).await.with(&json!({"policy": STRONG}));
    let before = stage.state::<DomainTlsPolicy>().await;
    assert_eq!(run(&stage).await.result, RemediationResult::Restored);
    let after = stage.state::<DomainTlsPolicy>().await;
    assert_eq!((after.policy.as_str(), after.access.as_deref()), (STRONG, Some("BASIC")));
    assert_eq!(
        stage.proxy.count("UpdateDomainName"),
        1,
        "policy and access mode must be set in one call"
    );
    stage.try_undo::<DomainTlsPolicy>().await.unwrap_err();
    stage.undo::<DomainTlsPolicy>().await;
    let undone = stage.state::<DomainTlsPolicy>().await;
    assert_eq!((&undone.policy, undone.access.as_deref()), (&before.policy, Some("BASIC")));
    let strict = json!({"policy": STRONG, "endpointAccessMode": "STRICT"});
    let stage = regional("strict.example").await.with(&strict);
    assert_eq!(run(&stage).await.result, RemediationResult::Restored);
    let access = stage.state::<DomainTlsPolicy>().await.access;
    assert_eq!(access.as_deref(), Some("STRICT"));
}

#[tokio::test]
async fn the_policy_header_lists_the_accepted_policies() {
    let stage = regional("accepted.example").await;
    let lax = json!({"accepted": ["TLS_1_?"], "policy": "TLS_1_2"});
    let stage = stage.with(&lax);
    assert_eq!(stage.run::<DomainTlsPolicy>().await.unwrap().result, RemediationResult::Compliant);
    for (with, why) in [
        (json!({"accepted": "TLS_1_2"}), "`accepted` in the policy header is not a list"),
        (json!({"accepted": [1]}), "`accepted` in the policy header is not a list"),
        (json!({"policy": 1}), "`policy` in the policy header is not a text"),
        (json!({"endpointAccessMode": []}), "`endpointAccessMode` in the policy header is not"),
        (json!({"policy": "TLS_1_0"}), "`TLS_1_0`, which `accepted` does not contain"),
    ] {
        let stage = subject("accepted.example").await.with(&with);
        let said = refused(&stage).await;
        assert!(said.contains(why), "{said}");
        assert_eq!(stage.proxy.count("UpdateDomainName"), 0);
    }
}

#[tokio::test]
async fn a_policy_that_the_domain_does_not_support_is_not_set() {
    let edge = "SecurityPolicy_TLS13_2025_EDGE";
    let both = [EndpointType::Edge, EndpointType::Regional];
    for (name, endpoints, policy, why) in [
        ("several.example", &both[..], "TLS_1_2", "the endpoint has several types"),
        ("edge.example", &both[..1], STRONG, "does not support endpoints of type EDGE"),
        ("region.example", &both[1..], edge, "does not support endpoints of type REGIONAL"),
    ] {
        let stage = domain(name, endpoints).await.with(&json!({"policy": policy}));
        let said = refused(&stage).await;
        assert!(said.contains(why), "{said}");
        assert_eq!(stage.proxy.count("UpdateDomainName"), 0);
    }
    let stage = subject("edge.example").await.with(&json!({"policy": edge}));
    assert_eq!(run(&stage).await.result, RemediationResult::Restored);
    let truststore = MutualTlsAuthenticationInput::builder().truststore_uri("s3://a/b").build();
    let kinds = EndpointConfiguration::builder().types(EndpointType::Regional).build();
    let made = client().create_domain_name().domain_name("mutual.example");
    let made = made.endpoint_configuration(kinds).mutual_tls_authentication(truststore);
    made.security_policy(SecurityPolicy::Tls10).send().await.unwrap();
    let stage = subject("mutual.example").await.with(&json!({"policy": STRONG}));
    assert!(refused(&stage).await.contains("mutual TLS"));
    let stage = subject("mutual.example").await;
    assert_eq!(
        run(&stage).await.result,
        RemediationResult::Restored,
        "TLS 1.2 is compatible with it"
    );
}

#[tokio::test]
async fn an_enhanced_policy_is_not_set_for_a_domain_of_an_http_api() {
    let stage = regional("behind.example").await.with(&json!({"policy": STRONG}));
    let rest = client().create_rest_api().name("rest").send().await.unwrap().id.unwrap();
    let map = client().create_base_path_mapping().domain_name("behind.example");
    map.rest_api_id(&rest).base_path("rest").send().await.unwrap();
    let made = post(&["apis"], json!({"name": "http", "protocolType": "HTTP"})).await;
    let api = id(&made["apiId"]);
    for key in ["a", "b"] {
        let map = json!({"apiId": api, "stage": "live", "apiMappingKey": key});
        post(&["domainnames", "behind.example", "apimappings"], map).await;
    }
    let why = refused(&stage).await;
    assert!(why.contains(&format!("is mapped to API `{api}`, which is not a REST API")), "{why}");
    assert_eq!(stage.proxy.count("UpdateDomainName"), 0);
    let stage = subject("behind.example").await;
    assert_eq!(
        run(&stage).await.result,
        RemediationResult::Restored,
        "TLS 1.2 is compatible with it"
    );
    let alone = regional("rest.example").await.with(&json!({"policy": STRONG}));
    let map = client().create_base_path_mapping().domain_name("rest.example");
    map.rest_api_id(&rest).send().await.unwrap();
    for partial in ["GetApiMappings", "GetApi"] {
        alone.proxy.fault(partial, usize::MAX, Fault::Answer(200, "{}"));
        assert!(alone.run::<DomainTlsPolicy>().await.is_err(), "{partial}");
        alone.proxy.clear_faults();
    }
    assert_eq!(alone.proxy.count("UpdateDomainName"), 0);
    assert_eq!(run(&alone).await.result, RemediationResult::Restored);
}

#[tokio::test]
async fn a_missing_denied_throttled_incomplete_or_updating_domain_is_not_written() {
    let stage = regional("faults.example").await;
    let answer = |text: &'static str| Fault::Answer(200, text);
    for (fault, again) in [
        (Fault::Answer(403, "{\"__type\":\"AccessDeniedException\"}"), false),
        (Fault::Answer(404, "{\"__type\":\"NotFoundException\"}"), false),
        (Fault::Answer(429, "{\"__type\":\"TooManyRequestsException\"}"), true),
        (answer("{}"), true),
        (answer("{\"domainNameStatus\":\"AVAILABLE\",\"securityPolicy\":\"TLS_1_0\"}"), true),
        (answer("{\"domainNameStatus\":\"PENDING\",\"securityPolicy\":\"TLS_1_0\"}"), true),
    ] {
        stage.proxy.fault("GetDomainName", usize::MAX, fault);
        let outcome = stage.run::<DomainTlsPolicy>().await;
        assert_eq!(outcome.is_err(), again, "{outcome:?}");
        stage.proxy.clear_faults();
    }
    assert_eq!(stage.proxy.count("UpdateDomainName"), 0);
    let gone = subject("gone.example").await;
    assert_eq!(
        gone.run::<DomainTlsPolicy>().await.unwrap().result,
        RemediationResult::ResourceGone
    );
    for id in
        ["a.example/../b", "a.*.example", "*", "..", "a b", "arn:aws:apigateway:::/domainnames/"]
    {
        let stage = subject(id).await;
        assert!(refused(&stage).await.contains("is not a valid id"), "{id}");
        assert!(stage.proxy.calls().is_empty());
    }
}

#[tokio::test]
async fn a_lost_answer_is_handled_as_success_and_a_later_change_is_not_undone() {
    let stage = regional("lost.example").await;
    stage.proxy.fault("UpdateDomainName", usize::MAX, Fault::LoseAnswer);
    assert_eq!(run(&stage).await.result, RemediationResult::Restored);
    stage.proxy.clear_faults();
    assert_eq!(policy(&stage).await, "TLS_1_2");
    let patch = [("/securityPolicy", STRONG), ("/endpointAccessMode", "BASIC")];
    let mut update = client().update_domain_name().domain_name("lost.example");
    for (path, value) in patch {
        update = update.patch_operations(super::apigateway::patch(path, value));
    }
    update.send().await.unwrap();
    policy_later(&stage).await;
    let outcome = stage.undo::<DomainTlsPolicy>().await;
    assert!(
        matches!(outcome.result, RemediationResult::Refused(why) if why.to_string().contains("changed since"))
    );
    assert_eq!(policy(&stage).await, STRONG);
    let denied = regional("denied.example").await;
    denied.proxy.fault(
        "UpdateDomainName",
        1,
        Fault::Answer(403, "{\"__type\":\"AccessDeniedException\"}"),
    );
    let outcome = denied.run::<DomainTlsPolicy>().await.unwrap();
    assert!(matches!(outcome.result, RemediationResult::Failed(_)), "{outcome:?}");
    assert_eq!(policy(&denied).await, "TLS_1_0");
}

/// Reads the domain once, which completes its update in the stand-in.
async fn policy_later(stage: &Stage) {
    let read = DomainTlsPolicy::from(aws(stand_in())).observe_state(&stage.target()).await;
    assert!(read.is_err());
}
