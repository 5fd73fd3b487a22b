//! Delivers failed messages again after a short time.
//!
//! The visibility timeout of the queue is long, because a remediation can take minutes. Without a
//! shorter timeout after a failure, a throttled call would delay a remediation by half an hour.

use aws_lambda_events::sqs::SqsMessage;
use evenkeel_client::CallError;
use lambda_runtime::tracing::warn;
use serde::de::IgnoredAny;
use serde_json::json;

use super::RemediateFunction;

/// The delay after the first failure in seconds. Each further failure doubles the delay.
const FIRST_DELAY: u32 = 5;

/// The maximum delay in seconds.
const MAX_DELAY: u32 = 900;

/// The delivery of a message.
pub(super) struct MessageDelivery {
    receipt: Option<String>,
    /// The number of deliveries, from 1.
    count: u32,
}

impl MessageDelivery {
    pub(super) fn new(message: &SqsMessage) -> MessageDelivery {
        let count = message.attributes.get("ApproximateReceiveCount");
        let count = count.and_then(|count| count.parse().ok()).unwrap_or(1);
        MessageDelivery { receipt: message.receipt_handle.clone(), count }
    }

    /// Returns the number of seconds after which the message is delivered again.
    fn delay(&self) -> u32 {
        let doubled = 2_u32.saturating_pow(self.count.saturating_sub(1));
        FIRST_DELAY.saturating_mul(doubled).min(MAX_DELAY)
    }
}

impl RemediateFunction {
    /// Shortens the visibility timeout of a failed message. If that fails, the message is delivered
    /// again after the timeout of the queue.
    pub(super) async fn retry_soon(&self, delivery: &MessageDelivery) {
        let (Some((sqs, url)), Some(receipt)) = (&self.queue, &delivery.receipt) else { return };
        let request = json!({
            "QueueUrl": url,
            "ReceiptHandle": receipt,
            "VisibilityTimeout": delivery.delay(),
        });
        let changed: Result<IgnoredAny, CallError> =
            sqs.call_json("ChangeMessageVisibility", &request).await;
        if let Err(error) = changed {
            warn!(why = %error, "the visibility timeout of a failed message was not changed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_grows_to_its_maximum() {
        let delay = |count| MessageDelivery { receipt: None, count }.delay();
        assert_eq!([1, 2, 3, 4, 8, 9, 40].map(delay), [5, 10, 20, 40, 640, 900, 900]);
    }
}
