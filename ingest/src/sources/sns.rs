//! Amazon SNS: a notification, as Lambda is invoked with it and as it lies in a queue or a file.

use super::{NO_UNIT, Source};
use crate::fault::Fault;
use crate::object::Object;
use crate::opened::Outer;
use crate::opening::Opening;

pub(super) const SOURCE: Source = Source {
    name: "SNS notification",
    outer: Outer::Sns,
    knows: |object| is_invocation(object) || (object.has("TopicArn") && object.has("Type")),
    open,
    unit: NO_UNIT,
};

fn is_invocation(object: &Object<'_>) -> bool {
    object.is("EventSource", "aws:sns")
}

/// By hand: the types of `aws_lambda_events` fail for signatures, times and subscriptions that nobody needs.
fn open(object: &Object<'_>, opening: &mut Opening) -> Result<(), Fault> {
    if is_invocation(object) {
        return notification(&object.object("Sns").ok_or(Fault::Member("Sns"))?, opening);
    }
    notification(object, opening)
}

fn notification(object: &Object<'_>, opening: &mut Opening) -> Result<(), Fault> {
    match object.string("Type").as_deref() {
        Some("SubscriptionConfirmation") => opening.skip("SNS subscription confirmation"),
        Some("UnsubscribeConfirmation") => opening.skip("SNS unsubscribe confirmation"),
        _ => opening.text("message of an SNS notification", &object.need("Message")?),
    }
    Ok(())
}
