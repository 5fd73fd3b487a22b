//! Announcing over Amazon SNS.

use crate::notice::{MAX_BYTES, Notice};
use aws_sdk_sns::Client;
use aws_sdk_sns::error::DisplayErrorContext;
use aws_sdk_sns::types::MessageAttributeValue;

/// Why a finding was not announced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnnounceError {
    /// The message is larger than SNS takes.
    #[error("the notice takes {0} bytes, and SNS takes {MAX_BYTES}")]
    TooLarge(usize),
    /// SNS refused, or could not be reached.
    #[error("SNS did not take the notice: {0}")]
    Refused(String),
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
#[derive(Clone, Debug)]
pub struct Topic {
    client: Client,
    arn: String,
}

impl Topic {
    /// The topic `arn`.
    pub fn new(client: Client, arn: String) -> Self {
        Topic { client, arn }
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
        let refused = |error: String| AnnounceError::Refused(error);
        let mut publish = self
            .client
            .publish()
            .topic_arn(&self.arn)
            .subject(&notice.subject)
            .message_structure("json")
            .message(&notice.message);
        for (name, value) in &notice.attributes {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value);
            let value = value.build().map_err(|error| refused(error.to_string()))?;
            publish = publish.message_attributes(*name, value);
        }
        let sent = publish.send().await;
        sent.map(drop).map_err(|error| refused(DisplayErrorContext(error).to_string()))
    }
}
