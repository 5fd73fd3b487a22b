//! What the tests of several crates share: what stands in for AWS, and a proxy that breaks it; IAM's evaluation; the
//! runtime of AWS Lambda; a reader of the templates.
//!
//! Only tests depend on it: what cannot go on panics.
#![expect(
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

use std::path::{Path, PathBuf};

pub mod asked;
pub mod aws;
pub mod backend;
pub mod events;
pub mod function;
pub mod http;
pub mod iam;
pub mod permitted;
pub mod proxy;
pub mod python;
pub mod queue;
pub mod stand;
pub mod template;

/// A file or folder of the project, by its path from the root.
pub fn project(path: impl AsRef<Path>) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = own.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
    root.unwrap_or_else(|| panic!("{} is in no workspace", own.display())).join(path)
}

/// The folder of what was built with this test: the command and the functions.
pub fn built() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    // Tests lie in `deps` beside them.
    let deps = test.ancestors().find(|folder| folder.ends_with("deps"));
    deps.and_then(Path::parent)
        .unwrap_or_else(|| panic!("{} is not Cargo's", test.display()))
        .into()
}

/// A folder for files that tests make: beside what was built.
pub fn scratch(name: &str) -> PathBuf {
    let folder = built().with_file_name("tmp").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
