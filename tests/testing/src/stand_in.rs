//! Starts the AWS stand-in, once for all tests of the process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::sync::OnceLock;

use super::python::program;

/// Returns the address of the AWS stand-in. Starts the stand-in at the first call.
pub fn stand_in() -> SocketAddr {
    static PROCESS: OnceLock<(Child, SocketAddr)> = OnceLock::new();
    PROCESS.get_or_init(start).1
}

/// Starts the stand-in. The stand-in ends when its standard input closes, so it ends with this
/// process.
fn start() -> (Child, SocketAddr) {
    let mut child =
        program("stand/stand.py").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port = line
        .trim()
        .strip_prefix("listening ")
        .unwrap_or_else(|| panic!("the AWS stand-in printed `{line}` instead of its port"));
    (child, SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap())))
}
