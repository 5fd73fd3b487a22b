//! Announcing over Amazon SNS.

use aws_types::SdkConfig;
use evenkeel_client::{CallError, Service};

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
pub trait Announce: Send + Sync {
    /// Announces; done when the notice is accepted.
    fn announce(&self, notice: &Notice) -> impl Future<Output = Result<(), AnnounceError>> + Send;
}

/// Announces nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Announce for Silent {
    async fn announce(&self, _: &Notice) -> Result<(), AnnounceError> {
        Ok(())
    }
}

/// An SNS topic.
///
/// Source: Amazon Simple Notification Service API Reference, `Publish`.
#[derive(Clone, Debug)]
pub struct Topic {
    sns: Service,
    arn: String,
}

impl Topic {
    /// The topic `arn`, reached by `config`.
    pub fn new(config: &SdkConfig, arn: String) -> Self {
        Topic { sns: Service::sns(config), arn }
    }
}

/// Where no topic is configured, nothing is announced.
impl<A: Announce> Announce for Option<A> {
    async fn announce(&self, notice: &Notice) -> Result<(), AnnounceError> {
        match self {
            Some(announce) => announce.announce(notice).await,
            None => Silent.announce(notice).await,
        }
    }
}

impl Announce for Topic {
    async fn announce(&self, notice: &Notice) -> Result<(), AnnounceError> {
        if notice.bytes() > MAX_BYTES {
            return Err(AnnounceError::TooLarge(notice.bytes()));
        }
        let mut publish = self
            .sns
            .query("Publish")
            .with("TopicArn", &self.arn)
            .with("Subject", &notice.subject)
            .with("MessageStructure", "json")
            .with("Message", &notice.message);
        for (entry, (name, value)) in (1..).zip(&notice.attributes) {
            let entry = format!("MessageAttributes.entry.{entry}");
            publish = publish
                .with(&format!("{entry}.Name"), name)
                .with(&format!("{entry}.Value.DataType"), "String")
                .with(&format!("{entry}.Value.StringValue"), value);
        }
        publish.send().await?;
        Ok(())
    }
}
