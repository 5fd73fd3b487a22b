//! The definition of a payload format: the tests that recognize an object of the format, and the
//! function that parses the object into parts.

use super::error::{PayloadError, PayloadErrorKind};
use super::json_object::JsonObject;
use super::model::{PayloadContent, PayloadInvoker};

/// A payload format.
#[derive(Debug)]
pub(crate) struct PayloadFormat {
    /// The name of the format in messages.
    pub(crate) name: &'static str,
    /// The service that invokes a function with this format.
    pub(crate) invoker: PayloadInvoker,
    /// The tests of the format. An object matches if all tests of one list are met. The first test
    /// of each list names the member by which a byte scan detects that an object may have this
    /// format.
    pub(crate) member_tests: &'static [&'static [MemberTest]],
    /// Parses an object of this format into its parts. An empty result is an error.
    pub(crate) parse: fn(&JsonObject<'_>) -> Result<Vec<PayloadPart>, PayloadErrorKind>,
    /// Reads the delivery metadata of an object, if the format supports partial failures.
    pub(crate) delivery: fn(&JsonObject<'_>) -> DeliveryMetadata,
}

/// A test of one member of an object.
#[derive(Debug)]
pub(crate) enum MemberTest {
    /// The member is present and not null.
    Present(&'static str),
    /// The member is this string.
    Equals(&'static str, &'static str),
    /// The member is not a string with this prefix.
    NotPrefixed(&'static str, &'static str),
}

impl MemberTest {
    fn is_met_by(&self, object: &JsonObject<'_>) -> bool {
        match self {
            MemberTest::Present(name) => object.has_member(name),
            MemberTest::Equals(name, value) => object.member_equals(name, value),
            MemberTest::NotPrefixed(name, prefix) => {
                !object.string_member(name).is_some_and(|text| text.starts_with(prefix))
            }
        }
    }
}

impl PayloadFormat {
    /// Returns whether an object has this format.
    pub(crate) fn matches_object(&self, object: &JsonObject<'_>) -> bool {
        self.member_tests.iter().any(|tests| tests.iter().all(|test| test.is_met_by(object)))
    }
}

/// A part of a parsed object.
pub(crate) enum PayloadPart {
    /// Content to evaluate, or to skip by its kind.
    Content(PayloadContent),
    /// A text that is itself a payload.
    Text {
        /// The location of the text for messages, such as `body of an SQS message`.
        carrier: &'static str,
        /// The text.
        text: String,
    },
    /// The gzip data of a text that is itself a payload.
    Gzip {
        /// The location of the data for messages, such as `data of a Kinesis record`.
        carrier: &'static str,
        /// The data.
        data: Vec<u8>,
    },
    /// A part that cannot be parsed. It does not affect the other parts.
    Broken(PayloadError),
}

impl PayloadPart {
    /// Creates a part with content of a known kind that is not evaluated.
    pub(crate) fn new_skipped(kind: impl Into<String>) -> PayloadPart {
        PayloadPart::Content(PayloadContent::Skipped { kind: kind.into() })
    }
}

/// The metadata of one delivery, such as an SQS message. The delivery can fail without the other
/// deliveries of its batch.
#[derive(Default)]
pub(crate) struct DeliveryMetadata {
    /// The id of the delivery.
    pub(crate) id: Option<String>,
    /// The X-Ray trace header.
    pub(crate) trace: Option<String>,
    /// The time at which the service received the message, in milliseconds since 1970.
    pub(crate) sent: Option<i64>,
}

/// Returns empty metadata, for formats without partial failures.
pub(crate) const NO_DELIVERY: fn(&JsonObject<'_>) -> DeliveryMetadata =
    |_| DeliveryMetadata::default();

/// A member of a document that contains the elements of a batch.
pub(crate) struct BatchList {
    /// The name of the member.
    pub(crate) name: &'static str,
    /// The formats of the elements.
    pub(crate) elements: BatchElements,
}

/// The formats of the elements of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) enum BatchElements {
    /// If the first element is a plain CloudTrail record, all elements are. Otherwise, the elements
    /// are objects of any format.
    Records,
    /// Objects of any format.
    Any,
    /// Objects of this format, regardless of their members.
    KnownFormat(&'static PayloadFormat),
}
