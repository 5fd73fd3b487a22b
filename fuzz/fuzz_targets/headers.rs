//! Compiles arbitrary bytes as a policy file: an error has a position in the file.
#![no_main]

use evenkeel_engine::FunctionSet;
use evenkeel_fuzz::{check_diagnostic, run_on_large_stack, run_within_limit};
use evenkeel_rules::policy::{Policy, PolicyFile, PolicySet};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| run_on_large_stack(data, check_policy_file));

fn check_policy_file(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let file = PolicyFile { name: "a-policy.cel".to_owned(), text };
    let functions = FunctionSet::default();
    match run_within_limit(|| Policy::compile_file(&file, &functions)) {
        Err(diagnostic) => check_diagnostic(&diagnostic, &file.text),
        // A set starts threads to compile, which takes long. Only few inputs get here.
        Ok(policy) => {
            let set = PolicySet::compile_files(&[file], None).expect("the policy compiles alone");
            assert_eq!(set.policies().len(), 1);
            assert_eq!(set.policies()[0].id, policy.id);
        }
    }
}
