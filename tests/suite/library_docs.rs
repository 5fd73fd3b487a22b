//! `evenkeel docs`: the pages about the shipped policies are fresh, and a folder is treated with care.

use crate::support::{Folder, evenkeel};
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_pages_of_the_shipped_library_are_fresh() {
    let (policies, out) = (format!("{ROOT}/policies"), format!("{ROOT}/docs/policies"));
    if std::env::var_os("UPDATE").is_some() {
        assert_eq!(evenkeel(["docs", &policies, "--out", &out]).code, 0);
    }
    let run = evenkeel(["docs", &policies, "--out", &out, "--check"]);
    assert_eq!(run.code, 0, "run the tests with UPDATE=1 to renew them: {}", run.err);
}

#[test]
fn check_names_what_is_stale_missing_or_one_too_many() {
    let folder = Folder::new();
    let out = folder.path().to_str().unwrap();
    for (format, index) in [("markdown", "README.md"), ("html", "index.html")] {
        let docs = ["docs", "--out", out, "--format", format];
        let check = ["docs", "--out", out, "--format", format, "--check"];
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
    assert_eq!(evenkeel(["docs", "--out", out]).code, 0);
    assert!(own.is_file());
    let index = folder.write("README.md", "# By hand\n");
    let run = evenkeel(["docs", "--out", out]);
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

#[test]
fn a_site_needs_nothing_from_elsewhere_and_its_links_lead_somewhere() {
    let folder = Folder::new();
    let out = folder.path().to_str().unwrap();
    assert_eq!(evenkeel(["docs", "--out", out, "--format", "html"]).code, 0);
    let pages = texts(folder.path());
    assert!(pages.len() > 40);
    for (name, text) in &pages {
        for part in ["<script", "<link", "<img", "src=", "url(", "@import"] {
            assert!(!text.contains(part), "{part} in {name}");
        }
        let here = Path::new(name).parent().unwrap();
        for link in text.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let ours = !link.starts_with("https://") && !link.starts_with('#');
            assert!(!ours || folder.path().join(here).join(link).is_file(), "{link} in {name}");
        }
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
