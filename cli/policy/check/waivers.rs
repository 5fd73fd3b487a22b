//! Finds expired waivers.

use crate::common::library::PolicyLibrary;
use evenkeel_rules::policy::PolicySet;
use evenkeel_rules::{Diagnostic, WaiverSet, parse_epoch_millis};
use std::time::{SystemTime, UNIX_EPOCH};

/// The milliseconds of a day.
const MILLISECONDS_PER_DAY: i64 = 86_400_000;

/// Returns a warning for each waiver whose last day is over.
pub(super) fn find_expired_waivers(library: &PolicyLibrary, set: &PolicySet) -> Vec<Diagnostic> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    let now = now.and_then(|now| i64::try_from(now.as_millis()).ok()).unwrap_or_default();
    let mut found = Vec::new();
    for file in &library.waivers {
        let Ok(waivers) = WaiverSet::load_checked(&file.name, &file.text, set) else { continue };
        for terms in waivers.waiver_terms() {
            let over = parse_epoch_millis(&terms.expires)
                .is_some_and(|day| day.saturating_add(MILLISECONDS_PER_DAY) <= now);
            if over {
                let start = file.text.find(terms.id.as_str()).unwrap_or_default();
                let span = start..start.saturating_add(terms.id.len());
                let message = format!("waiver `{}` expired on {}", terms.id, terms.expires);
                found.push(Diagnostic::new_warning("expired-waiver", &file.name, span, message));
            }
        }
    }
    found
}
