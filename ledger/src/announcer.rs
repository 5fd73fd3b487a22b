//! Announces findings through Amazon SNS.

use aws_types::SdkConfig;
use evenkeel_client::{CallError, ServiceClient};

use crate::notice::{MAX_BYTES, Notice};

/// The reason why a notice was not announced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnnounceError {
    /// The notice is larger than SNS accepts. The number is its size in bytes.
    #[error("the notice has {0} bytes; SNS accepts at most {MAX_BYTES} bytes")]
    TooLarge(usize),
    /// The call of SNS failed.
    #[error("SNS did not accept the notice: {0}")]
    Refused(#[from] CallError),
}

/// A channel through which notices are announced.
pub trait NoticeAnnouncer: Send + Sync {
    /// Announces a notice. The future completes when the channel has accepted the notice.
    fn announce_notice(
        &self,
        notice: &Notice,
    ) -> impl Future<Output = Result<(), AnnounceError>> + Send;
}

/// An announcer that discards each notice.
#[derive(Clone, Copy, Debug)]
pub struct SilentAnnouncer;

impl NoticeAnnouncer for SilentAnnouncer {
    async fn announce_notice(&self, _: &Notice) -> Result<(), AnnounceError> {
        Ok(())
    }
}

/// An announcer that publishes notices to an SNS topic.
///
/// Source: Amazon Simple Notification Service API Reference, `Publish`.
#[derive(Clone, Debug)]
pub struct SnsTopic {
    sns: ServiceClient,
    arn: String,
}

impl SnsTopic {
    /// Creates an announcer for the topic `arn`, with the credentials and the Region of `config`.
    pub fn new(config: &SdkConfig, arn: String) -> Self {
        SnsTopic { sns: ServiceClient::sns(config), arn }
    }
}

/// An optional announcer. `None` discards each notice.
impl<A: NoticeAnnouncer> NoticeAnnouncer for Option<A> {
    async fn announce_notice(&self, notice: &Notice) -> Result<(), AnnounceError> {
        match self {
            Some(announcer) => announcer.announce_notice(notice).await,
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
