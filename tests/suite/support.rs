//! Helpers of the suite: temporary folders, CloudTrail records, and runs of the built command.

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

    /// Writes a file below the folder and returns its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Writes a log file in CloudTrail's format (`{"Records": [...]}`, gzip) and returns its path.
    pub(crate) fn log(&self, name: &str, records: &[Value]) -> PathBuf {
        self.write(name, gzip(json!({"Records": records}).to_string().as_bytes()))
    }
}

pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Returns a record of a call that violates [`ONE_POLICY`]. `number` is part of the bucket name and
/// of the `eventID`.
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

/// Returns a record of a read-only call that no policy matches.
pub(crate) fn quiet(number: u32) -> Value {
    with(violation(number), json!({"eventName": "GetBucketAcl", "readOnly": true}))
}

/// Returns `value` with the fields of `fields` set.
pub(crate) fn with(mut value: Value, fields: Value) -> Value {
    for (name, field) in fields.as_object().unwrap() {
        value[name] = field.clone();
    }
    value
}

/// The result of a run: exit code, standard output and standard error.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// Returns the findings of a run with `--format jsonl`.
    pub(crate) fn findings(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Returns the ids of the resources of the findings.
    pub(crate) fn resources(&self) -> Vec<String> {
        let id = |finding: &Value| finding["resource"]["id"].as_str().unwrap().to_owned();
        self.findings().iter().map(id).collect()
    }

    /// Returns the number before `what` in the summary, or 0.
    pub(crate) fn count(&self, what: &str) -> u64 {
        let summary = format!("{}{}", self.out, self.err);
        let line = summary.lines().find(|line| line.trim_end().ends_with(what));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    }
}

/// Returns the built command, with an empty environment apart from a few variables.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_evenkeel"));
    command.env_clear();
    // These variables set the temporary folder, the stack size, and the output of code coverage.
    for name in ["TMPDIR", "RUST_MIN_STACK", "LLVM_PROFILE_FILE"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command
}

/// Runs the command and returns its result.
pub(crate) fn evenkeel<I: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = I>) -> Run {
    evenkeel_with_input(args, b"")
}

/// Runs the command with `input` on standard input. Fails if the command panics or prints deceptive
/// characters.
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
        assert_eq!(bad, None, "{name} contains a deceptive character: {text:?}");
    }
    run
}

/// The shipped policy that reports a [`violation`]. A test that needs no other policy loads only
/// this policy, because loading all shipped policies takes a second in an unoptimized build.
pub(crate) const ONE_POLICY: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/policies/s3/s3-bucket-encryption-removed.cel");

/// Replays a path with [`ONE_POLICY`] and findings as JSON lines.
pub(crate) fn replay(path: &Path) -> Run {
    evenkeel(["replay", path.to_str().unwrap(), "--policies", ONE_POLICY, "--format", "jsonl"])
}

/// A deterministic generator of pseudo-random numbers.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap().checked_rem(bound).unwrap()
    }
}
