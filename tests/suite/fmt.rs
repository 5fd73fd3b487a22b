//! Tests `evenkeel fmt`: it formats policies and changes nothing else.

use crate::support::{Folder, evenkeel, evenkeel_with_input};
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const BAD: &str = "// METADATA\n// severity: LOW\n// title:  x\n\na&&b\n";
const GOOD: &str = "// METADATA\n// title: x\n// severity: LOW\n\na && b\n";

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// Returns the unformatted policies in `tests/fmt`.
fn unformatted() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(Path::new(ROOT).join("tests/fmt")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| {
        let stem = file.file_stem().unwrap().to_str().unwrap();
        file.extension().is_some_and(|ending| ending == "cel") && !stem.contains('.')
    });
    files.sort();
    files
}

#[test]
fn each_policy_is_formatted_as_expected() {
    for file in unformatted() {
        let run = evenkeel_with_input(["fmt", "--stdin"], read(&file).as_bytes());
        assert_eq!(run.code, 0, "{}: {}", file.display(), run.err);
        let expected = file.with_extension("out.cel");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&expected, &run.out).unwrap();
        }
        let name = file.display();
        assert_eq!(
            run.out,
            read(&expected),
            "{name} is formatted differently; run with UPDATE=1 to accept the new output"
        );
        let again = evenkeel_with_input(["fmt", "--stdin", "--check"], run.out.as_bytes());
        assert_eq!(
            (again.code, again.out.as_str()),
            (0, ""),
            "{name}: formatting the output again changes it"
        );
    }
}

#[test]
fn the_shipped_policies_are_formatted() {
    let run = evenkeel(["fmt", "--check", &format!("{ROOT}/policies")]);
    assert_eq!(
        run.code, 0,
        "a shipped policy is not formatted; run `evenkeel fmt`: {}{}",
        run.out, run.err
    );
}

#[test]
fn the_output_of_new_is_formatted() {
    let folder = Folder::new();
    let out = folder.path().to_str().unwrap();
    let new = ["new", "kms-key-open", "--event", "kms.amazonaws.com:PutKeyPolicy", "--out", out];
    assert_eq!(evenkeel(new).code, 0);
    let run = evenkeel(["fmt", "--check", out]);
    assert_eq!(run.code, 0, "{}", run.out);
}

#[test]
fn check_shows_the_changes_and_writes_nothing() {
    let folder = Folder::new();
    let file = folder.write("a.cel", BAD);
    folder.write("good.cel", GOOD);
    let run = evenkeel(["fmt", "--check", folder.path().to_str().unwrap()]);
    assert_eq!(run.code, 1);
    for line in ["-a&&b", "+a && b", "a.cel (formatted)"] {
        assert!(run.out.contains(line), "{}", run.out);
    }
    assert!(!run.out.contains("good.cel"), "{}", run.out);
    assert!(run.err.contains("2 policies, 1 would be formatted"), "{}", run.err);
    assert_eq!(read(&file), BAD);
    let windows = folder.write("b.cel", GOOD.replace('\n', "\r\n"));
    let run = evenkeel(["fmt", "--check", windows.to_str().unwrap()]);
    assert!(
        run.out.contains("-a && b\\u{d}\n"),
        "the output does not show the invisible character: {}",
        run.out
    );
}

#[test]
fn only_policies_that_change_are_written() {
    let folder = Folder::new();
    let bad = folder.write("s3/bad.cel", BAD);
    let good = folder.write("good.cel", GOOD);
    let cases = folder.write("s3/bad.test.yaml", "base:   {}\n");
    let old = std::time::SystemTime::UNIX_EPOCH;
    let touch = |path: &Path| {
        std::fs::File::options().write(true).open(path).unwrap().set_modified(old).unwrap();
    };
    touch(&good);
    let run = evenkeel(["fmt", folder.path().to_str().unwrap()]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("2 policies, 1 formatted"), "{}", run.err);
    assert_eq!((read(&bad), read(&good)), (GOOD.to_owned(), GOOD.to_owned()));
    assert_eq!(read(&cases), "base:   {}\n");
    assert_eq!(
        std::fs::metadata(&good).unwrap().modified().unwrap(),
        old,
        "a formatted policy was written again"
    );
    let names = std::fs::read_dir(folder.path().join("s3")).unwrap();
    assert_eq!(names.count(), 2, "the command left another file in the folder");
    let listed = evenkeel(["fmt", cases.to_str().unwrap(), bad.to_str().unwrap()]);
    assert_eq!(listed.code, 0, "a test file among the arguments is not ignored: {}", listed.err);
}

