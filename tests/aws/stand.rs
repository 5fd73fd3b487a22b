//! Fetches what stands in for AWS, and starts it once for all tests of the process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use uuid::Uuid;

/// Where the stand-in listens.
pub(crate) fn stand() -> SocketAddr {
    static STAND: OnceLock<(Child, SocketAddr)> = OnceLock::new();
    STAND.get_or_init(start).1
}

/// It ends when its standard input closes, with this process.
fn start() -> (Child, SocketAddr) {
    let mut child = Command::new(installed("stand").join("bin/python"))
        .arg(folder("stand").join("stand.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port = line.trim().strip_prefix("listening ").unwrap_or_else(|| panic!("says `{line}`"));
    (child, SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap())))
}

/// A folder of programs that are not ours to ship: beside this file, and the tests' packages lie at different
/// depths.
pub(crate) fn folder(of: &str) -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["tests/aws", "../tests/aws"].map(|folder| package.join(folder).join(of));
    folders.into_iter().find(|folder| folder.is_dir()).unwrap()
}

/// The environment with what a folder's programs require: made once, and again when the requirements change.
pub(crate) fn installed(of: &str) -> PathBuf {
    let requirements = folder(of).join("requirements.txt");
    let named = std::fs::read(&requirements).unwrap();
    let name = Uuid::new_v5(&Uuid::NAMESPACE_OID, &named).to_string();
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR")).join(of);
    let place = parent.join(name);
    if place.join("ready").exists() {
        return place;
    }
    std::fs::create_dir_all(&parent).unwrap();
    // Another process may be at it: whoever comes second finds it made.
    let lock = std::fs::File::create(parent.join("lock")).unwrap();
    lock.lock().unwrap();
    if place.join("ready").exists() {
        return place;
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&place));
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    run(Command::new(place.join("bin/python")).args(pip).arg(&requirements));
    std::fs::write(place.join("ready"), "").unwrap();
    place
}

fn run(command: &mut Command) {
    let status = command.status().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?} failed: {status}");
}
