//! Checks that the shipped policies pass `evenkeel check` and `evenkeel test --mutate`.

use crate::support::evenkeel;

#[test]
fn the_shipped_policies_pass_check_with_full_coverage() {
    let run = evenkeel(["check", "--deny-warnings", "--min-coverage", "100"]);
    assert_eq!(run.code, 0, "{}", run.err);
}

#[test]
fn the_test_cases_of_the_shipped_policies_pass() {
    let run = evenkeel(["test"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains(" passed"), "{}", run.out);
}

#[test]
fn the_test_cases_of_the_shipped_policies_detect_mutants() {
    let run = evenkeel(["test", "--mutate", "--min-score", "99"]);
    assert_eq!(run.code, 0, "{}", run.out);
    println!("{}", run.out.lines().last().unwrap());
}
