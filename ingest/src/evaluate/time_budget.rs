//! Divides the time of an invocation among its messages.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::EvaluateError;
use crate::payload::{PayloadContent, PayloadMessage};

/// The minimum time for a message. If less time is left, the evaluator does not begin the message.
const MIN_MESSAGE_TIME: Duration = Duration::from_secs(1);

/// The time left in an invocation, and the number of messages that share it.
pub(super) struct TimeBudget {
    deadline: Option<Instant>,
    /// The number of slow messages that are not handled yet.
    slow_messages: u32,
}

impl TimeBudget {
    /// Creates the budget of the time until `deadline`. Without a deadline, the time is unlimited.
    pub(super) fn new(deadline: Option<Instant>, messages: &[PayloadMessage]) -> Self {
        let slow = messages.iter().filter(|message| is_slow(message)).count();
        TimeBudget { deadline, slow_messages: u32::try_from(slow).unwrap_or(u32::MAX) }
    }

    /// Runs `work` for a message within its time limit. Returns the error of `work`, or
    /// [`EvaluateError::NotBegun`] or [`EvaluateError::NotFinished`].
    ///
    /// It is safe to end `work` early: the message is delivered again, and a finding that is
    /// already recorded is not recorded twice. A slow message gets an equal share of the time left,
    /// so that the next slow messages keep their shares.
    pub(super) async fn run_within_limit(
        &mut self,
        message: &PayloadMessage,
        work: impl Future<Output = Option<EvaluateError>>,
    ) -> Option<EvaluateError> {
        let Some(deadline) = self.deadline else { return work.await };
        let mut left = deadline.saturating_duration_since(Instant::now());
        if is_slow(message) {
            left = left.checked_div(self.slow_messages).unwrap_or(left);
            self.slow_messages = self.slow_messages.saturating_sub(1);
        }
        if left < MIN_MESSAGE_TIME {
            return Some(EvaluateError::NotBegun);
        }
        timeout(left, work).await.unwrap_or_else(|_| Some(EvaluateError::NotFinished))
    }
}

/// Returns the messages in the order of their handling, each with its index. Slow messages come
/// last.
pub(super) fn order_messages(messages: &[PayloadMessage]) -> Vec<(usize, &PayloadMessage)> {
    let mut ordered: Vec<_> = messages.iter().enumerate().collect();
    ordered.sort_by_key(|(_, message)| is_slow(message));
    ordered
}

/// Returns whether a message is slow: the evaluator can need calls of AWS for its content, so that
/// the size of the message does not limit the time. For example, a message can contain only the key
/// of a log object of 50 MB, or the invocation of an AWS Config rule for all resources of a type.
fn is_slow(message: &PayloadMessage) -> bool {
    let slow = |content: &PayloadContent| {
        matches!(
            content,
            PayloadContent::LogObject(_)
                | PayloadContent::ConfigRule(_)
                | PayloadContent::Oversized { .. }
        )
    };
    message.parts.iter().flatten().any(slow)
}
