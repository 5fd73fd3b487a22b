//! A trail that was stopped records again, and validates its files again.

use evenkeel_client::CallError;
use evenkeel_rules::policy::Tier;

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::types::{EventSelector, ReadWriteType};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::aws::Aws;
use crate::remediator::aws_failure::refusal;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Plan, PlanRefusal, RefusedByAws, Remediator};
use crate::violation::Target;

/// Starts a trail, unless `with` says `logging: false`, and its validation of files.
///
/// What else may have been narrowed, the Regions, the accounts and the events that it records, cannot be restored without
/// knowing what it recorded before: that is left to a person.
#[derive(Clone, Debug)]
pub struct RestoreTrail {
    client: Client,
}

/// What a trail does.
///
/// Source: AWS CloudTrail API Reference, `GetTrail`, `GetTrailStatus`, `GetEventSelectors`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in CloudTrail")]
pub struct Trail {
    /// It records.
    pub logging: bool,
    /// Its files can be proven.
    pub validation: bool,
    /// It records every Region.
    pub every_region: bool,
    /// It records services that are of no Region. Older records do not say.
    #[serde(default = "yes")]
    pub global_services: bool,
    /// It records all accounts of the organization. Older records do not say.
    #[serde(default = "yes")]
    pub organization: bool,
    /// It records all management events, as far as its basic selectors tell: advanced ones are not read.
    pub management_events: bool,
}

fn yes() -> bool {
    true
}

impl From<Aws> for RestoreTrail {
    fn from(aws: Aws) -> Self {
        RestoreTrail { client: Client::new(&aws.config) }
    }
}

impl Remediator for RestoreTrail {
    type State = Trail;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "cloudtrail-restore-trail",
        permissions: &[
            "cloudtrail:GetEventSelectors",
            "cloudtrail:GetTrail",
            "cloudtrail:GetTrailStatus",
            "cloudtrail:StartLogging",
            "cloudtrail:StopLogging",
            "cloudtrail:UpdateTrail",
        ],
        tier: Some(Tier::A),
        with: &["logging"],
        arns: |target| {
            // A trail may be named by its ARN.
            let name =
                target.id.rsplit_once(":trail/").map_or(target.id.as_str(), |(_, name)| name);
            vec![target.arn("cloudtrail", &format!("trail/{name}"))]
        },
        ..RemediatorSpec::EMPTY
    };

    fn calls(from: &Trail, to: &Trail) -> Vec<&'static str> {
        let validation = (from.validation != to.validation).then_some("cloudtrail:UpdateTrail");
        let logging = match (from.logging, to.logging) {
            (false, true) => Some("cloudtrail:StartLogging"),
            (true, false) => Some("cloudtrail:StopLogging"),
            _ => None,
        };
        validation.into_iter().chain(logging).collect()
    }

    fn between(seen: &Trail, before: &Trail, after: &Trail) -> bool {
        let part = |seen: bool, before: bool, after: bool| seen == before || seen == after;
        let (logging, validation) = (seen.logging, seen.validation);
        part(logging, before.logging, after.logging)
            && part(validation, before.validation, after.validation)
            && *seen == Trail { logging, validation, ..after.clone() }
    }

    async fn observe(&self, target: &Target) -> Result<Trail, RefusedByAws> {
        let (client, name) = (&self.client, target.id.as_str());
        let trail = client.get_trail().name(name).send().await.map_err(refused)?;
        let trail = trail.trail.ok_or_else(|| unread("GetTrail"))?;
        let status = client.get_trail_status().name(name).send().await.map_err(refused)?;
        let selectors = client.get_event_selectors().trail_name(name).send().await;
        let selectors = selectors.map_err(refused)?;
        let (basic, advanced) = (selectors.event_selectors, selectors.advanced_event_selectors);
        if basic.is_none() && advanced.is_none() {
            return Err(unread("GetEventSelectors"));
        }
        Ok(Trail {
            logging: status.is_logging.ok_or_else(|| unread("GetTrailStatus"))?,
            validation: trail.log_file_validation_enabled.ok_or_else(|| unread("GetTrail"))?,
            every_region: trail.is_multi_region_trail.ok_or_else(|| unread("GetTrail"))?,
            global_services: trail
                .include_global_service_events
                .ok_or_else(|| unread("GetTrail"))?,
            organization: trail.is_organization_trail.ok_or_else(|| unread("GetTrail"))?,
            // Without any selector, a trail records them all.
            management_events: advanced.is_none_or(|all| all.is_empty())
                && basic.is_none_or(|all| all.is_empty() || all.iter().any(selects_all)),
        })
    }

    fn plan(&self, target: &Target, before: &Trail) -> Plan<Trail> {
        let logs = match target.with.get("logging") {
            None => true,
            Some(Value::Bool(logs)) => *logs,
            Some(_) => {
                return Plan::Refuse(PlanRefusal::Setting("`logging` is true or false".to_owned()));
            }
        };
        let after = Trail { logging: before.logging || logs, validation: true, ..before.clone() };
        if after != *before {
            return Plan::Change(after);
        }
        match narrowed(target, before).filter(|_| logs) {
            Some(what) => {
                Plan::leave(format!("{what}, and what the trail recorded before is not known"))
            }
            None => Plan::Nothing,
        }
    }

    async fn apply(&self, target: &Target, state: &Trail) -> Result<(), RefusedByAws> {
        let (client, name) = (&self.client, target.id.as_str());
        let now = self.observe(target).await?;
        if now.validation != state.validation {
            let update = client.update_trail().name(name);
            let update = update.enable_log_file_validation(state.validation);
            update.send().await.map_err(refused)?;
        }
        match (now.logging, state.logging) {
            (false, true) => {
                client.start_logging().name(name).send().await.map_err(refused)?;
            }
            (true, false) => {
                client.stop_logging().name(name).send().await.map_err(refused)?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// In which way a trail records less than it could. Whether it was an organization's is known where the finding says so.
fn narrowed(target: &Target, trail: &Trail) -> Option<&'static str> {
    let of_organization =
        |one: &Value| one.as_str().is_some_and(|text| text.contains("organization"));
    if !trail.every_region {
        Some("it does not record every Region")
    } else if !trail.global_services {
        Some("it does not record global services")
    } else if !trail.management_events {
        Some("its selectors may leave out management events")
    } else if !trail.organization && target.found.iter().any(of_organization) {
        Some("it does not record the organization")
    } else {
        None
    }
}

fn selects_all(selector: &EventSelector) -> bool {
    let excluded = selector.exclude_management_event_sources.as_deref().unwrap_or_default();
    selector.include_management_events != Some(false)
        && excluded.is_empty()
        && matches!(selector.read_write_type, None | Some(ReadWriteType::All))
}

fn unread(call: &str) -> RefusedByAws {
    RefusedByAws::Later(format!("{call} did not tell all that it should"))
}

/// Source: AWS CloudTrail API Reference, errors of `GetTrail` and `StartLogging`.
fn refused(error: impl Into<CallError>) -> RefusedByAws {
    const GONE: &[&str] = &["TrailNotFoundException"];
    const DENIED: &[&str] = &[
        "InvalidHomeRegionException",
        "OperationNotPermittedException",
        "NotOrganizationMasterAccountException",
        "InsufficientDependencyServiceAccessPermissionException",
    ];
    refusal(error, GONE, DENIED)
}
