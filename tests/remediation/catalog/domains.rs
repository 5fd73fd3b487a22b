//! Custom domains whose TLS policy is not accepted.

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::{
    EndpointConfiguration, EndpointType, MutualTlsAuthenticationInput, SecurityPolicy,
};
use evenkeel_remediators::catalog::apigateway::domain_tls_policy::DomainTlsPolicy;
use evenkeel_remediators::{RemediationOutcome, RemediationResult, Remediator};
use serde_json::{Value, json};

use super::apigatewayv2::{id, post};
use super::stage::{Stage, aws, told};
use evenkeel_testing::proxy::Fault;
use evenkeel_testing::stand::stand;

fn client() -> Client {
    Client::new(&aws(stand()).config)
}

const STRONG: &str = "SecurityPolicy_TLS13_1_3_2025_09";

/// A domain of these endpoint types that accepts TLS 1.0.
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

/// While the update goes on the message comes again.
async fn run(stage: &Stage) -> RemediationOutcome {
    let later = stage.run::<DomainTlsPolicy>().await.unwrap_err().to_string();
    assert_eq!(later, "the domain is UPDATING");
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

/// All that can be read of the domain, without what has to change.
async fn beside(name: &str) -> Value {
    let mut told = told(&format!("/domainnames/{name}")).await;
    for changed in ["securityPolicy", "endpointAccessMode"] {
        told.as_object_mut().unwrap().remove(changed);
    }
    told
}

#[tokio::test]
async fn the_policy_is_restored_once_and_undone_when_the_updates_are_over() {
    for name in ["plain.example", "*.wild.example"] {
        let stage = regional(name).await;
        let (before, all) = (stage.state::<DomainTlsPolicy>().await, beside(name).await);
        assert_eq!(run(&stage).await.result, RemediationResult::Restored);
        assert_eq!((policy(&stage).await, beside(name).await), ("TLS_1_2".to_owned(), all.clone()));
        assert!(stage.is_compliant::<DomainTlsPolicy>().await);
        let later = stage.try_undo::<DomainTlsPolicy>().await.unwrap_err().to_string();
        assert_eq!(later, "the domain is UPDATING");
        let undone = stage.undo::<DomainTlsPolicy>().await;
        assert_eq!(undone.result, RemediationResult::Compliant, "it was, when it could be seen");
        assert_eq!((stage.state::<DomainTlsPolicy>().await, beside(name).await), (before, all));
        assert_eq!(stage.proxy.count("UpdateDomainName"), 2);
    }
}

#[tokio::test]
async fn an_enhanced_policy_brings_its_companion_which_stays() {
    let arn = "arn:aws:apigateway:eu-central-1::/domainnames/enhanced.example";
    regional("enhanced.example").await;
    let stage = subject(arn).await.with(&json!({"policy": STRONG}));
    let before = stage.state::<DomainTlsPolicy>().await;
    assert_eq!(run(&stage).await.result, RemediationResult::Restored);
    let after = stage.state::<DomainTlsPolicy>().await;
    assert_eq!((after.policy.as_str(), after.access.as_deref()), (STRONG, Some("BASIC")));
    assert_eq!(stage.proxy.count("UpdateDomainName"), 1, "both in one call");
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
async fn what_is_accepted_is_the_policys_to_say() {
    let stage = regional("accepted.example").await;
    let lax = json!({"accepted": ["TLS_1_?"], "policy": "TLS_1_2"});
    let stage = stage.with(&lax);
    assert_eq!(stage.run::<DomainTlsPolicy>().await.unwrap().result, RemediationResult::Compliant);
    for (with, why) in [
        (json!({"accepted": "TLS_1_2"}), "`accepted` in the policy's header is no list"),
        (json!({"accepted": [1]}), "`accepted` in the policy's header is no list"),
        (json!({"policy": 1}), "`policy` in the policy's header is no text"),
        (json!({"endpointAccessMode": []}), "`endpointAccessMode` in the policy's header is no"),
        (json!({"policy": "TLS_1_0"}), "`TLS_1_0`, is itself not accepted"),
    ] {
        let stage = subject("accepted.example").await.with(&with);
        let said = refused(&stage).await;
        assert!(said.contains(why), "{said}");
        assert_eq!(stage.proxy.count("UpdateDomainName"), 0);
    }
}

#[tokio::test]
async fn a_policy_that_does_not_fit_the_domain_is_not_set() {
    let edge = "SecurityPolicy_TLS13_2025_EDGE";
    let both = [EndpointType::Edge, EndpointType::Regional];
    for (name, endpoints, policy, why) in [
        ("several.example", &both[..], "TLS_1_2", "several endpoint types"),
        ("edge.example", &both[..1], STRONG, "does not fit an endpoint of type EDGE"),
        ("region.example", &both[1..], edge, "does not fit an endpoint of type REGIONAL"),
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
    assert_eq!(run(&stage).await.result, RemediationResult::Restored, "TLS 1.2 goes with it");
}

#[tokio::test]
async fn an_enhanced_policy_is_not_set_where_an_http_api_is_behind() {
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
    assert!(why.contains(&format!("leads to API `{api}`, which is no REST API")), "{why}");
    assert_eq!(stage.proxy.count("UpdateDomainName"), 0);
    let stage = subject("behind.example").await;
    assert_eq!(run(&stage).await.result, RemediationResult::Restored, "TLS 1.2 goes with it");
    let alone = regional("rest.example").await.with(&json!({"policy": STRONG}));
    let map = client().create_base_path_mapping().domain_name("rest.example");
    map.rest_api_id(&rest).send().await.unwrap();
    for partial in ["GetApiMappings", "GetApi"] {
        alone.proxy.fault(partial, usize::MAX, Fault::Answer(200, "{}"));
        assert!(alone.run::<DomainTlsPolicy>().await.is_err(), "{partial}");
        alone.proxy.mend();
    }
    assert_eq!(alone.proxy.count("UpdateDomainName"), 0);
    assert_eq!(run(&alone).await.result, RemediationResult::Restored);
}

#[tokio::test]
async fn what_is_gone_denied_throttled_partial_or_updating_writes_nothing() {
    let stage = regional("faults.example").await;
    let told = |text: &'static str| Fault::Answer(200, text);
    for (fault, again) in [
        (Fault::Answer(403, "{\"__type\":\"AccessDeniedException\"}"), false),
        (Fault::Answer(404, "{\"__type\":\"NotFoundException\"}"), false),
        (Fault::Answer(429, "{\"__type\":\"TooManyRequestsException\"}"), true),
        (told("{}"), true),
        (told("{\"domainNameStatus\":\"AVAILABLE\",\"securityPolicy\":\"TLS_1_0\"}"), true),
        (told("{\"domainNameStatus\":\"PENDING\",\"securityPolicy\":\"TLS_1_0\"}"), true),
    ] {
        stage.proxy.fault("GetDomainName", usize::MAX, fault);
        let outcome = stage.run::<DomainTlsPolicy>().await;
        assert_eq!(outcome.is_err(), again, "{outcome:?}");
        stage.proxy.mend();
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
        assert!(refused(&stage).await.contains("names no"), "{id}");
        assert!(stage.proxy.calls().is_empty());
    }
}

#[tokio::test]
async fn a_lost_answer_loses_nothing_and_a_change_since_is_not_undone() {
    let stage = regional("lost.example").await;
    stage.proxy.fault("UpdateDomainName", usize::MAX, Fault::LoseAnswer);
    assert_eq!(run(&stage).await.result, RemediationResult::Restored);
    stage.proxy.mend();
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

/// Reads once, until an update is over.
async fn policy_later(stage: &Stage) {
    let read = DomainTlsPolicy::from(aws(stand())).observe_state(&stage.target()).await;
    assert!(read.is_err());
}
