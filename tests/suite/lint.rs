//! What `check` says of policies that compile and are wrong: each file in `tests/wrong`, word for word.

use std::path::{Path, PathBuf};

use crate::support::evenkeel;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn wrong() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(Path::new(ROOT).join("tests/wrong")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "cel"));
    files.sort();
    files
}

#[test]
fn each_wrong_policy_is_told_what_is_wrong() {
    for file in wrong() {
        let run = evenkeel(["check", file.to_str().unwrap()]);
        let said = run.err.replace(&format!("{ROOT}/"), "");
        let expected = file.with_extension("txt");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&expected, &said).unwrap();
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(said, expected, "{}: run with UPDATE=1 if this is better", file.display());
        assert_eq!(run.code, i32::from(!expected.contains("nothing wrong")), "{}", file.display());
    }
}

#[test]
fn the_shipped_library_is_clean() {
    let run = evenkeel(["check"]);
    assert_eq!(run.code, 0, "{}", run.err);
}

#[test]
fn every_code_that_is_told_can_be_explained() {
    let all = evenkeel(["explain"]);
    assert_eq!(all.code, 0);
    for file in wrong() {
        let said = std::fs::read_to_string(file.with_extension("txt")).unwrap();
        // What stops the compiler says itself what it is.
        let compiled = |said: &&str| !["header", "match"].contains(&said.trim());
        let code = said.lines().next().filter(|_| !said.contains("nothing wrong")).filter(compiled);
        if let Some(code) = code {
            let explained = evenkeel(["explain", code.trim()]);
            assert_eq!(explained.code, 0, "{code}: {}", explained.err);
            assert!(all.out.contains(code.trim()), "{code}");
        }
    }
    let unknown = evenkeel(["explain", "unknown-evnt"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("unknown-event"), "{}", unknown.err);
}
