//! What the documents list is what there is.

use evenkeel_rules::engine::library_functions;

/// A table row for each function of the library.
fn rows() -> String {
    let row = |(call, gives): (&str, &str)| {
        let cell = |text: &str| text.replace('|', "\\|");
        format!("| `{}` | {} |\n", cell(call), cell(gives))
    };
    library_functions().map(row).collect()
}

#[test]
fn the_guide_lists_every_function_of_the_library() {
    let table = format!("| call | gives |\n|---|---|\n{}", rows());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/policies/README.md");
    let guide = std::fs::read_to_string(path).unwrap();
    let (before, after) = guide.split_once("encoders, optional values, and:\n\n").unwrap();
    let rest = after.split_once("\n\n").map_or("", |parts| parts.1);
    let fresh = format!("{before}encoders, optional values, and:\n\n{table}\n{rest}");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }
    assert!(guide == fresh, "{path} is stale: run the tests with UPDATE=1 to renew its table");
}
