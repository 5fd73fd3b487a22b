//! Checks that the catalog lists every remediator, and that policies name only remediators in the
//! catalog.

use std::collections::BTreeSet;
use std::path::Path;

use evenkeel_remediators::catalog::{CATALOG, CatalogEntry};

/// Returns the id of the remediator in a file of the catalog, or `None` for a shared file.
fn find_id(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let marks = ["        id: \"", "    const ID: &'static str = \""];
    let mut ids = text.lines().filter_map(|line| {
        marks.iter().find_map(|mark| Some(line.strip_prefix(mark)?.split_once('"')?.0.to_owned()))
    });
    let id = ids.next();
    assert_eq!(ids.next(), None, "{} contains two remediators", path.display());
    id
}

#[test]
fn every_remediator_is_in_the_catalog_and_used_by_a_policy() {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let catalog = crate_folder.join("src/catalog");
    let mut names = BTreeSet::new();
    for entry in walkdir::WalkDir::new(&catalog) {
        let path = entry.unwrap().into_path();
        if path.extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        if let Some(id) = find_id(&path) {
            let place = path.strip_prefix(&catalog).unwrap().with_extension("");
            let place = place.to_string_lossy().replace(['/', '_'], "-");
            assert_eq!(place, id, "the path of a remediator's file must match its id");
            names.insert(id);
        }
    }
    let listed: BTreeSet<String> = CATALOG.iter().map(|entry| entry.spec.id.to_owned()).collect();
    assert_eq!(names, listed, "CATALOG and the files of the catalog differ");
    let policies: String = walkdir::WalkDir::new(crate_folder.join("../policies"))
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "cel"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    // The header may be on one line or on several lines.
    let runs = policies.split("run: ").skip(1);
    let mentioned: BTreeSet<&str> =
        runs.filter_map(|rest| rest.split([',', '\n', '}']).next()).collect();
    for id in &listed {
        assert!(mentioned.contains(id.as_str()), "no policy uses the remediator `{id}`");
    }
    for id in mentioned {
        assert!(
            CatalogEntry::find_by_id(id).is_some(),
            "a policy names `{id}`, which is not a remediator"
        );
    }
}
