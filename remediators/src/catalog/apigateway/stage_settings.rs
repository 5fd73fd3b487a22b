//! Reads and changes settings of REST API stages. A changed setting takes effect immediately,
//! without a deployment.

use evenkeel_rules::policy::SafetyTier;
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::{MethodSetting, PatchOperation};
use serde::{Deserialize, Serialize};

use super::resource_ids::{build_gateway_arn, first_id_part, parse_stage_id};
use super::rest_client::{AwsResult, classify_gateway_error, remove_operation, replace_operation};
use crate::access::connection::AwsConnection;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{PrecheckResult, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// The settings of a stage.
///
/// Source: Amazon API Gateway API Reference, `Stage`, `MethodSetting`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageState {
    /// True if X-Ray tracing is on.
    pub tracing: bool,
    /// True if the stage has a cache.
    pub cache: bool,
    /// The ARN of the destination of access logs, and their format.
    pub access_logs: Option<(String, String)>,
    /// The settings by method key. `*/*` is the key for all methods without separate settings.
    pub methods: BTreeMap<String, MethodSettings>,
}

/// The settings of a method. If a plan adds the settings, AWS chooses the values that are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodSettings {
    /// The level of execution logs: `OFF`, `ERROR` or `INFO`.
    pub level: Option<String>,
    /// True if complete requests and responses are logged.
    pub data_trace: Option<bool>,
    /// True if responses are cached.
    pub caching: Option<bool>,
    /// True if the cache data is encrypted.
    pub encrypted: Option<bool>,
}

impl MethodSettings {
    fn from_setting(setting: &MethodSetting) -> MethodSettings {
        MethodSettings {
            // Without a level, API Gateway logs nothing.
            level: Some(setting.logging_level.clone().unwrap_or_else(|| "OFF".to_owned())),
            data_trace: Some(setting.data_trace_enabled),
            caching: Some(setting.caching_enabled),
            encrypted: Some(setting.cache_data_encrypted),
        }
    }

    fn has_reached(&self, wanted: &MethodSettings) -> bool {
        fn is_satisfied<T: PartialEq>(seen: Option<&T>, wanted: Option<&T>) -> bool {
            wanted.is_none() || seen == wanted
        }
        is_satisfied(self.level.as_ref(), wanted.level.as_ref())
            && is_satisfied(self.data_trace.as_ref(), wanted.data_trace.as_ref())
            && is_satisfied(self.caching.as_ref(), wanted.caching.as_ref())
            && is_satisfied(self.encrypted.as_ref(), wanted.encrypted.as_ref())
    }

    /// Returns the patch operations that change the settings from `now` to `self`. The key of a
    /// method becomes a part of the path and needs no further escaping.
    ///
    /// Source: Amazon API Gateway API Reference, "Patch operations", `UpdateStage`.
    fn build_patches(&self, key: &str, now: Option<&MethodSettings>) -> Vec<PatchOperation> {
        let none = MethodSettings::default();
        let now = now.unwrap_or(&none);
        let text = |value: Option<bool>| value.map(|value| value.to_string());
        let all = [
            ("logging/loglevel", self.level.clone(), now.level.clone()),
            ("logging/dataTrace", text(self.data_trace), text(now.data_trace)),
            ("caching/enabled", text(self.caching), text(now.caching)),
            ("caching/dataEncrypted", text(self.encrypted), text(now.encrypted)),
        ];
        let changed = all.into_iter().filter(|(_, wanted, now)| wanted.is_some() && wanted != now);
        changed
            .map(|(name, wanted, _)| {
                replace_operation(&format!("/{key}/{name}"), &wanted.unwrap_or_default())
            })
            .collect()
    }
}

/// A rule that plans the compliant settings of a stage.
pub trait StageRule: Send + Sync + 'static {
    /// The id of the remediator.
    const ID: &'static str;

    /// The value of [`RemediatorSpec::parameter_names`].
    const PARAMETER_NAMES: &'static [&'static str] = &[];

    /// True if the rule turns on logs. The precondition check then requires the role in the account
    /// with which API Gateway writes logs.
    const ENABLES_LOGGING: bool = false;

    /// Plans the change of a state.
    fn plan_change(target: &TargetResource, before: &StageState) -> RemediationPlan<StageState>;
}

/// A remediator that applies a rule to the settings of stages.
#[derive(Debug)]
pub struct StageSettings<R> {
    client: Client,
    rule: PhantomData<fn() -> R>,
}

impl<R> From<AwsConnection> for StageSettings<R> {
    fn from(aws: AwsConnection) -> Self {
        StageSettings { client: Client::new(&aws.config), rule: PhantomData }
    }
}

