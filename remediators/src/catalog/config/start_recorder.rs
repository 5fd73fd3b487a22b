//! Restarts a stopped configuration recorder of AWS Config.

use aws_sdk_config::Client;
use evenkeel_client::CallError;
use evenkeel_rules::policy::SafetyTier;
use serde::{Deserialize, Serialize};

use crate::access::connection::AwsConnection;
use crate::remediator::aws_failure::classify_error;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{AwsFailure, RemediationPlan, Remediator};
use crate::violation::TargetResource;

/// A remediator that starts a configuration recorder. An undo stops it.
///
/// The remediator cannot restore a deleted recorder or delivery channel, because the former
/// settings are unknown. It refuses to plan if the recorder does not exist, or if there is no
/// delivery channel, even if the recorder is running.
///
/// Source: AWS Config API Reference, `StartConfigurationRecorder`.
#[derive(Clone, Debug)]
pub struct StartRecorder {
    client: Client,
}

/// The state of a configuration recorder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecorderState {
    /// True if the recorder records.
    pub recording: bool,
    /// True if there is a delivery channel. Older ledger records do not contain the field, which
    /// then counts as true.
    #[serde(default = "default_true")]
    pub delivers: bool,
    /// True if the recorder does not exist.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub missing: bool,
}

fn default_true() -> bool {
    true
}

impl From<AwsConnection> for StartRecorder {
    fn from(aws: AwsConnection) -> Self {
        StartRecorder { client: Client::new(&aws.config) }
    }
}

impl Remediator for StartRecorder {
    type State = RecorderState;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "config-start-recorder",
        permissions: &[
            "config:DescribeConfigurationRecorderStatus",
            "config:DescribeDeliveryChannels",
            "config:StartConfigurationRecorder",
            "config:StopConfigurationRecorder",
        ],
        tier: Some(SafetyTier::A),
        // The actions do not support resource ARNs.
        //
        // Source: Service Authorization Reference, "Actions defined by AWS Config".
        resource_arns: |_| vec!["*".to_owned()],
        ..RemediatorSpec::EMPTY
    };

    fn required_actions(_: &RecorderState, to: &RecorderState) -> Vec<&'static str> {
        vec![if to.recording {
            "config:StartConfigurationRecorder"
        } else {
            "config:StopConfigurationRecorder"
        }]
    }

    async fn observe_state(&self, target: &TargetResource) -> Result<RecorderState, AwsFailure> {
        let channels = self
            .client
            .describe_delivery_channels()
            .send()
            .await
            .map_err(classify_recorder_error)?;
        let channels = channels
            .delivery_channels
            .ok_or_else(|| incomplete_response("the delivery channels"))?;
        let delivers = !channels.is_empty();
        let call = self.client.describe_configuration_recorder_status();
        let answer = call
            .configuration_recorder_names(&target.id)
            .send()
            .await
            .map_err(classify_recorder_error);
        let answer = match answer {
            // A missing recorder is a violation, and not a resource that needs no remediation.
            Err(AwsFailure::NotFound) => {
                return Ok(RecorderState { recording: false, delivers, missing: true });
            }
            answer => answer?,
        };
        match answer.configuration_recorders_status() {
            [one] if one.name() == Some(&target.id) => {
                Ok(RecorderState { recording: one.recording(), delivers, missing: false })
            }
            _ => Err(incomplete_response("the status of the configuration recorder")),
        }
    }

    fn plan_change(
        &self,
        target: &TargetResource,
        before: &RecorderState,
    ) -> RemediationPlan<RecorderState> {
        match before {
            RecorderState { missing: true, delivers: true, .. } => {
                RemediationPlan::leave_to_person(format!(
                    "AWS Config has no configuration recorder `{}`, and the settings of the former \
                     recorder are unknown; create a recorder by hand",
                    target.id
                ))
            }
            RecorderState { delivers: false, .. } => RemediationPlan::leave_to_person(
                "AWS Config has no delivery channel, and the settings of the former channel are \
                 unknown; create a delivery channel by hand"
                    .to_owned(),
            ),
            RecorderState { recording: true, .. } => RemediationPlan::Nothing,
            _ => RemediationPlan::Change(RecorderState { recording: true, ..before.clone() }),
        }
    }

    async fn apply_state(
        &self,
        target: &TargetResource,
        state: &RecorderState,
    ) -> Result<(), AwsFailure> {
        let (client, name) = (&self.client, &target.id);
        if state.recording {
            let call = client.start_configuration_recorder().configuration_recorder_name(name);
            call.send().await.map(drop).map_err(classify_recorder_error)
        } else {
            let call = client.stop_configuration_recorder().configuration_recorder_name(name);
            call.send().await.map(drop).map_err(classify_recorder_error)
        }
    }
}

/// Returns the failure for a response without an expected part.
fn incomplete_response(what: &str) -> AwsFailure {
    AwsFailure::Retryable(format!("AWS Config did not return {what}"))
}

/// Classifies an error. A recorder cannot start without a delivery channel, so that error counts as
/// denied.
///
/// Source: AWS Config API Reference, errors of these calls.
fn classify_recorder_error(error: impl Into<CallError>) -> AwsFailure {
    classify_error(
        error,
        &["NoSuchConfigurationRecorderException"],
        &["NoAvailableDeliveryChannelException", "UnmodifiableEntityException"],
    )
}
