//! Tests the remediators of settings of REST APIs and their stages: only the setting changes, and
//! an undo restores it.

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::{
    EndpointConfiguration, EndpointType, IntegrationType, Op, PatchOperation,
};
use evenkeel_remediators::catalog::apigateway::api_tls_policy::ApiTlsPolicy;
use evenkeel_remediators::catalog::apigateway::close_default_endpoint::CloseDefaultEndpoint;
use evenkeel_remediators::catalog::apigateway::deny_insecure_transport::DenyApiInsecureTransport;
use evenkeel_remediators::catalog::apigateway::stage_cache_encryption::StageCacheEncryption;
use evenkeel_remediators::catalog::apigateway::stage_data_trace::StageDataTrace;
use evenkeel_remediators::catalog::apigateway::stage_logging::StageLogging;
use evenkeel_remediators::catalog::apigateway::stage_tracing::StageTracing;
use evenkeel_remediators::{
    AwsConnection, RefusalReason, RemediationPlan, RemediationResult, Remediator,
};
use serde_json::json;

use super::stage::{Stage, aws};
use evenkeel_testing::proxy::Fault;
use evenkeel_testing::stand_in::stand_in;

fn client() -> Client {
    Client::new(&aws(stand_in()).config)
}

fn replace(path: &str, value: &str) -> PatchOperation {
    PatchOperation::builder().op(Op::Replace).path(path).value(value).build()
}

/// Creates an API with one method and the stage `live`. Returns its id.
async fn api(authorization: &str) -> String {
    let made = client().create_rest_api().name("payments").send().await.unwrap();
    let (id, root) = (made.id.unwrap(), made.root_resource_id.unwrap());
    let method = client().put_method().rest_api_id(&id).resource_id(&root).http_method("GET");
    method.authorization_type(authorization).send().await.unwrap();
    let integration = client().put_integration().rest_api_id(&id).resource_id(&root);
    let integration = integration.http_method("GET").r#type(IntegrationType::Mock);
    integration.send().await.unwrap();
    client().create_deployment().rest_api_id(&id).stage_name("live").send().await.unwrap();
    id
}

async fn patch_stage(api: &str, patches: &[(&str, &str)]) {
    let patches = patches.iter().map(|(path, value)| replace(path, value)).collect();
    let update = client().update_stage().rest_api_id(api).stage_name("live");
    update.set_patch_operations(Some(patches)).send().await.unwrap();
}

async fn patch_api(api: &str, path: &str, value: &str) {
    let update = client().update_rest_api().rest_api_id(api);
    update.patch_operations(replace(path, value)).send().await.unwrap();
}

/// Remediates a resource, checks that a second run has nothing to do, and undoes the change.
/// Returns the states before and after the remediation.
async fn there_and_back<R: Remediator + From<AwsConnection> + 'static>(
    stage: &Stage,
) -> (R::State, R::State)
where
    R::State: std::fmt::Debug,
{
    let before = stage.state::<R>().await;
    let RemediationPlan::Change(planned) =
        R::from(stage.aws()).plan_change(&stage.target(), &before)
    else {
        panic!("no change is planned for {before:?}");
    };
    assert_eq!(stage.run::<R>().await.unwrap().result, RemediationResult::Restored);
    let after = stage.state::<R>().await;
    assert_eq!(stage.run::<R>().await.unwrap().result, RemediationResult::Compliant);
    assert_eq!(stage.undo::<R>().await.result, RemediationResult::Restored);
    stage.assert_planned_writes::<R>(&before, &planned);
    (before, after)
}

async fn of_stage<R: Remediator>(api: &str) -> Stage {
    // AWS Config and the policies use this ARN.
    let id = format!("arn:aws:apigateway:eu-central-1::/restapis/{api}/stages/live");
    Stage::new("p", R::SPEC.id, "AWS::ApiGateway::Stage", &id).await
}

async fn of_api<R: Remediator>(api: &str) -> Stage {
    Stage::new("p", R::SPEC.id, "AWS::ApiGateway::RestApi", api).await
}

#[tokio::test]
async fn tracing_of_a_stage_is_turned_on() {
    let api = api("NONE").await;
    let stage = of_stage::<StageTracing>(&api).await;
    let (before, after) = there_and_back::<StageTracing>(&stage).await;
    assert!(!before.tracing && after.tracing);
    assert_eq!(stage.state::<StageTracing>().await, before);
}

