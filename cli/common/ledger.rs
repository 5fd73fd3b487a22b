//! Opens the ledger with the user's AWS credentials, profile and Region.

use std::io::Error;
use std::path::Path;
use std::time::Duration;

use evenkeel_client::config::{CallLimits, load_config};
use evenkeel_ledger::{Ledger, LedgerError};

use crate::common::exit::CommandError;

/// The timeout of a call for AWS credentials.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(30);

/// Opens the ledger at `place`: `s3://bucket/prefix`, or a folder.
///
/// # Errors
/// [`CommandError::Usage`] if the folder cannot be opened; [`CommandError::Io`] if the bucket's
/// client cannot be created.
pub(crate) async fn open_ledger(place: &str) -> Result<Ledger, CommandError> {
    let Some((bucket, prefix)) = Ledger::parse_bucket_location(place) else {
        let opened = Ledger::open_folder(Path::new(place));
        return opened.map_err(|error| CommandError::Usage(format!("{place}: {error}")));
    };
    let config = load_config(CallLimits::with_timeout(CREDENTIALS_TIMEOUT)).await;
    Ledger::open_bucket(&config, bucket, prefix)
        .map_err(|why| CommandError::io_error(format!("cannot reach {place}"))(Error::other(why)))
}

/// Converts an error of a read from the ledger.
pub(crate) fn ledger_read_error(error: LedgerError) -> CommandError {
    CommandError::io_error("cannot read the ledger")(std::io::Error::other(error))
}
