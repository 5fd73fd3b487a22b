//! Restarts logging and log file validation of CloudTrail trails.

use evenkeel_client::CallError;
use evenkeel_rules::policy::SafetyTier;

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::types::{EventSelector, ReadWriteType};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::connection::AwsConnection;
use crate::remediator::aws_failure::classify_error;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, PlanRefusal, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// A remediator that turns on log file validation of a trail. It also starts the logging of the
/// trail, unless the policy header has `logging: false`.
///
/// If a trail no longer records all Regions, accounts or events, the remediator leaves the trail to
/// a person, because the former settings are unknown.
#[derive(Clone, Debug)]
pub struct RestoreTrail {
    client: Client,
}

/// The settings of a trail.
///
/// Source: AWS CloudTrail API Reference, `GetTrail`, `GetTrailStatus`, `GetEventSelectors`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate setting of CloudTrail")]
pub struct TrailSettings {
    /// True if the trail records.
    pub logging: bool,
    /// True if log file validation is on.
    pub validation: bool,
    /// True if the trail records all Regions.
    pub every_region: bool,
    /// True if the trail records global services. Older ledger records do not contain the field,
    /// which then counts as true.
    #[serde(default = "default_true")]
    pub global_services: bool,
    /// True if the trail records all accounts of the organization. Older ledger records do not
    /// contain the field, which then counts as true.
    #[serde(default = "default_true")]
    pub organization: bool,
    /// True if the basic event selectors include all management events. Evenkeel does not analyze
    /// advanced event selectors: with advanced selectors, the value is false.
    pub management_events: bool,
    /// True if the trail does not exist, although the finding is about its deletion.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub missing: bool,
}

fn default_true() -> bool {
    true
}

impl From<AwsConnection> for RestoreTrail {
    fn from(aws: AwsConnection) -> Self {
        RestoreTrail { client: Client::new(&aws.config) }
    }
}

