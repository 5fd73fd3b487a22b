//! Shared test support: the AWS stand-in, a proxy that injects faults, an evaluator of IAM
//! policies, a stand-in for AWS Lambda, and a reader of the templates.
//!
//! Only tests use this crate, so its functions panic on every error.
#![expect(
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot continue must fail"
)]

use std::path::{Path, PathBuf};

pub mod asked;
pub mod aws;
pub mod backend;
pub mod events;
pub mod function;
pub mod function_url;
pub mod http;
pub mod iam;
pub mod permitted;
pub mod proxy;
pub mod python;
pub mod queue;
pub mod stand_in;
pub mod template;

/// Returns the absolute path of a file or folder. `path` is relative to the root of the repository.
pub fn project(path: impl AsRef<Path>) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = own.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
    root.unwrap_or_else(|| panic!("{} is not in a workspace", own.display())).join(path)
}

/// Returns the folder with the binaries that were built with this test.
pub fn built() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    // The test binary is in the folder `deps`, which is next to the other binaries.
    let deps = test.ancestors().find(|folder| folder.ends_with("deps"));
    deps.and_then(Path::parent)
        .unwrap_or_else(|| panic!("{} is not below a folder `deps` of Cargo", test.display()))
        .into()
}

/// Creates a folder for files of tests, in `tmp` next to the folder of the binaries. Returns its
/// path.
pub fn scratch(name: &str) -> PathBuf {
    let folder = built().with_file_name("tmp").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
