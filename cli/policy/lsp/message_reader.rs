//! Reads messages: a header that says how long, and JSON.
//!
//! `lsp_server::Message::read` allocates as many bytes as a header says before it reads one, and ends the conversation at
//! the first message that is no JSON. Both are the editor's to choose, so this reader bounds the first and answers the
//! second.

use lsp_server::Message;
use std::io::{BufRead, ErrorKind, Read};

/// The longest message that is read: no document is longer, and nobody can make us allocate more.
const MAX_LENGTH: usize = 64 * 1024 * 1024;

/// What came over the wire.
#[derive(Debug)]
pub(super) enum IncomingMessage {
    /// A message.
    Message(Message),
    /// Something that is none, and why; the next message may be one.
    Malformed(String),
    /// The other end is gone.
    Closed,
}

/// Reads one message.
///
/// # Errors
/// When nothing can be read any more, or it cannot be told where the next message begins.
pub(super) fn read_message(input: &mut dyn BufRead) -> std::io::Result<IncomingMessage> {
    let Some(length) = read_header(input)? else { return Ok(IncomingMessage::Closed) };
    let mut bytes = vec![0; length];
    input.read_exact(&mut bytes)?;
    Ok(match serde_json::from_slice(&bytes) {
        Ok(message) => IncomingMessage::Message(message),
        Err(error) => IncomingMessage::Malformed(error.to_string()),
    })
}

/// The length that a header says; none at the end of the input.
fn read_header(input: &mut dyn BufRead) -> std::io::Result<Option<usize>> {
    let wrong = |why: &str| std::io::Error::new(ErrorKind::InvalidData, why.to_owned());
    let mut length = None;
    loop {
        let mut line = Vec::new();
        if input.take(1024).read_until(b'\n', &mut line)? == 0 {
            return if length.is_none() {
                Ok(None)
            } else {
                Err(wrong("a header that does not end"))
            };
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        if line.is_empty() {
            let length = length.ok_or_else(|| wrong("a header without `Content-Length`"))?;
            return if length <= MAX_LENGTH {
                Ok(Some(length))
            } else {
                Err(wrong("a message that is too long"))
            };
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("Content-Length")
        {
            length = Some(
                value.trim().parse().map_err(|_| wrong("a `Content-Length` that is no number"))?,
            );
        }
    }
}