#[tokio::test]
async fn data_tracing_is_turned_off_only_for_methods_that_use_it() {
    let api = api("NONE").await;
    patch_stage(
        &api,
        &[
            ("/*/*/logging/dataTrace", "true"),
            ("/*/*/logging/loglevel", "ERROR"),
            ("/~1pets/GET/caching/enabled", "true"),
        ],
    )
    .await;
    let stage = of_stage::<StageDataTrace>(&api).await;
    let (before, after) = there_and_back::<StageDataTrace>(&stage).await;
    assert_eq!(after.methods["*/*"].data_trace, Some(false));
    assert_eq!(after.methods["*/*"].level.as_deref(), Some("ERROR"));
    assert_eq!(after.methods["~1pets/GET"], before.methods["~1pets/GET"]);
    assert_eq!(stage.state::<StageDataTrace>().await, before);
}

#[tokio::test]
async fn cache_encryption_is_turned_on_only_for_cached_methods() {
    let api = api("NONE").await;
    patch_stage(
        &api,
        &[
            ("/~1pets/GET/caching/enabled", "true"),
            ("/~1pets/GET/caching/dataEncrypted", "false"),
            ("/~1pets/PUT/caching/dataEncrypted", "false"),
        ],
    )
    .await;
    let stage = of_stage::<StageCacheEncryption>(&api).await;
    let (before, after) = there_and_back::<StageCacheEncryption>(&stage).await;
    assert_eq!(after.methods["~1pets/GET"].encrypted, Some(true));
    assert_eq!(after.methods["~1pets/PUT"], before.methods["~1pets/PUT"]);
    assert_eq!(stage.state::<StageCacheEncryption>().await, before);
}

#[tokio::test]
async fn logging_of_a_stage_is_turned_on_if_the_account_has_a_log_role() {
    let api = api("NONE").await;
    let group = "arn:aws:logs:eu-central-1:123456789012:log-group:api";
    let stage = of_stage::<StageLogging>(&api).await.with(&json!({"accessLogs": group}));
    let refused = stage.run::<StageLogging>().await.unwrap();
    assert!(
        matches!(refused.result, RemediationResult::Refused(why) if why.to_string().contains("has no role"))
    );
    let role = "arn:aws:iam::123456789012:role/logs";
    let account = client().update_account().patch_operations(replace("/cloudwatchRoleArn", role));
    account.send().await.unwrap();
    let stage = of_stage::<StageLogging>(&api).await.with(&json!({"accessLogs": group}));
    let (before, after) = there_and_back::<StageLogging>(&stage).await;
    assert_eq!(after.methods["*/*"].level.as_deref(), Some("INFO"));
    assert_eq!(after.access_logs.map(|logs| logs.0).as_deref(), Some(group));
    assert_eq!(
        stage.state::<StageLogging>().await,
        before,
        "an undo must remove settings that did not exist before"
    );
    let wrong = of_stage::<StageLogging>(&api).await.with(&json!({"level": "DEBUG"}));
    let refused = wrong.run::<StageLogging>().await.unwrap();
    assert!(
        matches!(refused.result, RemediationResult::Refused(why) if why.to_string().contains("INFO or ERROR"))
    );
}

#[tokio::test]
async fn a_policy_that_denies_unencrypted_http_is_deployed_to_every_stage_and_can_be_undone() {
    let api = api("NONE").await;
    let allow = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
        "Action": "execute-api:Invoke", "Resource": "execute-api:/live/GET/*"}]});
    patch_api(&api, "/policy", &allow.to_string()).await;
    client().create_deployment().rest_api_id(&api).stage_name("live").send().await.unwrap();
    let stage = of_api::<DenyApiInsecureTransport>(&api).await;
    let (before, after) = there_and_back::<DenyApiInsecureTransport>(&stage).await;
    assert_eq!(before.policy, Some(allow.clone()));
    let policy = after.policy.unwrap();
    assert_eq!(policy["Statement"][0], allow["Statement"][0]);
    assert_eq!(policy["Statement"][1]["Effect"], "Deny");
    assert_ne!(before.stages, after.stages);
    assert_eq!(stage.state::<DenyApiInsecureTransport>().await, before);
}