#[test]
fn a_broken_policy_is_reported_and_the_others_are_formatted() {
    let folder = Folder::new();
    let broken = folder.write("a.cel", "// METADATA\n// title: x\n\na &&\n  (b\n");
    let header = folder.write("b.cel", "// METADATA\n// title: [x\n\na\n");
    let alias = folder.write("c.cel", "// METADATA\n// severity: &s x\n// title: *s\n\na\n");
    let long =
        folder.write("d.cel", format!("// METADATA\n// title: x\n\n{}\n", "a+".repeat(4095) + "a"));
    let good = folder.write("e.cel", BAD);
    let before: Vec<String> = [&broken, &header, &alias, &long].map(|path| read(path)).into();
    let run = evenkeel(["fmt", folder.path().to_str().unwrap()]);
    assert_eq!(run.code, 1, "{}", run.err);
    for part in [
        "a.cel:",
        "b.cel:",
        "c.cel",
        "d.cel",
        "change the meaning of the header",
        "5 policies, 1 formatted, 4 invalid",
    ] {
        assert!(run.err.contains(part), "{part}: {}", run.err);
    }
    assert_eq!(read(&good), GOOD);
    let after: Vec<String> = [&broken, &header, &alias, &long].map(|path| read(path)).into();
    assert_eq!(after, before);
    folder.write("f.cel", b"// METADATA\n// title: \xff\n\na\n");
    let run = evenkeel(["fmt", folder.path().to_str().unwrap()]);
    assert_eq!(run.code, 3, "an unreadable file must give exit code 3");
    assert!(run.err.contains("f.cel"), "{}", run.err);
}

#[cfg(unix)]
#[test]
fn symbolic_links_and_permissions_are_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (folder, other) = (Folder::new(), Folder::new());
    let file = other.write("real.cel", BAD);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.path().join("link.cel");
    symlink(&file, &link).unwrap();
    symlink(&file, folder.path().join("other.cel")).unwrap();
    let run = evenkeel(["fmt", folder.path().to_str().unwrap()]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(
        run.err.contains("1 policy, 1 formatted"),
        "a file with two links is counted twice: {}",
        run.err
    );
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(read(&file), GOOD);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    std::fs::write(&file, BAD).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o440)).unwrap();
    let run = evenkeel(["fmt", link.to_str().unwrap()]);
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(run.err.contains("read-only"), "{}", run.err);
    assert_eq!(read(&file), BAD);
}

#[test]
fn standard_input_is_formatted_to_standard_output() {
    let mark = "\u{feff}";
    let text = format!("{mark}{}", BAD.replace('\n', "\r\n"));
    assert_eq!(evenkeel_with_input(["fmt", "--stdin"], text.as_bytes()).out, GOOD);
    let run = evenkeel_with_input(["fmt", "--stdin"], b"// METADATA\n// title: x\n\na b\n");
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    assert!(run.err.contains("standard input:4:3"), "{}", run.err);
    assert_eq!(evenkeel(["fmt", "--stdin", "x.cel"]).code, 2);
    assert_eq!(evenkeel(["fmt", &format!("{ROOT}/Cargo.toml")]).code, 2);
    let run = evenkeel(["fmt", "/nowhere"]);
    assert!(run.code == 3 && run.err.contains("/nowhere"), "{}", run.err);
}
