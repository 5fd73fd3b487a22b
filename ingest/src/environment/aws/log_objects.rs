//! Log objects in S3, read as they come.

use std::io::{self, Read};
use std::time::Duration;

use aws_config::{Region, SdkConfig};
use bytes::{Buf, Bytes};
use evenkeel_client::environment::find_setting;
use evenkeel_ledger::s3_builder;
use futures_util::StreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use tokio::sync::mpsc::{Receiver, channel};

use crate::environment::{CloudContextError, ObjectBytes};
use crate::payload::LogObject;

/// The largest log object, compressed: 50 MB, and a margin.
///
/// Source: AWS CloudTrail User Guide, "CloudTrail log file examples"; AWS Config has smaller ones.
const MAX_OBJECT_BYTES: u64 = 64 << 20;

/// The time that an object may take, all of it.
const OBJECT_TIMEOUT: Duration = Duration::from_mins(2);

/// Where the bucket of a trail is: a notice of its files does not tell.
const TRAIL_REGION: &str = "EVENKEEL_TRAIL_REGION";

/// So many pieces may wait to be judged.
const MAX_WAITING_PIECES: usize = 16;

/// Opens an object; its bytes come while they are read.
pub(super) async fn open_object_stream(
    config: &SdkConfig,
    object: &LogObject,
) -> Result<ObjectBytes, CloudContextError> {
    let name = format!("s3://{}/{}", object.bucket, object.key);
    let fail = |error: object_store::Error| CloudContextError::Object {
        object: name.clone(),
        is_retryable: matches!(error, object_store::Error::Generic { .. }),
        why: error.to_string(),
    };
    let store = build_object_store(config, object).map_err(fail)?;
    let key = Path::parse(&object.key).map_err(|error| fail(error.into()))?;
    let found = store.get(&key).await.map_err(fail)?;
    if found.meta.size > MAX_OBJECT_BYTES {
        return Err(CloudContextError::ObjectTooLarge { object: name, size: found.meta.size });
    }
    let mut pieces = found.into_stream();
    let (send, receive) = channel(MAX_WAITING_PIECES);
    tokio::spawn(async move {
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(io::Error::other);
            // Nobody reads on: an error was seen, or the invocation is over.
            if send.send(piece).await.is_err() {
                return;
            }
        }
    });
    Ok(Box::new(ObjectPieces { receive, piece: Bytes::new() }))
}

fn build_object_store(
    config: &SdkConfig,
    object: &LogObject,
) -> Result<impl ObjectStore + use<>, object_store::Error> {
    let region = object.region.clone().or_else(|| find_setting(TRAIL_REGION)).map(Region::new);
    let region = region.or_else(|| config.region().cloned());
    let config = config.to_builder().region(region).build();
    s3_builder(&config, &object.bucket, OBJECT_TIMEOUT).build()
}

/// Pieces of an object, one after the other.
struct ObjectPieces {
    receive: Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

impl Read for ObjectPieces {
    /// Waits for more: to be called from a thread that may wait.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.receive.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let count = self.piece.len().min(buffer.len());
        let Some(room) = buffer.get_mut(..count) else { return Ok(0) };
        self.piece.copy_to_slice(room);
        Ok(count)
    }
}
