//! Checks the tables of functions and remediators in the policy guide.

use evenkeel_engine::library_functions;
use evenkeel_remediators::RemediatorSpec;
use evenkeel_remediators::catalog::CATALOG;

/// Returns a table row for each function of the CEL library.
fn rows() -> String {
    let row = |(call, gives): (&str, &str)| {
        let cell = |text: &str| text.replace('|', "\\|");
        format!("| `{}` | {} |\n", cell(call), cell(gives))
    };
    library_functions().map(row).collect()
}

/// Returns a table row for each remediator.
fn remediators() -> String {
    let actions = |all: &[&str]| {
        all.iter().map(|action| format!("`{action}`")).collect::<Vec<_>>().join(", ")
    };
    let tier = |one: &RemediatorSpec| match (one.tier, one.precondition) {
        (None, _) => "the policy's".to_owned(),
        (Some(tier), None) => tier.to_string(),
        (Some(tier), Some(check)) => format!("{tier}, after {check}"),
    };
    let row = |one: &RemediatorSpec| {
        format!("| `{}` | {} | {} |\n", one.id, tier(one), actions(one.permissions))
    };
    CATALOG.iter().map(|entry| row(&entry.spec)).collect()
}

/// Fails if the guide does not contain `table` after `text`. With `UPDATE=1`, writes the table.
fn assert_table(text: &str, table: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/policies/README.md");
    let guide = std::fs::read_to_string(path).unwrap();
    let (before, after) = guide.split_once(text).unwrap();
    let rest = after.split_once("\n\n").map_or("", |parts| parts.1);
    let fresh = format!("{before}{text}{table}\n{rest}");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }
    assert!(
        guide == fresh,
        "{path} is out of date; run the tests with UPDATE=1 to write its tables again"
    );
}

#[test]
fn the_guide_lists_every_function_and_every_remediator() {
    let functions = format!("| call | gives |\n|---|---|\n{}", rows());
    assert_table("encoders, optional values, and:\n\n", &functions);
    let actions = format!("| remediator | tier | IAM actions |\n|---|---|---|\n{}", remediators());
    assert_table("remediators and no others.\n\n", &actions);
}
