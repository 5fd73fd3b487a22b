//! Telling a plain record by its bytes.

use crate::logs::member_scan::{MemberScan, Step};
use crate::payload::{Hint, hint};

/// Whether an object is a plain record, as far as its members' names tell; whatever else it may be, the
/// payload formats tell.
pub(super) fn is_plain_record(object: &[u8]) -> bool {
    let mut members = MemberScan::new(object);
    let mut is_record = false;
    while let Step::Member(name, _) = members.next() {
        let Ok(value) = members.value() else { break };
        match hint(&name, value) {
            Hint::Other => return false,
            Hint::Record => is_record = true,
            Hint::None => {}
        }
    }
    is_record
}
