//! Endpoints in place of AWS that do not answer or deny all calls.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// Returns an address on which no process listens.
pub(super) fn closed_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Starts a server that answers `GetCallerIdentity` and denies every other call. Returns its
/// address.
pub(super) fn denying_aws() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || listener.incoming().flatten().for_each(deny));
    address
}

const CALLER: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/u</Arn>\
                      <Account>1</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
const DENIED: &str = r#"{"__type": "AccessDeniedException", "message": "not you"}"#;

fn deny(mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).unwrap_or(0) > 2 {
        let header = line.to_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let known = String::from_utf8_lossy(&body).contains("Action=GetCallerIdentity");
    let (status, answer) = if known { ("200 OK", CALLER) } else { ("403 Forbidden", DENIED) };
    let head = format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\nx-amzn-errortype: AccessDeniedException\r\ncontent-length: {}\r\n\r\n",
        answer.len()
    );
    stream.write_all(format!("{head}{answer}").as_bytes()).unwrap();
}
