//! Starts what stands in for AWS, once for all tests of the process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::sync::OnceLock;

use super::python::program;

/// Where the stand-in listens.
pub fn stand() -> SocketAddr {
    static STAND: OnceLock<(Child, SocketAddr)> = OnceLock::new();
    STAND.get_or_init(start).1
}

/// It ends when its standard input closes, with this process.
fn start() -> (Child, SocketAddr) {
    let mut child =
        program("stand/stand.py").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port = line.trim().strip_prefix("listening ").unwrap_or_else(|| panic!("says `{line}`"));
    (child, SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap())))
}
