//! Waivers that no longer waive.

use crate::common::library::Library;
use evenkeel_rules::policy::PolicySet;
use evenkeel_rules::{Diagnostic, Waivers, milliseconds};
use std::time::{SystemTime, UNIX_EPOCH};

/// A day in milliseconds.
const DAY: i64 = 86_400_000;

/// A warning for each waiver whose last day is over.
pub(super) fn expired(library: &Library, set: &PolicySet) -> Vec<Diagnostic> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    let now = now.and_then(|now| i64::try_from(now.as_millis()).ok()).unwrap_or_default();
    let mut found = Vec::new();
    for file in &library.waivers {
        let Ok(waivers) = Waivers::load(&file.name, &file.text, set) else { continue };
        for terms in waivers.terms() {
            let over =
                milliseconds(&terms.expires).is_some_and(|day| day.saturating_add(DAY) <= now);
            if over {
                let start = file.text.find(terms.id.as_str()).unwrap_or_default();
                let span = start..start.saturating_add(terms.id.len());
                let message = format!("`{}` has waived nothing since {}", terms.id, terms.expires);
                found.push(Diagnostic::warning("expired-waiver", &file.name, span, message));
            }
        }
    }
    found
}
