//! Defines the format of a CloudTrail digest file. The file proves the integrity of logs, and
//! contains no records. Therefore it is skipped.

use crate::payload::format::{MemberTest, NO_DELIVERY, PayloadFormat, PayloadPart};
use crate::payload::model::PayloadInvoker;

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "CloudTrail digest",
    invoker: PayloadInvoker::Document,
    member_tests: &[
        &[MemberTest::Present("digestStartTime")],
        &[MemberTest::Present("digestS3Bucket")],
    ],
    parse: |_| Ok(vec![PayloadPart::new_skipped("CloudTrail digest")]),
    delivery: NO_DELIVERY,
};
