//! A recorder of AWS Config that was stopped records again.

use aws_sdk_config::Client;
use evenkeel_client::CallError;
use evenkeel_rules::policy::Tier;
use serde::{Deserialize, Serialize};

use crate::access::aws::Aws;
use crate::remediator::aws_failure::refusal;
use crate::remediator::spec::RemediatorSpec;
use crate::remediator::{Plan, RefusedByAws, Remediator};
use crate::violation::Target;

/// Starts a recorder. An undo stops it. One that was deleted is gone, and so is a delivery channel: their settings are not
/// known any more. Without a channel nothing is repaired, even where the recorder runs, and the plan says so.
///
/// Source: AWS Config API Reference, `StartConfigurationRecorder`.
#[derive(Clone, Debug)]
pub struct StartRecorder {
    client: Client,
}

/// What a recorder does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorder {
    /// It records.
    pub recording: bool,
    /// There is a channel that delivers what is recorded. Older records do not say.
    #[serde(default = "yes")]
    pub delivers: bool,
}

fn yes() -> bool {
    true
}

impl From<Aws> for StartRecorder {
    fn from(aws: Aws) -> Self {
        StartRecorder { client: Client::new(&aws.config) }
    }
}

impl Remediator for StartRecorder {
    type State = Recorder;

    const SPEC: RemediatorSpec = RemediatorSpec {
        id: "config-start-recorder",
        permissions: &[
            "config:DescribeConfigurationRecorderStatus",
            "config:DescribeDeliveryChannels",
            "config:StartConfigurationRecorder",
            "config:StopConfigurationRecorder",
        ],
        tier: Some(Tier::A),
        // Its calls are of no resource.
        //
        // Source: Service Authorization Reference, "Actions defined by AWS Config".
        arns: |_| vec!["*".to_owned()],
        ..RemediatorSpec::EMPTY
    };

    fn calls(_: &Recorder, to: &Recorder) -> Vec<&'static str> {
        vec![if to.recording {
            "config:StartConfigurationRecorder"
        } else {
            "config:StopConfigurationRecorder"
        }]
    }

    async fn observe(&self, target: &Target) -> Result<Recorder, RefusedByAws> {
        let channels = self.client.describe_delivery_channels().send().await.map_err(refused)?;
        let channels = channels
            .delivery_channels
            .ok_or_else(|| unread("which delivery channels there are"))?;
        let delivers = !channels.is_empty();
        let call = self.client.describe_configuration_recorder_status();
        let answer = call.configuration_recorder_names(&target.id).send().await.map_err(refused);
        let answer = match answer {
            // The finding may name the channel: it is what is missing.
            Err(RefusedByAws::Gone) if !delivers => {
                return Ok(Recorder { recording: false, delivers });
            }
            answer => answer?,
        };
        match answer.configuration_recorders_status() {
            [one] if one.name() == Some(&target.id) => {
                Ok(Recorder { recording: one.recording(), delivers })
            }
            _ => Err(unread("the recorder's status")),
        }
    }

    fn plan(&self, _: &Target, before: &Recorder) -> Plan<Recorder> {
        match before {
            Recorder { delivers: false, .. } => Plan::leave(
                "AWS Config has no delivery channel: what it was set to is not known, and a person must make it anew"
                    .to_owned(),
            ),
            Recorder { recording: true, .. } => Plan::Nothing,
            _ => Plan::Change(Recorder { recording: true, ..before.clone() }),
        }
    }

    async fn apply(&self, target: &Target, state: &Recorder) -> Result<(), RefusedByAws> {
        let (client, name) = (&self.client, &target.id);
        if state.recording {
            let call = client.start_configuration_recorder().configuration_recorder_name(name);
            call.send().await.map(drop).map_err(refused)
        } else {
            let call = client.stop_configuration_recorder().configuration_recorder_name(name);
            call.send().await.map(drop).map_err(refused)
        }
    }
}

fn unread(what: &str) -> RefusedByAws {
    RefusedByAws::Later(format!("{what} was not told"))
}

/// Source: AWS Config API Reference, errors of these calls. Without a channel nothing could be recorded.
fn refused(error: impl Into<CallError>) -> RefusedByAws {
    refusal(
        error,
        &["NoSuchConfigurationRecorderException"],
        &["NoAvailableDeliveryChannelException", "UnmodifiableEntityException"],
    )
}
