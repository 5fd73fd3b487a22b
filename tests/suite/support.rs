//! A temporary folder, records to put into it, and the built command to judge them.

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder that is removed when the test ends.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, and gives its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Writes a log file as CloudTrail does: `{"Records": [...]}`, compressed.
    pub(crate) fn log(&self, name: &str, records: &[Value]) -> PathBuf {
        self.write(name, gzip(json!({"Records": records}).to_string().as_bytes()))
    }
}

pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// A record of a call that a shipped policy finds wrong; `number` tells its bucket and its `eventID`.
pub(crate) fn violation(number: u32) -> Value {
    json!({
        "eventVersion": "1.11",
        "eventSource": "s3.amazonaws.com",
        "eventName": "DeleteBucketEncryption",
        "eventTime": "2026-03-11T12:00:00Z",
        "eventID": format!("00000000-0000-4000-8000-{number:012}"),
        "awsRegion": "eu-central-1",
        "recipientAccountId": "111122223333",
        "sourceIPAddress": "198.51.100.7",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/jo"},
        "requestParameters": {"bucketName": format!("bucket-{number}"), "encryption": ""},
        "responseElements": null
    })
}

/// A record of a call that only reads, which no policy watches.
pub(crate) fn quiet(number: u32) -> Value {
    with(violation(number), json!({"eventName": "GetBucketAcl", "readOnly": true}))
}

/// A value with the fields of another set.
pub(crate) fn with(mut value: Value, fields: Value) -> Value {
    for (name, field) in fields.as_object().unwrap() {
        value[name] = field.clone();
    }
    value
}

/// What a run of the command gave.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// The findings of a run with `--format jsonl`.
    pub(crate) fn findings(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The resources that were found wrong.
    pub(crate) fn resources(&self) -> Vec<String> {
        let id = |finding: &Value| finding["resource"]["id"].as_str().unwrap().to_owned();
        self.findings().iter().map(id).collect()
    }

    /// The number before `what` in the summary.
    pub(crate) fn count(&self, what: &str) -> u64 {
        let summary = format!("{}{}", self.out, self.err);
        let line = summary.lines().find(|line| line.trim_end().ends_with(what));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    }
}

/// The built command. It sees nothing of what whoever runs the tests has set.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_evenkeel"));
    command.env_clear();
    // Where its files go, the size of its stacks, and what measures coverage are no matter of a test.
    for name in ["TMPDIR", "RUST_MIN_STACK", "LLVM_PROFILE_FILE"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command
}

/// Runs the command.
pub(crate) fn evenkeel<I: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = I>) -> Run {
    evenkeel_with_input(args, b"")
}

/// Runs the command with something on its standard input.
pub(crate) fn evenkeel_with_input<I: AsRef<std::ffi::OsStr>>(
    args: impl IntoIterator<Item = I>,
    input: &[u8],
) -> Run {
    let mut child = command()
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let run = Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(!run.err.contains("panicked"), "{}", run.err);
    for (name, text) in [("stdout", &run.out), ("stderr", &run.err)] {
        let bad = text.chars().find(|c| *c != '\n' && evenkeel_rules::is_deceptive(*c));
        assert_eq!(bad, None, "{name} has a character that deceives: {text:?}");
    }
    run
}

/// The shipped policy that finds a [`violation`]. Where other policies play no part, a test loads no others: all of
/// them take a second to load in an unoptimized build.
pub(crate) const ONE_POLICY: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/policies/s3/s3-bucket-encryption-removed.cel");

/// Replays a path by [`ONE_POLICY`], with findings as JSON lines.
pub(crate) fn replay(path: &Path) -> Run {
    evenkeel(["replay", path.to_str().unwrap(), "--policies", ONE_POLICY, "--format", "jsonl"])
}

/// Numbers that look random and are the same on any day.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap().checked_rem(bound).unwrap()
    }
}
