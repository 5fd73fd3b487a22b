//! `deploy/build`: what it would build, and where it does not begin. Nothing is compiled here but a program of one line.

use crate::support::Folder;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Runs the script with other programs in place of some.
fn built(folder: &Folder, programs: &[(&str, &str)]) -> Output {
    for (name, text) in programs {
        let path = folder.write(&format!("bin/{name}"), format!("#!/usr/bin/env bash\n{text}\n"));
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let bin = folder.path().join("bin").display().to_string();
    Command::new(format!("{ROOT}/deploy/build"))
        .env("PATH", format!("{bin}:{}", std::env::var("PATH").unwrap()))
        .env("FOLDER", folder.path())
        .env("CARGO", env!("CARGO"))
        .env("RUSTFLAGS", "-C target-cpu=native")
        .output()
        .unwrap()
}

#[test]
fn on_another_system_it_says_in_one_line_what_it_cannot_do() {
    let folder = Folder::new();
    let compiles = ("cargo", "touch \"$FOLDER/compiled\"");
    let output = built(&folder, &[("uname", "echo Darwin"), compiles]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("cannot build on Darwin") && told.lines().count() == 1, "{told}");
    assert!(!folder.path().join("compiled").exists(), "it began to compile");
}

/// The flags of `.cargo/config.toml`, with which the benchmarks measure, and no path of this machine.
#[test]
fn it_compiles_with_the_flags_of_the_project_and_its_own() {
    let folder = Folder::new();
    folder.write("small/Cargo.toml", "[package]\nname = 'small'\nedition = '2024'\n[workspace]\n");
    folder.write("small/src/main.rs", "fn main() {}");
    // With the same settings and environment, another package.
    let cargo = "echo \"$*\" > \"$FOLDER/asked\"
                 while [ $# -gt 0 ]; do [ \"$1\" = --config ] && config=$2; shift; done
                 \"$CARGO\" build --offline -v --manifest-path \"$FOLDER/small/Cargo.toml\" \\
                   --target-dir \"$FOLDER/target\" --config \"$config\" 2> \"$FOLDER/told\"
                 exit 7";
    let output = built(&folder, &[("cargo", cargo)]);
    assert_eq!(output.status.code(), Some(7), "{}", String::from_utf8_lossy(&output.stderr));
    let asked = std::fs::read_to_string(folder.path().join("asked")).unwrap();
    assert!(asked.contains("--profile dist") && asked.contains("--locked"), "{asked}");
    let told = std::fs::read_to_string(folder.path().join("told")).unwrap();
    assert!(told.contains(&format!("--remap-path-prefix={ROOT}=/evenkeel")), "{told}");
    assert!(!told.contains("target-cpu=native"), "{told}");
    if cfg!(target_arch = "x86_64") {
        assert!(told.contains("target-cpu=x86-64-v2"), "{told}");
    }
}
