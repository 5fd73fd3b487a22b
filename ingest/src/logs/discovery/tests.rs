//! Tests the search for log files: every kind of input, each file once, and a fixed order.

use std::env;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

/// A temporary folder for one test. It is deleted when the value is dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let unique = format!("evenkeel-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
        let path = env::temp_dir().join(unique);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        self.path(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// Returns the names of the files that were found, relative to the temporary folder.
fn names(scratch: &Scratch, found: &DiscoveredFiles) -> Vec<String> {
    let prefix = scratch.path("");
    found.files.iter().map(|file| file.name.replace(&prefix, "")).collect()
}

fn problems(found: &DiscoveredFiles) -> Vec<ProblemKind> {
    found.problems.iter().map(|problem| problem.kind.clone()).collect()
}

#[test]
fn a_folder_yields_its_logs_in_order_and_counts_other_files() {
    let scratch = Scratch::new();
    for name in [
        "b/z.json.gz",
        "b/Z.JSON",
        "b/a.log",
        "a.ndjson",
        "a/x.jsonl",
        "é.json",
        "c.gz",
        "README.md",
        ".hidden.json",
        ".git/x.json",
        "b/notes.txt",
    ] {
        scratch.write(name, "12345");
    }
    let found = discover_files(&[scratch.path("")]);
    let expected =
        ["a/x.jsonl", "a.ndjson", "b/Z.JSON", "b/a.log", "b/z.json.gz", "c.gz", "é.json"];
    assert_eq!(names(&scratch, &found), expected);
    assert!(found.files.iter().all(|file| file.size == 5));
    assert_eq!((found.ignored.count, found.ignored.examples.len()), (4, 4));
    assert_eq!(problems(&found), []);
}

#[test]
fn a_named_file_is_found_once_with_any_name() {
    let scratch = Scratch::new();
    let odd = scratch.write("logs/.odd", "x");
    let log = scratch.write("logs/a.json", "x");
    let folder = scratch.path("logs");
    let detour = scratch.path("logs/../logs/a.json");
    let found = discover_files(&[odd, log.clone(), folder, detour, log]);
    assert_eq!(names(&scratch, &found), ["logs/.odd", "logs/a.json"]);
    let stdin = discover_files(&["-".to_owned(), "-".to_owned()]);
    assert_eq!(stdin.files.len(), 1);
    assert_eq!(stdin.files[0].path, None);
}

#[test]
fn an_input_is_a_pattern_only_if_no_such_path_exists() {
    let scratch = Scratch::new();
    scratch.write("a1.txt", "x");
    scratch.write("a2.txt", "x");
    scratch.write(".a3.txt", "x");
    scratch.write("a[1].json", "x");
    scratch.write("a9/deep.json", "x");
    let found =
        discover_files(&[scratch.path("a?.txt"), scratch.path("a[1].json"), scratch.path("a?")]);
    assert_eq!(names(&scratch, &found), ["a1.txt", "a2.txt", "a[1].json", "a9/deep.json"]);
    assert_eq!(problems(&found), []);
    assert_eq!(names(&scratch, &discover_files(&[scratch.path("*.txt")])), ["a1.txt", "a2.txt"]);
}

#[test]
fn an_unusable_input_is_reported_and_the_others_are_used() {
    let scratch = Scratch::new();
    let good = scratch.write("good.json", "x");
    scratch.write("empty/readme", "x");
    let inputs = ["missing.json", "no*thing", "bad[", "empty"].map(|name| scratch.path(name));
    let found = discover_files(&[inputs.as_slice(), &[good]].concat());
    assert_eq!(names(&scratch, &found), ["good.json"]);
    let kinds = problems(&found);
    assert_eq!(kinds[0], InputError::Missing.into());
    assert_eq!(kinds[1], InputError::NoMatch.into());
    assert!(matches!(kinds[2], ProblemKind::Input(InputError::Pattern(..))));
    assert_eq!(kinds[3], InputError::NoLogs.into());
    assert_eq!(kinds.len(), 4);
    assert_eq!(found.problems[0].file, scratch.path("missing.json"));
}

#[test]
fn links_are_followed_except_for_loops() {
    let scratch = Scratch::new();
    scratch.write("logs/a.json", "x");
    scratch.write("elsewhere/b.json", "x");
    symlink(scratch.path("elsewhere"), scratch.path("logs/link")).unwrap();
    symlink(scratch.path("logs"), scratch.path("logs/loop")).unwrap();
    symlink(scratch.path("gone"), scratch.path("logs/broken.json")).unwrap();
    symlink(scratch.path("logs/a.json"), scratch.path("logs/z.json")).unwrap();
    let found = discover_files(&[scratch.path("logs"), scratch.path("elsewhere")]);
    assert_eq!(names(&scratch, &found), ["logs/a.json", "logs/link/b.json"]);
    let not_found = InputError::Unreadable(ErrorKind::NotFound);
    assert_eq!(problems(&found), [not_found.into(), InputError::LinkLoop.into()]);
    let broken = discover_files(&[scratch.path("logs/broken.json")]);
    assert_eq!(problems(&broken), [InputError::Missing.into()]);
}

#[test]
fn a_folder_without_read_permission_is_reported() {
    let scratch = Scratch::new();
    scratch.write("logs/unreadable/a.json", "x");
    scratch.write("logs/open/a.json", "x");
    let unreadable = scratch.path("logs/unreadable");
    fs::set_permissions(&unreadable, fs::Permissions::from_mode(0o000)).unwrap();
    let found = discover_files(&[scratch.path("logs")]);
    let readable = fs::read_dir(&unreadable).is_ok();
    fs::set_permissions(&unreadable, fs::Permissions::from_mode(0o755)).unwrap();
    // An administrator can read this folder, too.
    let expected = if readable {
        vec![]
    } else {
        vec![InputError::Unreadable(ErrorKind::PermissionDenied).into()]
    };
    assert_eq!(problems(&found), expected);
    assert_eq!(names(&scratch, &found)[0], "logs/open/a.json");
}
