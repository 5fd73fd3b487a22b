//! The ledger, with the credentials, the profile and the Region that a person's other AWS tools take.

use std::io::Error;
use std::path::Path;
use std::time::Duration;

use evenkeel_client::config::{CallLimits, load_config};
use evenkeel_ledger::{Ledger, LedgerError};

use crate::common::exit::CommandError;

/// Whoever is asked for credentials answers within this time.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(30);

/// The ledger at `place`: `s3://bucket/prefix`, or a folder.
pub(crate) async fn open_ledger(place: &str) -> Result<Ledger, CommandError> {
    let Some((bucket, prefix)) = Ledger::parse_bucket_location(place) else {
        let opened = Ledger::open_folder(Path::new(place));
        return opened.map_err(|error| CommandError::Usage(format!("{place}: {error}")));
    };
    let config = load_config(CallLimits::with_timeout(CREDENTIALS_TIMEOUT)).await;
    Ledger::open_bucket(&config, bucket, prefix)
        .map_err(|why| CommandError::io_error(format!("cannot reach {place}"))(Error::other(why)))
}

/// The ledger cannot be read.
pub(crate) fn ledger_read_error(error: LedgerError) -> CommandError {
    CommandError::io_error("cannot read the ledger")(std::io::Error::other(error))
}
