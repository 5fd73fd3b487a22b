//! Streams log objects from S3.

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

/// The maximum size of a compressed log object, in bytes (64 MiB). CloudTrail writes objects of at
/// most 50 MB. The objects of AWS Config are smaller.
///
/// Source: AWS CloudTrail User Guide, "CloudTrail log file examples".
const MAX_OBJECT_BYTES: u64 = 64 << 20;

/// The time limit for one object.
const OBJECT_TIMEOUT: Duration = Duration::from_mins(2);

/// The environment variable with the Region of the trail's bucket. The variable is necessary if the
/// bucket is in another Region than the function, because CloudTrail's notice of new log files does
/// not contain the Region.
const TRAIL_REGION: &str = "EVENKEEL_TRAIL_REGION";

/// The maximum number of received pieces that wait for the reader. The download pauses when this
/// number is reached.
const MAX_WAITING_PIECES: usize = 16;

/// Opens an object, and downloads its bytes in the background while the caller reads them.
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
    let response = store.get(&key).await.map_err(fail)?;
    if response.meta.size > MAX_OBJECT_BYTES {
        return Err(CloudContextError::ObjectTooLarge { object: name, size: response.meta.size });
    }
    let mut pieces = response.into_stream();
    let (send, receive) = channel(MAX_WAITING_PIECES);
    tokio::spawn(async move {
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(io::Error::other);
            // The send fails if the reader was dropped: the reader found an error, or the
            // invocation ended.
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

/// A reader of the pieces of an object.
struct ObjectPieces {
    receive: Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

impl Read for ObjectPieces {
    /// Reads from the next piece, and blocks the thread until the piece arrives. Therefore `read`
    /// must not be called from an async task.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.receive.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let count = self.piece.len().min(buffer.len());
        let Some(target) = buffer.get_mut(..count) else { return Ok(0) };
        self.piece.copy_to_slice(target);
        Ok(count)
    }
}