#[tokio::test]
async fn an_api_without_a_policy_gets_a_public_policy_only_after_approval() {
    let open = of_api::<DenyApiInsecureTransport>(&api("NONE").await).await;
    let waiting = open.run::<DenyApiInsecureTransport>().await.unwrap();
    assert!(
        matches!(waiting.result, RemediationResult::AwaitingApproval(why) if why.contains("allows anyone"))
    );
    open.approve::<DenyApiInsecureTransport>().await;
    assert_eq!(
        open.run::<DenyApiInsecureTransport>().await.unwrap().result,
        RemediationResult::Restored
    );
    let policy = open.state::<DenyApiInsecureTransport>().await.policy.unwrap();
    assert_eq!(policy["Statement"][0]["Effect"], "Allow");
    assert_eq!(open.undo::<DenyApiInsecureTransport>().await.result, RemediationResult::Restored);
    assert_eq!(open.state::<DenyApiInsecureTransport>().await.policy, None);
    let signed = of_api::<DenyApiInsecureTransport>(&api("AWS_IAM").await).await;
    let waiting = signed.run::<DenyApiInsecureTransport>().await.unwrap();
    assert!(
        matches!(waiting.result, RemediationResult::AwaitingApproval(why) if why.contains("IAM authorization"))
    );
}

#[tokio::test]
async fn a_private_api_without_a_policy_is_not_made_public() {
    let types = EndpointConfiguration::builder().types(EndpointType::Private).build();
    let made = client().create_rest_api().name("private").endpoint_configuration(types);
    let id = made.send().await.unwrap().id.unwrap();
    let stage = of_api::<DenyApiInsecureTransport>(&id).await;
    let refused = stage.run::<DenyApiInsecureTransport>().await.unwrap();
    assert!(
        matches!(refused.result, RemediationResult::Refused(why) if why.to_string().contains("allows nobody"))
    );
    assert_eq!(stage.proxy.count("UpdateRestApi"), 0);
    // If the API has a policy, the remediation adds a Deny statement to it.
    let allow = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "execute-api:Invoke",
        "Resource": "execute-api:/*"}]});
    patch_api(&id, "/policy", &allow.to_string()).await;
    let before = stage.state::<DenyApiInsecureTransport>().await;
    let target = stage.target();
    let plan = DenyApiInsecureTransport::from(stage.aws()).plan_change(&target, &before);
    let RemediationPlan::Change(after) = plan else {
        panic!("no change is planned for {before:?}")
    };
    let statements = after.policy.unwrap()["Statement"].clone();
    assert_eq!(statements[0], allow["Statement"][0]);
    assert_eq!(
        (&statements[1]["Effect"], statements.as_array().unwrap().len()),
        (&json!("Deny"), 2)
    );
}

