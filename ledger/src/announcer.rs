//! Announcing over Amazon SNS.

use aws_types::SdkConfig;
use evenkeel_client::{CallError, ServiceClient};

use crate::notice::{MAX_BYTES, Notice};

/// Why a finding was not announced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnnounceError {
    /// The message is larger than SNS takes.
    #[error("the notice takes {0} bytes, and SNS takes {MAX_BYTES}")]
    TooLarge(usize),
    /// SNS refused, or could not be reached.
    #[error("SNS did not take the notice: {0}")]
    Refused(#[from] CallError),
}

/// Something that findings are announced through.
pub trait NoticeAnnouncer: Send + Sync {
    /// Announces; done when the notice is accepted.
    fn announce_notice(
        &self,
        notice: &Notice,
    ) -> impl Future<Output = Result<(), AnnounceError>> + Send;
}

/// Announces nothing.
#[derive(Clone, Copy, Debug)]
pub struct SilentAnnouncer;

impl NoticeAnnouncer for SilentAnnouncer {
    async fn announce_notice(&self, _: &Notice) -> Result<(), AnnounceError> {
        Ok(())
    }
}

/// An SNS topic.
///
/// Source: Amazon Simple Notification Service API Reference, `Publish`.
#[derive(Clone, Debug)]
pub struct SnsTopic {
    sns: ServiceClient,
    arn: String,
}

impl SnsTopic {
    /// The topic `arn`, reached by `config`.
    pub fn new(config: &SdkConfig, arn: String) -> Self {
        SnsTopic { sns: ServiceClient::sns(config), arn }
    }
}

/// Where no topic is configured, nothing is announced.
impl<A: NoticeAnnouncer> NoticeAnnouncer for Option<A> {
    async fn announce_notice(&self, notice: &Notice) -> Result<(), AnnounceError> {
        match self {
            Some(announce) => announce.announce_notice(notice).await,
            None => SilentAnnouncer.announce_notice(notice).await,
        }
    }
}

impl NoticeAnnouncer for SnsTopic {
    async fn announce_notice(&self, notice: &Notice) -> Result<(), AnnounceError> {
        if notice.byte_size() > MAX_BYTES {
            return Err(AnnounceError::TooLarge(notice.byte_size()));
        }
        let mut publish = self
            .sns
            .query_call("Publish")
            .with_parameter("TopicArn", &self.arn)
            .with_parameter("Subject", &notice.subject)
            .with_parameter("MessageStructure", "json")
            .with_parameter("Message", &notice.message);
        for (entry, (name, value)) in (1..).zip(&notice.attributes) {
            let entry = format!("MessageAttributes.entry.{entry}");
            publish = publish
                .with_parameter(&format!("{entry}.Name"), name)
                .with_parameter(&format!("{entry}.Value.DataType"), "String")
                .with_parameter(&format!("{entry}.Value.StringValue"), value);
        }
        publish.send_query().await?;
        Ok(())
    }
}
