//! The shipped policies are right, and their cases hold.

use crate::support::evenkeel;

#[test]
fn nothing_is_wrong_with_the_shipped_policies() {
    let run = evenkeel(["check", "--deny-warnings", "--min-coverage", "100"]);
    assert_eq!(run.code, 0, "{}", run.err);
}

#[test]
fn the_cases_of_the_shipped_policies_hold() {
    let run = evenkeel(["test"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains(" passed"), "{}", run.out);
}

#[test]
fn the_cases_of_the_shipped_policies_notice_what_is_changed_in_them() {
    let run = evenkeel(["test", "--mutate", "--min-score", "99"]);
    assert_eq!(run.code, 0, "{}", run.out);
    println!("{}", run.out.lines().last().unwrap());
}
