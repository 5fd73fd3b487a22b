//! Detects a plain record: a CloudTrail record that is not wrapped in another format.

use crate::logs::member_scan::{MemberScan, MemberStep};
use crate::payload::{FormatHint, find_format_hint};

/// Returns whether an object is a plain record, according to the names of its members. If not, the
/// parser of payloads must determine the format of the object.
pub(super) fn is_plain_record(object: &[u8]) -> bool {
    let mut members = MemberScan::new(object);
    let mut is_record = false;
    while let MemberStep::Member(name, _) = members.next_member() {
        let Ok(value) = members.read_value() else { break };
        match find_format_hint(&name, value) {
            FormatHint::Other => return false,
            FormatHint::Record => is_record = true,
            FormatHint::None => {}
        }
    }
    is_record
}
