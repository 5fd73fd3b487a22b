//! `evenkeel docs`: a page for each shipped policy, whose links resolve, and a folder is treated with care.

use crate::support::{Folder, ONE_POLICY, evenkeel};
use std::collections::BTreeSet;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn check_names_what_is_stale_missing_or_one_too_many() {
    let folder = Folder::new();
    let out = folder.path().to_str().unwrap();
    let policy = format!("{ROOT}/policies/kms/kms-key-disabled.cel");
    let policy = policy.as_str();
    for (format, index) in [("markdown", "README.md"), ("html", "index.html")] {
        let docs = ["docs", policy, "--out", out, "--format", format];
        let check = ["docs", policy, "--out", out, "--format", format, "--check"];
        let run = evenkeel(check);
        assert!(run.code == 1 && run.err.contains(&format!("{index} is missing")), "{}", run.err);
        assert_eq!(evenkeel(docs).code, 0);
        assert_eq!(evenkeel(check).code, 0, "what is written is right");
        let ending = index.rsplit('.').next().unwrap();
        let page = folder.path().join(format!("kms/kms-key-disabled.{ending}"));
        let text = std::fs::read_to_string(&page).unwrap();
        std::fs::write(&page, format!("{text}more")).unwrap();
        folder.write(&format!("gone/old.{ending}"), &text);
        std::fs::remove_file(folder.path().join(index)).unwrap();
        let run = evenkeel(check);
        assert_eq!(run.code, 1);
        for (name, word) in [
            (format!("kms-key-disabled.{ending}"), "is stale"),
            (format!("old.{ending}"), "is one too many"),
            (index.to_owned(), "is missing"),
        ] {
            assert!(run.err.contains(&format!("{name} {word}")), "{name}: {}", run.err);
        }
        let run = evenkeel(docs);
        assert!(run.err.contains("2 written, 1 removed"), "{}", run.err);
        assert!(!folder.path().join("gone").exists(), "an empty folder goes");
        assert_eq!(evenkeel(check).code, 0);
    }
}

#[test]
fn what_somebody_else_wrote_stays() {
    let folder = Folder::new();
    let out = folder.path().to_str().unwrap();
    let own = folder.write("kms/own.md", "# Ours\n");
    assert_eq!(evenkeel(["docs", ONE_POLICY, "--out", out]).code, 0);
    assert!(own.is_file());
    let index = folder.write("README.md", "# By hand\n");
    let run = evenkeel(["docs", ONE_POLICY, "--out", out]);
    assert_eq!(run.code, 2, "{}", run.err);
    assert_eq!(std::fs::read_to_string(index).unwrap(), "# By hand\n");
}

/// Files below a folder, as text.
fn texts(folder: &Path) -> Vec<(String, String)> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter();
    let files = entries.map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    let text = |entry: walkdir::DirEntry| {
        let name = entry.path().strip_prefix(folder).unwrap().display().to_string();
        (name, std::fs::read_to_string(entry.path()).unwrap())
    };
    files.map(text).collect()
}

