//! Checks that the same input gives the same output, byte for byte, with any number of threads.

use crate::support::{Folder, ONE_POLICY, evenkeel, quiet, replay, violation, with};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Returns a trail with files of 26 and of 421 records, some of which are duplicates or unreadable.
fn trail() -> Folder {
    let folder = Folder::new();
    for (file, first) in (0..400).step_by(10).enumerate() {
        let size = if file % 9 == 0 { 400 } else { 5 };
        let mut records: Vec<Value> = (100_000..).take(size).map(quiet).collect();
        records.extend((first..).take(20).map(violation));
        records.push(json!(file));
        folder.log(&format!("logs/{}/{file:02}.json.gz", file % 4), &records);
    }
    folder
}

fn run(folder: &Folder, format: &str, threads: &str) -> (String, String) {
    let logs = folder.path().join("logs");
    let args = ["replay", logs.to_str().unwrap(), "--policies", ONE_POLICY, "--format", format];
    let args = args.into_iter().chain(["--threads", threads]);
    let run = evenkeel(args);
    assert_eq!(run.code, 3, "{run:?}");
    (run.out, run.err)
}

#[test]
fn the_output_does_not_depend_on_the_number_of_threads() {
    let folder = trail();
    for format in ["text", "jsonl", "ocsf"] {
        let one = run(&folder, format, "1");
        assert!(one.0.lines().count() >= 410, "{}", one.0);
        for threads in ["1", "2", "3", "8"] {
            assert!(
                run(&folder, format, threads) == one,
                "{format} differs with {threads} threads"
            );
        }
    }
}

/// Returns every file below a folder, by its relative path.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(|entry| entry.unwrap().into_path());
    let named = |path: std::path::PathBuf| {
        let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read(path).unwrap())
    };
    files.filter(|path| path.is_file()).map(named).collect()
}

#[test]
fn the_ledger_does_not_depend_on_the_number_of_threads() {
    let folder = trail();
    let logs = folder.path().join("logs");
    let evidence = |threads: &str| {
        let out = folder.path().join(format!("evidence-{threads}"));
        let args =
            ["replay", logs.to_str().unwrap(), "--policies", ONE_POLICY, "--threads", threads];
        evenkeel(args.into_iter().chain(["--out", out.to_str().unwrap()]));
        tree(&out)
    };
    let one = evidence("1");
    assert_eq!(one.len(), 411);
    assert!(evidence("8") == one, "the ledger differs with 8 threads");
}

#[test]
fn events_with_the_same_id_are_reported_in_the_order_of_the_files() {
    let folder = Folder::new();
    let copy = with(violation(1), json!({"requestParameters": {"bucketName": "late"}}));
    let mut slow: Vec<Value> = (0..3_000).map(|n| quiet(10 + n)).collect();
    slow.push(violation(1));
    folder.log("a.json.gz", &slow);
    folder.log("b.json.gz", &[copy]);
    for _ in 0..5 {
        assert_eq!(replay(folder.path()).resources(), ["bucket-1", "late"]);
    }
    let (a, b) = (folder.path().join("a.json.gz"), folder.path().join("b.json.gz"));
    let args = ["replay", b.to_str().unwrap(), a.to_str().unwrap(), "--policies", ONE_POLICY];
    let args = args.into_iter().chain(["--format", "jsonl"]);
    assert_eq!(evenkeel(args).resources(), ["late", "bucket-1"]);
}
