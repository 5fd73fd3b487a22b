//! What a payload format is: how an object of it is recognized, and the parts that it opens into.

use super::error::{PayloadError, PayloadErrorKind};
use super::json_object::JsonObject;
use super::model::{PayloadContent, PayloadInvoker};

/// One format of payloads.
#[derive(Debug)]
pub(crate) struct PayloadFormat {
    /// What messages call it.
    pub(crate) name: &'static str,
    /// Who invokes a function with it.
    pub(crate) invoker: PayloadInvoker,
    /// An object is of this format if all tests of one of these lists hold. The first test of each names
    /// the member by which a scan of bytes knows that an object may be of this format.
    pub(crate) member_tests: &'static [&'static [MemberTest]],
    /// The parts of an object of this format. No part at all is an error.
    pub(crate) parse: fn(&JsonObject<'_>) -> Result<Vec<PayloadPart>, PayloadErrorKind>,
    /// What the service says about the delivery of one such object, where it can fail alone.
    pub(crate) delivery: fn(&JsonObject<'_>) -> DeliveryMetadata,
}

/// A test of one member of an object.
#[derive(Debug)]
pub(crate) enum MemberTest {
    /// It is there, and not null.
    Present(&'static str),
    /// It is this string.
    Equals(&'static str, &'static str),
    /// It is no string that begins so.
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
    /// Whether an object is of this format.
    pub(crate) fn matches_object(&self, object: &JsonObject<'_>) -> bool {
        self.member_tests.iter().any(|tests| tests.iter().all(|test| test.is_met_by(object)))
    }
}

/// What an object opens into.
pub(crate) enum PayloadPart {
    /// A thing to evaluate, or to skip by its kind.
    Content(PayloadContent),
    /// A text that is a payload itself.
    Text {
        /// What messages call its place.
        carrier: &'static str,
        /// The text.
        text: String,
    },
    /// Gzip data of such a text.
    Gzip {
        /// What messages call its place.
        carrier: &'static str,
        /// The data.
        data: Vec<u8>,
    },
    /// A part that cannot be opened; it leaves the others be.
    Broken(PayloadError),
}

impl PayloadPart {
    /// Something that is known, and not evaluated.
    pub(crate) fn new_skipped(kind: impl Into<String>) -> PayloadPart {
        PayloadPart::Content(PayloadContent::Skipped { kind: kind.into() })
    }
}

/// What a service says about one delivery that can fail alone.
#[derive(Default)]
pub(crate) struct DeliveryMetadata {
    /// Its id.
    pub(crate) id: Option<String>,
    /// Its trace header.
    pub(crate) trace: Option<String>,
    /// When the service got it, in milliseconds since 1970.
    pub(crate) sent: Option<i64>,
}

/// What cannot fail alone has no id.
pub(crate) const NO_DELIVERY: fn(&JsonObject<'_>) -> DeliveryMetadata =
    |_| DeliveryMetadata::default();

/// A list of a document that holds the elements of a batch.
pub(crate) struct BatchList {
    /// The name of the member that is the list.
    pub(crate) name: &'static str,
    /// What its elements are.
    pub(crate) elements: BatchElements,
}

/// What the elements of a batch are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum BatchElements {
    /// All are plain `CloudTrail` records if the first is one, else objects of any format.
    Records,
    /// Objects of any format.
    Any,
    /// Objects of this format, whatever members they have.
    KnownFormat(&'static PayloadFormat),
}
