//! Checks the structure of the repository: dependencies between crates, and rules for every file.

use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap()
}

/// The workspace members without the command-line crate, in the order of `Cargo.toml`.
const CRATES: &[&str] = &[
    "aws",
    "client",
    "engine",
    "iam",
    "rules",
    "authoring",
    "sigma",
    "ledger",
    "ingest",
    "remediators",
    "deploy",
    "tests/testing",
];

/// Returns the paths of all Rust files in the repository.
pub(crate) fn sources() -> Vec<PathBuf> {
    let folders = CRATES.iter().filter(|folder| !folder.starts_with("tests/"));
    folders
        .chain(&["cli", "fuzz/fuzz_targets", "fuzz/src", "tests"])
        .flat_map(|folder| walkdir::WalkDir::new(Path::new(ROOT).join(folder)))
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .collect()
}

/// Returns the names in the `[dependencies]` section of the workspace member `of`.
fn dependencies(of: &str) -> Vec<String> {
    let manifest = read(&format!("{of}/Cargo.toml"));
    let section = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    let name = |line: &str| line.split(['.', ' ', '=']).next().unwrap().to_owned();
    section.lines().map(name).filter(|name| !name.is_empty()).collect()
}

/// Dependencies that `client` must not have. Of our own crates, it may use `aws` only.
const CLIENT_NEVER: &[&str] = &[
    "evenkeel-authoring",
    "evenkeel-deploy",
    "evenkeel-ingest",
    "evenkeel-ledger",
    "evenkeel-remediators",
    "evenkeel-rules",
    "aws-sdk-",
    "lambda_runtime",
    "object_store",
];

/// Dependencies that `engine` must not have. Of our own crates, it may use `aws` and `iam` only.
const ENGINE_NEVER: &[&str] = &[
    "evenkeel-authoring",
    "evenkeel-client",
    "evenkeel-deploy",
    "evenkeel-ingest",
    "evenkeel-ledger",
    "evenkeel-remediators",
    "evenkeel-rules",
    "tokio",
    "object_store",
    "aws-",
    "walkdir",
    "flate2",
];

/// Dependencies that `rules` must not have: it does no I/O and uses the CEL crate only through
/// `engine`.
const RULES_NEVER: &[&str] = &[
    "cel",
    "evenkeel-authoring",
    "evenkeel-client",
    "evenkeel-deploy",
    "evenkeel-ingest",
    "evenkeel-ledger",
    "evenkeel-remediators",
    "tokio",
    "object_store",
    "aws-",
    "walkdir",
    "flate2",
];

#[test]
fn crates_depend_only_on_lower_layers() {
    let never = [
        ("aws", &["evenkeel-", "tokio", "object_store", "aws-", "walkdir", "serde"][..]),
        ("client", CLIENT_NEVER),
        ("iam", &["evenkeel-", "tokio", "object_store", "aws-", "walkdir", "cel"]),
        ("engine", ENGINE_NEVER),
        ("rules", RULES_NEVER),
        (
            "authoring",
            &["evenkeel-sigma", "evenkeel-ingest", "evenkeel-remediators", "tokio", "aws-", "cel"],
        ),
        (
            "sigma",
            &["evenkeel-ingest", "evenkeel-remediators", "evenkeel-deploy", "tokio", "aws-", "cel"],
        ),
        ("ledger", &["evenkeel-ingest", "evenkeel-remediators", "cel"]),
        ("ingest", &["evenkeel-remediators", "cel"]),
        ("remediators", &["evenkeel-ingest", "evenkeel-deploy", "cel"]),
        ("deploy", &["evenkeel-ingest", "tokio", "object_store", "aws-", "cel"]),
    ];
    for (of, banned) in never {
        for dependency in dependencies(of) {
            let wrong = banned.iter().any(|banned| {
                dependency == *banned || (banned.ends_with('-') && dependency.starts_with(banned))
            });
            assert!(!wrong, "{of} must not depend on {dependency}");
        }
    }
}

#[test]
fn only_the_engine_uses_the_crate_cel() {
    for path in sources() {
        let name = path.strip_prefix(ROOT).unwrap().display().to_string();
        let text = std::fs::read_to_string(&path).unwrap();
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        let mut words = text.lines().filter(is_code).flat_map(|line| {
            line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':' || c == '"'))
        });
        let names = words.any(|word| word.starts_with("cel::"));
        assert!(
            !names || name.starts_with("engine/src/"),
            "{name} uses the crate `cel`; only `engine` may"
        );
    }
}

