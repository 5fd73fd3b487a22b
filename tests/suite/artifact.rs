//! Tests `deploy/build` with a stand-in for Cargo: its flags, and its refusal on other systems.

use crate::support::Folder;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Runs `deploy/build`. `programs` are pairs of a program's name and the script that replaces it.
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
fn the_build_refuses_to_run_on_another_system_with_a_message_of_one_line() {
    let folder = Folder::new();
    let compiles = ("cargo", "touch \"$FOLDER/compiled\"");
    let output = built(&folder, &[("uname", "echo Darwin"), compiles]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(
        message.contains("cannot build on Darwin") && message.lines().count() == 1,
        "{message}"
    );
    assert!(!folder.path().join("compiled").exists(), "the script started Cargo");
}

/// The build uses the flags of `.cargo/config.toml`, which the benchmarks also use. It removes the
/// paths of the build machine from the binary.
#[test]
fn the_build_uses_the_flags_of_the_repository_and_removes_local_paths() {
    let folder = Folder::new();
    folder.write("small/Cargo.toml", "[package]\nname = 'small'\nedition = '2024'\n[workspace]\n");
    folder.write("small/src/main.rs", "fn main() {}");
    // Compiles a small package with the same settings and environment as the real build.
    let cargo = "echo \"$*\" > \"$FOLDER/asked\"
                 while [ $# -gt 0 ]; do [ \"$1\" = --config ] && config=$2; shift; done
                 \"$CARGO\" build --offline -v --manifest-path \"$FOLDER/small/Cargo.toml\" \\
                   --target-dir \"$FOLDER/target\" --config \"$config\" 2> \"$FOLDER/log\"
                 exit 7";
    let output = built(&folder, &[("cargo", cargo)]);
    assert_eq!(output.status.code(), Some(7), "{}", String::from_utf8_lossy(&output.stderr));
    let asked = std::fs::read_to_string(folder.path().join("asked")).unwrap();
    assert!(asked.contains("--profile dist") && asked.contains("--locked"), "{asked}");
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains(&format!("--remap-path-prefix={ROOT}=/evenkeel")), "{log}");
    assert!(!log.contains("target-cpu=native"), "{log}");
    if cfg!(target_arch = "x86_64") {
        assert!(log.contains("target-cpu=x86-64-v2"), "{log}");
    }
}
