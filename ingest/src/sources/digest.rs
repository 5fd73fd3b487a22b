//! AWS CloudTrail: a digest file, which proves logs and holds none.

use super::{NO_UNIT, Source};
use crate::opened::Outer;

pub(super) const SOURCE: Source = Source {
    name: "CloudTrail digest",
    outer: Outer::Document,
    knows: |object| object.has("digestStartTime") || object.has("digestS3Bucket"),
    open: |_, opening| {
        opening.skip("CloudTrail digest");
        Ok(())
    },
    unit: NO_UNIT,
};