impl Remediator for RestoreTrail {
    type State = TrailSettings;

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
        tier: Some(SafetyTier::A),
        parameter_names: &["logging"],
        resource_arns: |target| {
            // The resource id can be the ARN of the trail.
            let name =
                target.id.rsplit_once(":trail/").map_or(target.id.as_str(), |(_, name)| name);
            vec![target.build_arn("cloudtrail", &format!("trail/{name}"))]
        },
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(from: &TrailSettings, to: &TrailSettings) -> Vec<&'static str> {
        let validation = (from.validation != to.validation).then_some("cloudtrail:UpdateTrail");
        let logging = match (from.logging, to.logging) {
            (false, true) => Some("cloudtrail:StartLogging"),
            (true, false) => Some("cloudtrail:StopLogging"),
            _ => None,
        };
        validation.into_iter().chain(logging).collect()
    }

    fn is_partial_state(
        seen: &TrailSettings,
        before: &TrailSettings,
        after: &TrailSettings,
    ) -> bool {
        let part = |seen: bool, before: bool, after: bool| seen == before || seen == after;
        let (logging, validation) = (seen.logging, seen.validation);
        part(logging, before.logging, after.logging)
            && part(validation, before.validation, after.validation)
            && *seen == TrailSettings { logging, validation, ..after.clone() }
    }

    async fn observe_state(&self, target: &TargetResource) -> Result<TrailSettings, AwsFailure> {
        let (client, name) = (&self.client, target.id.as_str());
        let trail = client.get_trail().name(name).send().await.map_err(classify_trail_error);
        // If the finding is about the deletion, the missing trail is the violation.
        if trail.as_ref().is_err_and(|error| *error == AwsFailure::NotFound)
            && mentions(target, "was deleted")
        {
            return Ok(TrailSettings { missing: true, ..TrailSettings::default() });
        }
        let trail = trail?;
        let trail = trail.trail.ok_or_else(|| incomplete_response("GetTrail"))?;
        let status =
            client.get_trail_status().name(name).send().await.map_err(classify_trail_error)?;
        let selectors = client.get_event_selectors().trail_name(name).send().await;
        let selectors = selectors.map_err(classify_trail_error)?;
        let (basic, advanced) = (selectors.event_selectors, selectors.advanced_event_selectors);
        if basic.is_none() && advanced.is_none() {
            return Err(incomplete_response("GetEventSelectors"));
        }
        Ok(TrailSettings {
            logging: status.is_logging.ok_or_else(|| incomplete_response("GetTrailStatus"))?,
            validation: trail
                .log_file_validation_enabled
                .ok_or_else(|| incomplete_response("GetTrail"))?,
            every_region: trail
                .is_multi_region_trail
                .ok_or_else(|| incomplete_response("GetTrail"))?,
            global_services: trail
                .include_global_service_events
                .ok_or_else(|| incomplete_response("GetTrail"))?,
            organization: trail
                .is_organization_trail
                .ok_or_else(|| incomplete_response("GetTrail"))?,
            // Without any selector, a trail records all management events.
            management_events: advanced.is_none_or(|all| all.is_empty())
                && basic.is_none_or(|all| all.is_empty() || all.iter().any(selects_all_events)),
            missing: false,
        })
    }

    fn plan_change(
        &self,
        target: &TargetResource,
        before: &TrailSettings,
    ) -> RemediationPlan<TrailSettings> {
        let logs = match target.parameters.get("logging") {
            None => true,
            Some(Value::Bool(logs)) => *logs,
            Some(_) => {
                return RemediationPlan::Refuse(PlanRefusal::InvalidSetting(
                    "`logging` in the policy header is not a boolean; use true or false".to_owned(),
                ));
            }
        };
        if before.missing {
            return RemediationPlan::leave_to_person(format!(
                "trail `{}` was deleted, and its former settings are unknown; create the trail \
                 again by hand",
                target.id
            ));
        }
        let after =
            TrailSettings { logging: before.logging || logs, validation: true, ..before.clone() };
        if after != *before {
            return RemediationPlan::Change(after);
        }
        match find_narrowed_scope(target, before).filter(|_| logs) {
            Some(what) => RemediationPlan::leave_to_person(format!(
                "{what}, and the former settings are unknown; correct the trail by hand"
            )),
            None => RemediationPlan::Nothing,
        }
    }

    async fn apply_state(
        &self,
        target: &TargetResource,
        state: &TrailSettings,
    ) -> Result<(), AwsFailure> {
        let (client, name) = (&self.client, target.id.as_str());
        let now = self.observe_state(target).await?;
        if now.validation != state.validation {
            let update = client.update_trail().name(name);
            let update = update.enable_log_file_validation(state.validation);
            update.send().await.map_err(classify_trail_error)?;
        }
        match (now.logging, state.logging) {
            (false, true) => {
                client.start_logging().name(name).send().await.map_err(classify_trail_error)?;
            }
            (true, false) => {
                client.stop_logging().name(name).send().await.map_err(classify_trail_error)?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Returns a description of what a trail does not record. The organization counts only if the
/// finding mentions it.
fn find_narrowed_scope(target: &TargetResource, trail: &TrailSettings) -> Option<&'static str> {
    if !trail.every_region {
        Some("the trail does not record all Regions")
    } else if !trail.global_services {
        Some("the trail does not record global services")
    } else if !trail.management_events {
        Some("the event selectors of the trail can exclude management events")
    } else if !trail.organization && mentions(target, "organization") {
        Some("the trail does not record the organization")
    } else {
        None
    }
}

/// Returns whether a violation in the finding contains a text.
fn mentions(target: &TargetResource, text: &str) -> bool {
    target.evidence.iter().any(|one| one.as_str().is_some_and(|one| one.contains(text)))
}

/// Returns whether a basic selector includes all management events.
fn selects_all_events(selector: &EventSelector) -> bool {
    let excluded = selector.exclude_management_event_sources.as_deref().unwrap_or_default();
    selector.include_management_events != Some(false)
        && excluded.is_empty()
        && matches!(selector.read_write_type, None | Some(ReadWriteType::All))
}

/// Returns the failure for a response without an expected part. `call` is the name of the
/// operation.
fn incomplete_response(call: &str) -> AwsFailure {
    AwsFailure::Retryable(format!("CloudTrail returned an incomplete response ({call})"))
}

/// Classifies an error.
///
/// Source: AWS CloudTrail API Reference, errors of `GetTrail` and `StartLogging`.
fn classify_trail_error(error: impl Into<CallError>) -> AwsFailure {
    const GONE: &[&str] = &["TrailNotFoundException"];
    const DENIED: &[&str] = &[
        "InvalidHomeRegionException",
        "OperationNotPermittedException",
        "NotOrganizationMasterAccountException",
        "InsufficientDependencyServiceAccessPermissionException",
    ];
    classify_error(error, GONE, DENIED)
}
