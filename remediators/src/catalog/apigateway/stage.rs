//! Settings of a stage of a REST API. They hold at once, without a deployment.

use evenkeel_rules::policy::Tier;
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::{MethodSetting, PatchOperation};
use serde::{Deserialize, Serialize};

use super::names::{api_of, arn, rest_stage};
use super::rest::{Answer, refused, remove, replace};
use crate::access::aws::Aws;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Check, Plan, Remediator};
use crate::violation::Target;

/// What is set on a stage.
///
/// Source: Amazon API Gateway API Reference, `Stage`, `MethodSetting`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// X-Ray traces calls.
    pub tracing: bool,
    /// The stage has a cache.
    pub cache: bool,
    /// Where access logs go, and their format.
    pub access_logs: Option<(String, String)>,
    /// By method, or `*/*` for all that have none of their own.
    pub methods: BTreeMap<String, MethodSettings>,
}

/// What is set for a method; none where AWS decides, of settings that do not exist yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodSettings {
    /// `OFF`, `ERROR` or `INFO`.
    pub level: Option<String>,
    /// Whole requests and answers are logged.
    pub data_trace: Option<bool>,
    /// Answers are cached.
    pub caching: Option<bool>,
    /// The cache is encrypted.
    pub encrypted: Option<bool>,
}

impl MethodSettings {
    fn of(setting: &MethodSetting) -> MethodSettings {
        MethodSettings {
            // Settings without a level log nothing.
            level: Some(setting.logging_level.clone().unwrap_or_else(|| "OFF".to_owned())),
            data_trace: Some(setting.data_trace_enabled),
            caching: Some(setting.caching_enabled),
            encrypted: Some(setting.cache_data_encrypted),
        }
    }

    fn reached(&self, wanted: &MethodSettings) -> bool {
        fn one<T: PartialEq>(seen: Option<&T>, wanted: Option<&T>) -> bool {
            wanted.is_none() || seen == wanted
        }
        one(self.level.as_ref(), wanted.level.as_ref())
            && one(self.data_trace.as_ref(), wanted.data_trace.as_ref())
            && one(self.caching.as_ref(), wanted.caching.as_ref())
            && one(self.encrypted.as_ref(), wanted.encrypted.as_ref())
    }

    /// The patches that make these settings of the present ones. A method's key is a part of a path as it is.
    ///
    /// Source: Amazon API Gateway API Reference, "Patch operations", `UpdateStage`.
    fn patches(&self, key: &str, now: Option<&MethodSettings>) -> Vec<PatchOperation> {
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
                replace(&format!("/{key}/{name}"), &wanted.unwrap_or_default())
            })
            .collect()
    }
}

/// What is wrong with a stage's settings, and what they should be.
pub trait StageRule: Send + Sync + 'static {
    /// The remediator's name.
    const ID: &'static str;

    /// What a policy's header may tell it.
    const WITH: &'static [&'static str] = &[];

    /// Whether logs are turned on, for which the account needs a role.
    const LOGS: bool = false;

    /// What to do about a state.
    fn plan(target: &Target, before: &Settings) -> Plan<Settings>;
}

/// Sets a stage's settings by a rule.
#[derive(Debug)]
pub struct StageSettings<R> {
    client: Client,
    rule: PhantomData<fn() -> R>,
}

impl<R> From<Aws> for StageSettings<R> {
    fn from(aws: Aws) -> Self {
        StageSettings { client: Client::new(&aws.config), rule: PhantomData }
    }
}

impl<R: StageRule> Remediator for StageSettings<R> {
    type State = Settings;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: R::ID,
        permissions: &["apigateway:GET", "apigateway:PATCH"],
        tier: Some(Tier::A),
        with: R::WITH,
        arns: |target| vec![arn(target, &format!("/restapis/{}/*", api_of(target)))],
        reads: |target| if R::LOGS { vec![arn(target, "/account")] } else { Vec::new() },
        ..RemediatorSpec::EMPTY
    };

    fn calls(_: &Settings, _: &Settings) -> Vec<&'static str> {
        vec!["apigateway:PATCH"]
    }

    async fn observe(&self, target: &Target) -> Answer<Settings> {
        let (api, name) = rest_stage(target)?;
        let stage = self.client.get_stage().rest_api_id(api).stage_name(&name).send().await;
        let stage = stage.map_err(refused)?;
        if stage.stage_name.as_ref() != Some(&name) {
            return Err(super::rest::unread("GetStage"));
        }
        let logs = stage
            .access_log_settings
            .and_then(|logs| Some((logs.destination_arn?, logs.format.unwrap_or_default())));
        let methods = stage.method_settings.iter().flatten();
        Ok(Settings {
            tracing: stage.tracing_enabled,
            cache: stage.cache_cluster_enabled,
            access_logs: logs,
            methods: methods.map(|(key, one)| (key.clone(), MethodSettings::of(one))).collect(),
        })
    }

    fn plan(&self, target: &Target, before: &Settings) -> Plan<Settings> {
        R::plan(target, before)
    }

    async fn precheck(&self, _: &Target, _: &Settings, _: &Settings) -> Answer<Check> {
        if !R::LOGS {
            return Ok(Check::Go);
        }
        let account = self.client.get_account().send().await.map_err(refused)?;
        let role = account.cloudwatch_role_arn.filter(|role| !role.is_empty());
        Ok(role.map_or_else(
            || {
                let why = "the account has no role by which API Gateway writes logs; see \
                           `CloudWatch log role ARN` in API Gateway's settings";
                Check::Refuse(why.to_owned())
            },
            |_| Check::Go,
        ))
    }

    async fn apply(&self, target: &Target, state: &Settings) -> Answer<()> {
        let (api, name) = rest_stage(target)?;
        let now = self.observe(target).await?;
        let patches = patches(&now, state);
        if !patches.is_empty() {
            let update = self.client.update_stage().rest_api_id(api).stage_name(name);
            update.set_patch_operations(Some(patches)).send().await.map_err(refused)?;
        }
        Ok(())
    }

    fn reached(seen: &Settings, wanted: &Settings) -> bool {
        let methods: BTreeSet<&String> = seen.methods.keys().chain(wanted.methods.keys()).collect();
        let all = methods.into_iter().all(|key| {
            let pair = seen.methods.get(key).zip(wanted.methods.get(key));
            pair.is_some_and(|(seen, wanted)| seen.reached(wanted))
        });
        all && Settings { methods: wanted.methods.clone(), ..seen.clone() } == *wanted
    }
}

fn patches(now: &Settings, wanted: &Settings) -> Vec<PatchOperation> {
    let mut patches = Vec::new();
    if now.tracing != wanted.tracing {
        patches.push(replace("/tracingEnabled", &wanted.tracing.to_string()));
    }
    match &wanted.access_logs {
        logs if *logs == now.access_logs => {}
        None => patches.push(remove("/accessLogSettings")),
        Some((destination, format)) => {
            patches.push(replace("/accessLogSettings/destinationArn", destination));
            patches.push(replace("/accessLogSettings/format", format));
        }
    }
    for key in now.methods.keys().filter(|key| !wanted.methods.contains_key(*key)) {
        patches.push(remove(&format!("/{key}")));
    }
    for (key, settings) in &wanted.methods {
        patches.extend(settings.patches(key, now.methods.get(key)));
    }
    patches
}
