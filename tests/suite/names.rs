//! Checks the names of functions and types in the product code.

use crate::structure::sources;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Returns the product code by crate: the paths and the texts of its files, without tests.
fn product_code() -> BTreeMap<String, Vec<(String, String)>> {
    let mut crates: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for path in sources() {
        let name = path.strip_prefix(ROOT).unwrap().display().to_string();
        let parts: Vec<&str> = name.split('/').collect();
        if parts.contains(&"tests") || name.ends_with("/tests.rs") || parts.contains(&"benches") {
            continue;
        }
        let text = std::fs::read_to_string(Path::new(ROOT).join(&name)).unwrap();
        let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
        crates.entry(parts[0].to_owned()).or_default().push((name, product));
    }
    crates
}

/// Returns the names that a pattern captures, each with the path of its file.
fn captured_names(pattern: &Regex, files: &[(String, String)]) -> Vec<(String, String)> {
    let names = |(file, text): &(String, String)| {
        pattern
            .captures_iter(text)
            .map(|captures| (captures[1].to_owned(), file.clone()))
            .collect::<Vec<_>>()
    };
    files.iter().flat_map(names).collect()
}

fn type_pattern() -> Regex {
    Regex::new(r"(?m)^\s*(?:pub(?:\([^)]*\))? )?(?:struct|enum|trait|union) ([A-Z]\w*)").unwrap()
}

fn function_pattern() -> Regex {
    Regex::new(r"(?m)^\s*(?:pub(?:\([^)]*\))? )?(?:const )?(?:async )?fn (\w+)").unwrap()
}

#[test]
fn each_type_name_is_unique_in_its_crate() {
    for (name, files) in product_code() {
        let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (type_name, file) in captured_names(&type_pattern(), &files) {
            assert!(
                places.entry(type_name.clone()).or_default().insert(file.clone()),
                "{name}: type {type_name} stands twice in {file}"
            );
        }
        for (type_name, files) in places {
            assert!(
                files.len() == 1,
                "{name}: several files define the type {type_name}: {files:?}"
            );
        }
    }
}

#[test]
fn most_names_have_more_than_one_word() {
    let crates = product_code();
    let files: Vec<(String, String)> = crates.into_values().flatten().collect();
    let is_long_function = |name: &str| name.trim_matches('_').contains('_');
    let is_long_type = |name: &str| name.chars().filter(char::is_ascii_uppercase).count() > 1;
    assert_mostly_several_words("functions", &function_pattern(), &files, is_long_function);
    assert_mostly_several_words("types", &type_pattern(), &files, is_long_type);
}

/// Fails if fewer than two thirds of the names of a kind have several words.
fn assert_mostly_several_words(
    kind: &str,
    pattern: &Regex,
    files: &[(String, String)],
    is_long: impl Fn(&str) -> bool,
) {
    let names = captured_names(pattern, files);
    let long = names.iter().filter(|(name, _)| is_long(name)).count();
    assert!(names.len() > 500, "{} {kind} were read", names.len());
    assert!(
        long.saturating_mul(3) >= names.len().saturating_mul(2),
        "{long} of {} {kind} have several words",
        names.len()
    );
}
