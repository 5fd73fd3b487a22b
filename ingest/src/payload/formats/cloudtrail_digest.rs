//! AWS CloudTrail: a digest file, which proves logs and holds none.

use crate::payload::format::{MemberTest, NO_DELIVERY, Part, PayloadFormat};
use crate::payload::model::Outer;

pub(super) const FORMAT: PayloadFormat = PayloadFormat {
    name: "CloudTrail digest",
    invoker: Outer::Document,
    shapes: &[&[MemberTest::Present("digestStartTime")], &[MemberTest::Present("digestS3Bucket")]],
    parse: |_| Ok(vec![Part::skipped("CloudTrail digest")]),
    delivery: NO_DELIVERY,
};