/// The ids of the shipped policies.
fn shipped_ids() -> BTreeSet<String> {
    let files = walkdir::WalkDir::new(Path::new(ROOT).join("policies")).into_iter();
    let paths = files.map(|entry| entry.unwrap().into_path());
    let policies = paths.filter(|path| path.extension().is_some_and(|ending| ending == "cel"));
    policies.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

/// Writes the pages about the shipped policies and checks what does not depend on the format: one page for each
/// policy with its id and its marks, the index lists all of them, and nothing else is written.
fn written(format: &str, index: &str) -> (Folder, Vec<(String, String)>) {
    let folder = Folder::new();
    let run = evenkeel(["docs", "--out", folder.path().to_str().unwrap(), "--format", format]);
    assert_eq!(run.code, 0, "{}", run.err);
    let pages = texts(folder.path());
    let mut ids = shipped_ids();
    assert_eq!(pages.len(), ids.len().saturating_add(1), "a page for each policy, and the index");
    let (_, list) = pages.iter().find(|(name, _)| name == index).unwrap();
    for (name, text) in pages.iter().filter(|(name, _)| name != index) {
        let id = Path::new(name).file_stem().unwrap().to_str().unwrap();
        assert!(ids.remove(id), "{name} is about no shipped policy");
        assert!(text.contains(id), "{name} does not name its policy");
        assert!(list.contains(name), "the index does not link {name}");
        assert!(text.contains("Written by `evenkeel docs`"), "{name} has no mark");
    }
    assert_eq!(ids, BTreeSet::new(), "policies without a page");
    (folder, pages)
}

/// Fails where a link leads neither to `https://`, nor to a written page, nor to a heading of its own page.
fn assert_link(
    folder: &Path,
    page: &(String, String),
    link: &str,
    is_heading: &dyn Fn(&str) -> bool,
) {
    let (name, _) = page;
    let here = Path::new(name).parent().unwrap();
    let resolves = match link.strip_prefix('#') {
        Some(anchor) => is_heading(anchor),
        None => link.starts_with("https://") || folder.join(here).join(link).is_file(),
    };
    assert!(resolves, "{link} in {name} leads nowhere");
}

#[test]
fn each_shipped_policy_has_a_page_of_markdown_and_its_links_resolve() {
    let (folder, pages) = written("markdown", "README.md");
    let code = regex::Regex::new("(?s)\n(`{3,}|~{3,})[^\n]*\n.*?\n(`{3,}|~{3,})\n|(`+)[^`\n]+(`+)")
        .unwrap();
    let link = regex::Regex::new(r"[^\\]\]\(([^)]*)\)").unwrap();
    for page in &pages {
        let text = code.replace_all(&page.1, "\n");
        let headings = text.lines().filter(|line| line.starts_with('#'));
        let anchor =
            |line: &str| line.trim_start_matches(['#', ' ']).to_lowercase().replace(' ', "-");
        let anchors: Vec<String> = headings.map(anchor).collect();
        let links: Vec<&str> =
            link.captures_iter(&text).map(|found| found.get(1).unwrap().as_str()).collect();
        assert!(!links.is_empty(), "{} links nothing", page.0);
        for link in links {
            assert_link(folder.path(), page, link, &|wanted| anchors.iter().any(|is| is == wanted));
        }
    }
}

#[test]
fn a_site_needs_nothing_from_elsewhere_and_its_links_lead_somewhere() {
    let (folder, pages) = written("html", "index.html");
    for page in &pages {
        let (name, text) = page;
        for part in ["<script", "<link", "<img", "src=", "url(", "@import"] {
            assert!(!text.contains(part), "{part} in {name}");
        }
        for link in text.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let is_heading = |wanted: &str| text.contains(&format!("id=\"{wanted}\""));
            assert_link(folder.path(), page, link, &is_heading);
        }
    }
}

#[test]
fn the_links_of_the_page_about_frameworks_lead_to_policies() {
    let folder = Path::new(ROOT).join("docs");
    let page = std::fs::read_to_string(folder.join("frameworks.md")).unwrap();
    let links: Vec<&str> =
        page.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
    assert!(links.len() > 500, "{}", links.len());
    for link in links.iter().filter(|link| !link.starts_with('#')) {
        assert!(folder.join(link).is_file(), "{link} leads nowhere");
    }
}

#[test]
fn pages_say_what_is_set_and_the_order_of_paths_does_not_matter() {
    let (folder, one, two) = (Folder::new(), Folder::new(), Folder::new());
    let policy = |id: &str| {
        let text = format!(
            "// METADATA\n// title: {id} is wrong\n// description: why\n// severity: LOW\n// match:\n//   \
             resourceType: AWS::S3::Bucket\n// resource: {{type: AWS::S3::Bucket, id: resource.id}}\n// \
             parameters:\n//   limit: {{type: int, default: 3}}\n// message: m\n\nsize(resource.id) > \
             params.limit\n"
        );
        folder.write(&format!("{id}.cel"), text)
    };
    let (a, b) = (policy("a"), policy("b"));
    folder.write("settings.yaml", "parameters: {a: {limit: 7}}\n");
    let (a, b) = (a.to_str().unwrap(), b.to_str().unwrap());
    evenkeel(["docs", a, b, "--out", one.path().to_str().unwrap()]);
    evenkeel(["docs", b, a, "--out", two.path().to_str().unwrap()]);
    assert_eq!(texts(one.path()), texts(two.path()));
    let whole = folder.path().to_str().unwrap();
    evenkeel(["docs", whole, "--out", one.path().to_str().unwrap()]);
    let page = std::fs::read_to_string(one.path().join("s3/a.md")).unwrap();
    assert!(page.contains("`3`, set to `7`"), "{page}");
}
