//! Handles arbitrary bytes as the payload of an invocation: each part has exactly one outcome.
#![no_main]

use std::cell::OnceCell;
use std::sync::Arc;

use evenkeel_fuzz::{fixed_policy_set, run_on_large_stack};
use evenkeel_ingest::{
    HandledPayload, OfflineContext, ParsedPayload, PayloadContent, PayloadEvaluator,
    find_forgery_sign, parse_payload,
};
use evenkeel_ledger::{FindingRecorder, Ledger, SilentAnnouncer};
use evenkeel_rules::WaiverSet;
use evenkeel_rules::bundle::PolicyBundle;
use libfuzzer_sys::fuzz_target;
use object_store::memory::InMemory;
use tokio::runtime::{Builder, Runtime};

fuzz_target!(|data: &[u8]| run_on_large_stack(data, check_payload));

fn check_payload(data: &[u8]) {
    let parsed = parse_payload(data);
    assert_eq!(parsed, parse_payload(data), "the result depends on an earlier payload");
    let handled = handle_payload(data);
    match parsed {
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(handled.answer.is_err());
            assert_eq!(handled.metrics.metric_count("Unknown"), 1);
        }
        Ok(parsed) => {
            assert!(!parsed.messages.is_empty());
            assert!(parsed.messages.iter().all(|message| !message.parts.is_empty()));
            for content in parsed.messages.iter().flat_map(|message| &message.parts).flatten() {
                find_forgery_sign(content);
            }
            check_counts(&parsed, &handled);
        }
    }
}

thread_local! {
    static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() };
    static BUNDLE: OnceCell<Arc<PolicyBundle>> = const { OnceCell::new() };
}

/// Handles a payload with a ledger in memory and without access to AWS.
fn handle_payload(data: &[u8]) -> HandledPayload {
    let bundle = BUNDLE.with(|bundle| {
        let compile = || {
            let (set, waivers) = (fixed_policy_set(), WaiverSet::default());
            Arc::new(PolicyBundle { version: "fixed".to_owned(), set, waivers })
        };
        Arc::clone(bundle.get_or_init(compile))
    });
    let ledger = Ledger::from_store(Arc::new(InMemory::new()));
    let recorder = FindingRecorder::new(ledger, SilentAnnouncer);
    let evaluator = PayloadEvaluator::new(bundle, recorder, OfflineContext);
    RUNTIME.with(|runtime| {
        let build = || Builder::new_current_thread().build().expect("a runtime can start");
        runtime.get_or_init(build).block_on(evaluator.handle_payload(data, &|_| {}))
    })
}

/// Fails if a part of the payload is counted never or twice, or if its failure is not reported.
fn check_counts(parsed: &ParsedPayload, handled: &HandledPayload) {
    let count = |name| handled.metrics.metric_count(name);
    let messages = u64::try_from(parsed.messages.len()).expect("a small number");
    assert_eq!(count("Received"), messages);
    let failures = u64::try_from(handled.failures.len()).expect("a small number");
    assert_eq!(count("Failed"), failures);
    let broken = parsed.messages.iter().filter(|message| message.first_error().is_some()).count();
    assert!(handled.failures.len() >= broken, "a broken message is not a failure");
    let parts = || parsed.messages.iter().flat_map(|message| &message.parts);
    // Only AWS can answer what the others ask for.
    let is_local = |part: &Result<PayloadContent, _>| match part {
        Ok(PayloadContent::Record { .. } | PayloadContent::Item { .. }) | Err(_) => true,
        Ok(PayloadContent::Schedule(_) | PayloadContent::Skipped { .. }) => true,
        Ok(_) => false,
    };
    if parts().all(is_local) {
        let outcomes = ["Evaluated", "Unwatched", "Skipped", "NotEvaluated"].map(count);
        let expected = u64::try_from(parts().count()).expect("a small number");
        assert_eq!(outcomes.iter().sum::<u64>(), expected, "{outcomes:?} for {parsed:?}");
    }
}