#[tokio::test]
async fn an_old_tls_policy_is_replaced_together_with_the_access_mode() {
    let api = api("NONE").await;
    let unknown = of_api::<ApiTlsPolicy>(&api).await;
    let refused = unknown.run::<ApiTlsPolicy>().await.unwrap();
    assert!(
        matches!(refused.result, RemediationResult::Refused(why) if why.to_string().contains("does not return"))
    );
    patch_api(&api, "/securityPolicy", "TLS_1_0").await;
    let stage = of_api::<ApiTlsPolicy>(&api).await;
    let (before, after) = there_and_back::<ApiTlsPolicy>(&stage).await;
    assert_eq!(after.tls.as_deref(), Some("SecurityPolicy_TLS12_PFS_2025_EDGE"));
    assert_eq!(after.access.as_deref(), Some("BASIC"));
    assert_eq!(stage.state::<ApiTlsPolicy>().await.tls, before.tls);
    for (with, why) in [
        (json!({"policy": "TLS_1_0"}), "which `accepted` does not contain"),
        (json!({"policy": "SecurityPolicy_TLS13_1_3_2025_09"}), "does not support endpoints"),
        (json!({"accepted": "TLS_1_2"}), "is not a list"),
    ] {
        let stage = of_api::<ApiTlsPolicy>(&api).await.with(&with);
        let refused = stage.run::<ApiTlsPolicy>().await.unwrap();
        assert!(
            matches!(&refused.result, RemediationResult::Refused(said) if said.to_string().contains(why)),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_default_endpoint_is_disabled_only_if_a_custom_domain_leads_to_the_api() {
    let api = api("NONE").await;
    let alone = of_api::<CloseDefaultEndpoint>(&api).await;
    let refused = alone.run::<CloseDefaultEndpoint>().await.unwrap();
    assert!(
        matches!(refused.result, RemediationResult::Refused(why) if why.to_string().contains("would become unreachable"))
    );
    let domain = format!("{api}.example");
    let certificate = "arn:aws:acm:eu-central-1:123456789012:certificate/1";
    let create = client().create_domain_name().domain_name(&domain);
    create.regional_certificate_arn(certificate).send().await.unwrap();
    let map = client().create_base_path_mapping().domain_name(&domain).rest_api_id(&api);
    map.stage("live").send().await.unwrap();
    let stage = of_api::<CloseDefaultEndpoint>(&api).await;
    let (before, after) = there_and_back::<CloseDefaultEndpoint>(&stage).await;
    assert!(!before.closed && after.closed);
    assert_eq!(stage.state::<CloseDefaultEndpoint>().await, before);
    client().create_deployment().rest_api_id(&api).stage_name("test").send().await.unwrap();
    let waiting = of_api::<CloseDefaultEndpoint>(&api).await.run::<CloseDefaultEndpoint>().await;
    assert!(
        matches!(waiting.unwrap().result, RemediationResult::AwaitingApproval(why) if why.ends_with("unreachable: test"))
    );
}

#[tokio::test]
async fn a_missing_denied_or_incomplete_resource_is_not_written() {
    let id = api("NONE").await;
    let (stage, api) =
        (of_stage::<StageTracing>(&id).await, of_api::<DenyApiInsecureTransport>(&id).await);
    for (fault, again) in [
        (Fault::Answer(403, "{\"__type\":\"AccessDeniedException\"}"), false),
        (Fault::Answer(429, "{\"__type\":\"TooManyRequestsException\"}"), true),
        (Fault::Answer(200, "{}"), true),
        (Fault::Lose, true),
    ] {
        stage.proxy.fault("GetStage", usize::MAX, fault.clone());
        assert_eq!(stage.run::<StageTracing>().await.is_err(), again, "{fault:?}");
        stage.proxy.clear_faults();
        for read in ["GetRestApi", "GetStages", "GetAuthorizers", "GetGatewayResponses"] {
            api.proxy.fault(read, usize::MAX, fault.clone());
            assert_eq!(
                api.run::<DenyApiInsecureTransport>().await.is_err(),
                again,
                "{read} {fault:?}"
            );
            api.proxy.clear_faults();
        }
    }
    let written = ["UpdateStage", "UpdateRestApi", "CreateDeployment"];
    assert_eq!(written.map(|what| stage.proxy.count(what) + api.proxy.count(what)), [0, 0, 0]);
    stage.proxy.fault("UpdateStage", usize::MAX, Fault::LoseAnswer);
    assert_eq!(stage.run::<StageTracing>().await.unwrap().result, RemediationResult::Restored);
    client().delete_rest_api().rest_api_id(&id).send().await.unwrap();
    assert_eq!(
        of_stage::<StageTracing>(&id).await.run::<StageTracing>().await.unwrap().result,
        RemediationResult::ResourceGone
    );
}

#[tokio::test]
async fn a_stage_that_was_changed_later_is_not_undone() {
    let id = api("NONE").await;
    let stage = of_stage::<StageTracing>(&id).await;
    stage.run::<StageTracing>().await.unwrap();
    patch_stage(&id, &[("/tracingEnabled", "false"), ("/*/*/logging/dataTrace", "true")]).await;
    let undone = stage.undo::<StageTracing>().await;
    assert!(
        matches!(undone.result, RemediationResult::Refused(why) if why.to_string().contains("changed since"))
    );
}

#[tokio::test]
async fn an_unknown_setting_in_the_header_is_refused() {
    let id = api("NONE").await;
    let stage = of_stage::<StageLogging>(&id).await.with(&json!({"accesslogs": "arn:x"}));
    let refused = stage.run::<StageLogging>().await.unwrap();
    let (remediator, name) = ("apigateway-stage-logging", "accesslogs".to_owned());
    let unknown = RefusalReason::UnknownSetting { remediator, name };
    assert_eq!(refused.result, RemediationResult::Refused(unknown));
    assert!(stage.proxy.calls().is_empty());
}
