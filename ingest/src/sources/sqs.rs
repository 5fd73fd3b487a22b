//! Amazon SQS: one message of a batch, whose body is anything at all.

use aws_lambda_events::sqs::SqsMessage;

use super::{Source, Unit};
use crate::fault::Fault;
use crate::object::Object;
use crate::opened::Outer;
use crate::opening::Opening;

pub(super) const SOURCE: Source = Source {
    name: "SQS message",
    outer: Outer::Sqs,
    knows: |object| object.is("eventSource", "aws:sqs"),
    open,
    unit,
};

fn open(object: &Object<'_>, opening: &mut Opening) -> Result<(), Fault> {
    let message: SqsMessage = serde_json::from_str(object.text).map_err(|_| Fault::MemberType)?;
    opening.text("body of an SQS message", &message.body.ok_or(Fault::Member("body"))?);
    Ok(())
}

/// Read by hand: a message that fails for another member must still be named.
///
/// Source: Amazon SQS API Reference, `ReceiveMessage`: `SentTimestamp` is epoch time in milliseconds.
fn unit(object: &Object<'_>) -> Unit {
    let attributes = object.object("attributes");
    let attribute = |name| attributes.as_ref().and_then(|attributes| attributes.string(name));
    Unit {
        id: object.string("messageId"),
        trace: attribute("AWSTraceHeader"),
        sent: attribute("SentTimestamp").and_then(|sent| sent.parse().ok()),
    }
}
