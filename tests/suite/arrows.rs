//! The house: what may not depend on what, and what every file has.

use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap()
}

/// The crates beside that of the command, as the workspace lists them.
const CRATES: &[&str] = &[
    "aws",
    "client",
    "engine",
    "rules",
    "authoring",
    "sigma",
    "ledger",
    "ingest",
    "remediators",
    "deploy",
    "tests/testing",
];

/// All Rust files of the project.
fn sources() -> Vec<PathBuf> {
    let folders = CRATES.iter().filter(|folder| !folder.starts_with("tests/"));
    folders
        .chain(&["cli", "tests"])
        .flat_map(|folder| walkdir::WalkDir::new(Path::new(ROOT).join(folder)))
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .collect()
}

/// The crates that a crate of ours names as dependencies.
fn dependencies(of: &str) -> Vec<String> {
    let manifest = read(&format!("{of}/Cargo.toml"));
    let section = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    let name = |line: &str| line.split(['.', ' ', '=']).next().unwrap().to_owned();
    section.lines().map(name).filter(|name| !name.is_empty()).collect()
}

/// The ground floor: of ours, it knows the names of AWS alone.
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

/// Expressions: of ours, it knows the names of AWS alone.
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

/// Records to findings: of ours, it knows what is pure alone.
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
fn arrows_point_one_way() {
    let never = [
        ("aws", &["evenkeel-", "tokio", "object_store", "aws-", "walkdir", "serde"][..]),
        ("client", CLIENT_NEVER),
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
            assert!(!wrong, "{of} may not depend on {dependency}");
        }
    }
}

#[test]
fn only_the_engine_names_the_crate_cel() {
    for path in sources() {
        let name = path.strip_prefix(ROOT).unwrap().display().to_string();
        let text = std::fs::read_to_string(&path).unwrap();
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        let mut words = text.lines().filter(is_code).flat_map(|line| {
            line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':' || c == '"'))
        });
        let names = words.any(|word| word.starts_with("cel::"));
        assert!(!names || name.starts_with("engine/src/"), "{name} names the crate cel");
    }
}

#[test]
fn every_file_says_what_it_is_for_and_is_about_one_thing() {
    for path in sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{} does not begin with `//!`", path.display());
        assert!(text.lines().count() <= 600, "{} has more than 600 lines", path.display());
    }
}

#[test]
fn every_policy_has_its_cases_beside_it() {
    for entry in walkdir::WalkDir::new(Path::new(ROOT).join("policies")) {
        let path = entry.unwrap().into_path();
        if path.extension().is_some_and(|ending| ending == "cel") {
            assert!(path.with_extension("test.yaml").is_file(), "{} has no cases", path.display());
        }
    }
}

#[test]
fn every_command_has_a_file() {
    let files: Vec<PathBuf> = sources()
        .into_iter()
        .filter(|path| path.starts_with(Path::new(ROOT).join("cli")))
        .collect();
    let commands = read("cli/main.rs");
    let commands: Vec<&str> = commands.split("        Command::new(\"").skip(1).collect();
    assert!(commands.len() > 20, "{}", commands.len());
    for command in commands {
        let (name, rest) = command.split_once("\", ").unwrap();
        let file = format!("{}.rs", name.replace('-', "_"));
        assert!(rest.starts_with(&file.replace(".rs", "::run")), "{name} runs something else");
        assert!(files.iter().any(|path| path.ends_with(&file)), "no file for {name}");
    }
}

/// A file that no module declares is not compiled, and nobody notices.
#[test]
fn every_file_of_the_command_and_of_the_suite_is_a_module() {
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

/// Whatever else calls AWS does it by `client`: an SDK crate takes up to two minutes to compile.
#[test]
fn aws_is_called_in_one_way() {
    let lock = read("Cargo.lock");
    let names = lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    let of_aws: Vec<&str> =
        names.clone().filter_map(|name| name.strip_prefix("aws-sdk-")).collect();
    // The last three are what `aws-config` signs in with.
    assert_eq!(of_aws, ["apigateway", "cloudtrail", "config", "sso", "ssooidc", "sts"]);
    let others = ["reqwest", "native-tls", "hyper-tls"];
    let others: Vec<&str> = names.filter(|name| others.contains(name)).collect();
    assert!(others.is_empty(), "another HTTP or TLS stack: {others:?}");
}

#[test]
fn the_house_has_these_rooms_and_no_others() {
    let manifest = read("Cargo.toml");
    let members = manifest.split("members = [").nth(1).unwrap().split(']').next().unwrap();
    let members: Vec<&str> = members.split('"').skip(1).step_by(2).collect();
    assert_eq!(members, CRATES, "a crate more or less: add its arrows here");
    assert!(manifest.contains("unsafe_code = \"forbid\""));
    for of in CRATES {
        let own = read(&format!("{of}/Cargo.toml"));
        assert!(own.contains("[lints]\nworkspace = true"), "{of} has lints of its own");
        assert!(!own.contains("[features]"), "{of} has features");
        let knows_sigma = own.contains("evenkeel-sigma.workspace");
        assert!(
            !knows_sigma,
            "{of} depends on the import of Sigma rules, which only the command may"
        );
    }
}
