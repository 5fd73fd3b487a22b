//! The list of remediators is whole, and policies name what is on it and nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use evenkeel_remediators::catalog::{CATALOG, Entry};

/// What they share is not one of them.
const SHARED: &[&str] =
    &["ec2_sharing.rs", "kms_key.rs", "rds_sharing.rs", "s3_bucket.rs", "sharing.rs"];

#[test]
fn every_file_of_a_remediator_is_on_the_list_and_named_by_a_policy() {
    let house = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(house.join("src/catalog")).unwrap();
    let names: BTreeSet<String> = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.is_file())
        .filter(|path| !SHARED.iter().any(|shared| path.ends_with(shared)))
        .map(|path| path.file_stem().unwrap().to_string_lossy().replace('_', "-"))
        .collect();
    let listed: BTreeSet<String> = CATALOG.iter().map(|entry| entry.id.to_owned()).collect();
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
        assert!(Entry::find(id).is_some(), "a policy names `{id}`, which is no remediator");
    }
}