#[test]
fn every_rust_file_has_a_module_doc_and_at_most_600_lines() {
    for path in sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{} does not begin with `//!`", path.display());
        assert!(text.lines().count() <= 600, "{} has more than 600 lines", path.display());
    }
}

#[test]
fn every_policy_has_a_test_file_next_to_it() {
    for entry in walkdir::WalkDir::new(Path::new(ROOT).join("policies")) {
        let path = entry.unwrap().into_path();
        if path.extension().is_some_and(|ending| ending == "cel") {
            assert!(
                path.with_extension("test.yaml").is_file(),
                "{} has no test file",
                path.display()
            );
        }
    }
}

#[test]
fn every_command_has_its_own_source_file() {
    let files: Vec<PathBuf> = sources()
        .into_iter()
        .filter(|path| path.starts_with(Path::new(ROOT).join("cli")))
        .collect();
    let commands = read("cli/main.rs");
    let commands: Vec<&str> = commands.split("        Command::new(\"").skip(1).collect();
    assert!(commands.len() > 20, "found only {} commands in cli/main.rs", commands.len());
    for command in commands {
        let (name, rest) = command.split_once("\", ").unwrap();
        let file = format!("{}.rs", name.replace('-', "_"));
        assert!(
            rest.starts_with(&file.replace(".rs", "::run")),
            "the command `{name}` does not call the `run` function of its module"
        );
        assert!(
            files.iter().any(|path| path.ends_with(&file)),
            "the command `{name}` has no file {file}"
        );
    }
}

/// Rust does not compile a file that no module declares, and does not report such a file.
#[test]
fn every_file_of_the_command_line_and_of_the_suite_is_declared_as_a_module() {
    for main in ["cli/main.rs", "tests/suite/main.rs"] {
        let main = Path::new(ROOT).join(main);
        let top = main.parent().unwrap();
        for path in sources().iter().filter(|path| path.starts_with(top) && **path != main) {
            let folder = path.parent().unwrap();
            let declares = if folder == top { main.clone() } else { folder.with_extension("rs") };
            let text = std::fs::read_to_string(&declares).unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let is_declared = text.contains(&format!("mod {name};"));
            assert!(is_declared, "{} does not declare {}", declares.display(), path.display());
        }
    }
}

/// The other AWS calls use `client`, because an SDK crate takes up to two minutes to compile.
#[test]
fn only_the_listed_aws_sdk_crates_are_used() {
    let lock = read("Cargo.lock");
    let names = lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    let of_aws: Vec<&str> =
        names.clone().filter_map(|name| name.strip_prefix("aws-sdk-")).collect();
    // `aws-config` uses the last three to sign in.
    assert_eq!(of_aws, ["apigateway", "cloudtrail", "config", "sso", "ssooidc", "sts"]);
    let others = ["reqwest", "native-tls", "hyper-tls"];
    let others: Vec<&str> = names.filter(|name| others.contains(name)).collect();
    assert!(others.is_empty(), "Cargo.lock contains another HTTP or TLS stack: {others:?}");
}

#[test]
fn the_workspace_has_the_listed_members_with_shared_lints_and_no_features() {
    let manifest = read("Cargo.toml");
    let members = manifest.split("members = [").nth(1).unwrap().split(']').next().unwrap();
    let members: Vec<&str> = members.split('"').skip(1).step_by(2).collect();
    assert_eq!(
        members, CRATES,
        "the workspace members differ from CRATES; add the forbidden dependencies of a new crate here"
    );
    assert!(manifest.contains("unsafe_code = \"forbid\""));
    for of in CRATES {
        let own = read(&format!("{of}/Cargo.toml"));
        assert!(
            own.contains("[lints]\nworkspace = true"),
            "{of} does not use the lints of the workspace"
        );
        assert!(!own.contains("[features]"), "{of} defines Cargo features");
        let knows_sigma = own.contains("evenkeel-sigma.workspace");
        assert!(!knows_sigma, "{of} depends on evenkeel-sigma; only the command-line crate may");
    }
}
