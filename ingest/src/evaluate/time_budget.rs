//! How the time of an invocation is shared out among its messages.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::EvaluateError;
use crate::payload::{PayloadContent, PayloadMessage};

/// With less time than this no message is begun.
const MIN_MESSAGE_TIME: Duration = Duration::from_secs(1);

/// The time that is left, and for whom.
pub(super) struct TimeBudget {
    deadline: Option<Instant>,
    /// How many slow messages are still to come.
    slow_messages: u32,
}

impl TimeBudget {
    /// The time until `deadline`, for these messages; without one there is no end to it.
    pub(super) fn new(deadline: Option<Instant>, messages: &[PayloadMessage]) -> Self {
        let slow = messages.iter().filter(|message| is_slow(message)).count();
        TimeBudget { deadline, slow_messages: u32::try_from(slow).unwrap_or(u32::MAX) }
    }

    /// Lets `work` on a message go on for as long as it may; why it must come again.
    ///
    /// What was cut off is harmless: a finding is written and announced once, however often it comes. A slow message
    /// has its share of what is left, so that one that never ends takes nothing from the next.
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

/// The messages in the order in which they are handled, each with its place: what is slow comes last.
pub(super) fn order_messages(messages: &[PayloadMessage]) -> Vec<(usize, &PayloadMessage)> {
    let mut ordered: Vec<_> = messages.iter().enumerate().collect();
    ordered.sort_by_key(|(_, message)| is_slow(message));
    ordered
}

/// Whether a message's work is not bounded by its own size: an object may be large, a rule may ask about everything.
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