impl<R: StageRule> Remediator for StageSettings<R> {
    type State = StageState;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: R::ID,
        permissions: &["apigateway:GET", "apigateway:PATCH"],
        tier: Some(SafetyTier::A),
        parameter_names: R::PARAMETER_NAMES,
        resource_arns: |target| {
            vec![build_gateway_arn(target, &format!("/restapis/{}/*", first_id_part(target)))]
        },
        read_only_arns: |target| {
            if R::ENABLES_LOGGING {
                vec![build_gateway_arn(target, "/account")]
            } else {
                Vec::new()
            }
        },
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(_: &StageState, _: &StageState) -> Vec<&'static str> {
        vec!["apigateway:PATCH"]
    }

    async fn observe_state(&self, target: &TargetResource) -> AwsResult<StageState> {
        let (api, name) = parse_stage_id(target)?;
        let stage = self.client.get_stage().rest_api_id(api).stage_name(&name).send().await;
        let stage = stage.map_err(classify_gateway_error)?;
        if stage.stage_name.as_ref() != Some(&name) {
            return Err(super::rest_client::incomplete_response("GetStage"));
        }
        let logs = stage
            .access_log_settings
            .and_then(|logs| Some((logs.destination_arn?, logs.format.unwrap_or_default())));
        let methods = stage.method_settings.iter().flatten();
        Ok(StageState {
            tracing: stage.tracing_enabled,
            cache: stage.cache_cluster_enabled,
            access_logs: logs,
            methods: methods
                .map(|(key, one)| (key.clone(), MethodSettings::from_setting(one)))
                .collect(),
        })
    }

    fn plan_change(
        &self,
        target: &TargetResource,
        before: &StageState,
    ) -> RemediationPlan<StageState> {
        R::plan_change(target, before)
    }

    async fn check_preconditions(
        &self,
        _: &TargetResource,
        _: &StageState,
        _: &StageState,
    ) -> AwsResult<PrecheckResult> {
        if !R::ENABLES_LOGGING {
            return Ok(PrecheckResult::Proceed);
        }
        let account = self.client.get_account().send().await.map_err(classify_gateway_error)?;
        let role = account.cloudwatch_role_arn.filter(|role| !role.is_empty());
        Ok(role.map_or_else(
            || {
                let why = "API Gateway has no role in this account to write logs; set `CloudWatch \
                           log role ARN` in the settings of API Gateway";
                PrecheckResult::Abort(why.to_owned())
            },
            |_| PrecheckResult::Proceed,
        ))
    }

    async fn apply_state(&self, target: &TargetResource, state: &StageState) -> AwsResult<()> {
        let (api, name) = parse_stage_id(target)?;
        let now = self.observe_state(target).await?;
        let patches = build_stage_patches(&now, state);
        if !patches.is_empty() {
            let update = self.client.update_stage().rest_api_id(api).stage_name(name);
            update
                .set_patch_operations(Some(patches))
                .send()
                .await
                .map_err(classify_gateway_error)?;
        }
        Ok(())
    }

    fn has_reached(seen: &StageState, wanted: &StageState) -> bool {
        let methods: BTreeSet<&String> = seen.methods.keys().chain(wanted.methods.keys()).collect();
        let all = methods.into_iter().all(|key| {
            let pair = seen.methods.get(key).zip(wanted.methods.get(key));
            pair.is_some_and(|(seen, wanted)| seen.has_reached(wanted))
        });
        all && StageState { methods: wanted.methods.clone(), ..seen.clone() } == *wanted
    }
}

/// Returns the patch operations that change the settings from `now` to `wanted`.
fn build_stage_patches(now: &StageState, wanted: &StageState) -> Vec<PatchOperation> {
    let mut patches = Vec::new();
    if now.tracing != wanted.tracing {
        patches.push(replace_operation("/tracingEnabled", &wanted.tracing.to_string()));
    }
    match &wanted.access_logs {
        logs if *logs == now.access_logs => {}
        None => patches.push(remove_operation("/accessLogSettings")),
        Some((destination, format)) => {
            patches.push(replace_operation("/accessLogSettings/destinationArn", destination));
            patches.push(replace_operation("/accessLogSettings/format", format));
        }
    }
    for key in now.methods.keys().filter(|key| !wanted.methods.contains_key(*key)) {
        patches.push(remove_operation(&format!("/{key}")));
    }
    for (key, settings) in &wanted.methods {
        patches.extend(settings.build_patches(key, now.methods.get(key)));
    }
    patches
}
