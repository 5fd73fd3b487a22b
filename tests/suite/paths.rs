//! The paths, the links and the anchors that the documents name exist.

use regex::Regex;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The documents that a reader is sent through the project by.
const DOCUMENTS: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "README.md",
    "deploy/README.md",
    "examples/README.md",
    "examples/attacks/README.md",
    "policies/README.md",
];

/// A document without what its blocks of code hold.
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

/// What stands at the top of the project, but for what a build makes.
fn rooms() -> Vec<String> {
    let entries = std::fs::read_dir(ROOT).unwrap().map(|entry| entry.unwrap());
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    names.filter(|name| name != "target").collect()
}

/// Whether a word in `code` is a path within the project: it begins at a folder of the project, or is a Rust file.
fn is_path(word: &str, rooms: &[String]) -> bool {
    let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    let first = word.split('/').next().unwrap_or_default();
    let is_ours = word.contains('/') && rooms.iter().any(|room| room == first);
    is_plain && (is_ours || Path::new(word).extension().is_some_and(|ending| ending == "rs"))
}

/// The anchors of a document's headings, as GitHub makes them.
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
fn every_path_that_a_document_names_exists() {
    let code = Regex::new("`([^`\n]+)`").unwrap();
    let rooms = rooms();
    let mut missing = Vec::new();
    for document in DOCUMENTS {
        for found in code.captures_iter(&prose(document)) {
            let word = found.get(1).unwrap().as_str();
            if is_path(word, &rooms) && !Path::new(ROOT).join(word).exists() {
                missing.push(format!("{document} names `{word}`"));
            }
        }
    }
    assert!(missing.is_empty(), "paths from the top of the project:\n{}", missing.join("\n"));
}

#[test]
fn every_link_of_a_document_leads_somewhere() {
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
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
