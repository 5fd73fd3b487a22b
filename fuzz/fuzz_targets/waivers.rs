//! Loads arbitrary bytes as a waiver file, and applies the waivers to a finding.
#![no_main]

use evenkeel_fuzz::{
    check_diagnostic, fixed_finding, fixed_policies, run_on_large_stack, run_within_limit,
};
use evenkeel_rules::WaiverSet;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| run_on_large_stack(data, check_waivers));

fn check_waivers(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let loaded = run_within_limit(|| WaiverSet::load_unchecked("waivers.yaml", &text));
    match WaiverSet::load_checked("waivers.yaml", &text, fixed_policies()) {
        Ok(_) => assert!(loaded.is_ok(), "only the check against the policies finds more"),
        Err(diagnostics) => {
            assert!(!diagnostics.is_empty());
            diagnostics.iter().for_each(|one| check_diagnostic(one, &text));
        }
    }
    let Ok(waivers) = loaded else { return };
    let (finding, applied) = run_within_limit(|| {
        let mut finding = fixed_finding().clone();
        let applied = waivers.apply_to_finding(&mut finding);
        (finding, applied)
    });
    match (applied, finding.waived) {
        (Err(error), waived) => {
            assert!(waived.is_none(), "a condition that failed waives nothing");
            assert!(!error.to_string().is_empty());
        }
        (Ok(()), Some(waived)) => assert!(!waived.reason.trim().is_empty()),
        (Ok(()), None) => {}
    }
}
