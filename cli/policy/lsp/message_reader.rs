//! Reads messages of the Language Server Protocol: a header with the length, and a JSON text.
//!
//! `lsp_server::Message::read` allocates the length of the header before it reads a byte, and ends
//! the session at the first message with invalid JSON. The editor controls both. This reader limits
//! the length, and returns invalid JSON as [`IncomingMessage::Malformed`].

use lsp_server::Message;
use std::io::{BufRead, ErrorKind, Read};

/// The maximum length of a message in bytes. It limits the memory that a header can allocate.
const MAX_LENGTH: usize = 64 * 1024 * 1024;

/// The result of one read.
#[derive(Debug)]
pub(super) enum IncomingMessage {
    /// A valid message.
    Message(Message),
    /// An invalid message, with the cause. The next message can be valid.
    Malformed(String),
    /// The editor has closed the connection.
    Closed,
}

/// Reads one message.
///
/// # Errors
/// [`std::io::Error`] if a read fails, or if the header is invalid, so that the start of the next
/// message is unknown.
pub(super) fn read_message(input: &mut dyn BufRead) -> std::io::Result<IncomingMessage> {
    let Some(length) = read_header(input)? else { return Ok(IncomingMessage::Closed) };
    let mut bytes = vec![0; length];
    input.read_exact(&mut bytes)?;
    Ok(match serde_json::from_slice(&bytes) {
        Ok(message) => IncomingMessage::Message(message),
        Err(error) => IncomingMessage::Malformed(error.to_string()),
    })
}

/// Reads a header, and returns the length of the message. Returns `None` at the end of the input.
///
/// # Errors
/// [`std::io::Error`] if a read fails, or if the header is invalid.
fn read_header(input: &mut dyn BufRead) -> std::io::Result<Option<usize>> {
    let invalid = |why: &str| std::io::Error::new(ErrorKind::InvalidData, why.to_owned());
    let mut length = None;
    loop {
        let mut line = Vec::new();
        if input.take(1024).read_until(b'\n', &mut line)? == 0 {
            return if length.is_none() {
                Ok(None)
            } else {
                Err(invalid("the header is incomplete"))
            };
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        if line.is_empty() {
            let length = length.ok_or_else(|| invalid("the header has no `Content-Length`"))?;
            return if length <= MAX_LENGTH {
                Ok(Some(length))
            } else {
                Err(invalid("the message is longer than 64 MiB"))
            };
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("Content-Length")
        {
            length = Some(
                value.trim().parse().map_err(|_| invalid("`Content-Length` is not a number"))?,
            );
        }
    }
}
