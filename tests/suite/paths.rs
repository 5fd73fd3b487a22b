//! Checks that the paths, links and anchors in the documents exist.

use regex::Regex;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The documents that are checked.
const DOCUMENTS: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "README.md",
    "deploy/README.md",
    "examples/README.md",
    "examples/attacks/README.md",
    "policies/README.md",
];

/// Returns the text of a document without its code blocks.
fn prose(document: &str) -> String {
    let text = std::fs::read_to_string(Path::new(ROOT).join(document)).unwrap();
    let mut is_code = false;
    let is_prose = |line: &&str| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    };
    text.lines().filter(is_prose).collect::<Vec<_>>().join("\n")
}

/// Returns the names of the files and folders in the root of the repository, without `target`.
fn root_entries() -> Vec<String> {
    let entries = std::fs::read_dir(ROOT).unwrap().map(|entry| entry.unwrap());
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    names.filter(|name| name != "target").collect()
}

/// Returns whether a word is a path in the repository: it begins with a folder of the root, or it
/// is the name of a Rust file.
fn is_path(word: &str, root_entries: &[String]) -> bool {
    let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    let first = word.split('/').next().unwrap_or_default();
    let is_ours = word.contains('/') && root_entries.iter().any(|entry| entry == first);
    is_plain && (is_ours || Path::new(word).extension().is_some_and(|ending| ending == "rs"))
}

/// Returns the anchors of a document's headings, in GitHub's form.
fn anchors(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| -> String {
        let title = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        title.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn every_path_in_a_document_exists() {
    let code = Regex::new("`([^`\n]+)`").unwrap();
    let root_entries = root_entries();
    let mut missing = Vec::new();
    for document in DOCUMENTS {
        for found in code.captures_iter(&prose(document)) {
            let word = found.get(1).unwrap().as_str();
            if is_path(word, &root_entries) && !Path::new(ROOT).join(word).exists() {
                missing.push(format!("{document} names `{word}`"));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "these paths do not exist in the repository:\n{}",
        missing.join("\n")
    );
}

#[test]
fn every_link_in_a_document_is_valid() {
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let mut broken = Vec::new();
    for document in DOCUMENTS {
        let path = Path::new(ROOT).join(document);
        for found in link.captures_iter(&prose(document)) {
            let target = found.get(1).unwrap().as_str();
            if target.starts_with("https://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file: PathBuf =
                if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let leads = file.exists()
                && (anchor.is_empty() || anchors(&file).iter().any(|known| known == anchor));
            if !leads {
                broken.push(format!("{document} links {target}"));
            }
        }
    }
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
}
