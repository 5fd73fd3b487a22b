//! The list of remediators is whole, and policies name what is on it and nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use evenkeel_remediators::catalog::{CATALOG, CatalogEntry};

/// The remediator's name that a file of the catalog gives, if it is one of a remediator and not of what they share.
fn find_id(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let marks = ["        id: \"", "    const ID: &'static str = \""];
    let mut ids = text.lines().filter_map(|line| {
        marks.iter().find_map(|mark| Some(line.strip_prefix(mark)?.split_once('"')?.0.to_owned()))
    });
    let id = ids.next();
    assert_eq!(ids.next(), None, "{} has two remediators", path.display());
    id
}

#[test]
fn every_file_of_a_remediator_is_on_the_list_and_named_by_a_policy() {
    let house = Path::new(env!("CARGO_MANIFEST_DIR"));
    let catalog = house.join("src/catalog");
    let mut names = BTreeSet::new();
    for entry in walkdir::WalkDir::new(&catalog) {
        let path = entry.unwrap().into_path();
        if path.extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        if let Some(id) = find_id(&path) {
            let place = path.strip_prefix(&catalog).unwrap().with_extension("");
            let place = place.to_string_lossy().replace(['/', '_'], "-");
            assert_eq!(
                place, id,
                "a remediator's file is called as it is, in its service's folder"
            );
            names.insert(id);
        }
    }
    let listed: BTreeSet<String> = CATALOG.iter().map(|entry| entry.spec.id.to_owned()).collect();
    assert_eq!(names, listed);
    let policies: String = walkdir::WalkDir::new(house.join("../policies"))
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "cel"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    // In one line or in several.
    let runs = policies.split("run: ").skip(1);
    let mentioned: BTreeSet<&str> =
        runs.filter_map(|rest| rest.split([',', '\n', '}']).next()).collect();
    for id in &listed {
        assert!(mentioned.contains(id.as_str()), "{id}");
    }
    for id in mentioned {
        assert!(
            CatalogEntry::find_by_id(id).is_some(),
            "a policy names `{id}`, which is no remediator"
        );
    }
}
