//! A minimal stand-in for S3 and SNS: the ledger is empty, and every write succeeds.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

const PUBLISHED: &str =
    "<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>";

/// An HTTP request.
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

/// Reads a request. Returns `None` at the end of the connection.
pub(crate) fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Asked>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut length = 0;
    loop {
        let mut header = String::new();
        stream.read_line(&mut header)?;
        let header = header.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some(Asked { method, path, body }))
}

/// Starts the server, which answers with `object` for every S3 key outside of the ledger. Returns
/// the address of the server.
pub(crate) fn serve(object: Vec<u8>) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let object = Arc::new(object);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let object = Arc::clone(&object);
            thread::spawn(move || connection(stream, &object));
        }
    });
    Ok(address)
}

fn connection(stream: TcpStream, object: &[u8]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut output = stream.try_clone()?;
    let mut input = BufReader::new(stream);
    while let Some(asked) = read(&mut input)? {
        let (status, body): (&str, &[u8]) = match asked.method.as_str() {
            "POST" => ("200 OK", PUBLISHED.as_bytes()),
            "PUT" => ("200 OK", b""),
            _ if asked.path.contains("/ledger/") => ("404 Not Found", b""),
            _ => ("200 OK", object),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\netag: \"e\"\r\n\
             last-modified: Wed, 11 Mar 2026 12:00:00 GMT\r\n\r\n",
            body.len()
        );
        output.write_all(&[head.as_bytes(), body].concat())?;
    }
    Ok(())
}
