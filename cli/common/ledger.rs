//! The ledger, with the credentials, the profile and the Region that a person's other AWS tools take.

use std::io::Error;
use std::path::Path;
use std::time::Duration;

use evenkeel_client::config::{CallLimits, load_config};
use evenkeel_ledger::{Ledger, LedgerError};

use crate::common::exit::Stopped;

/// Whoever is asked for credentials answers within this time.
const PATIENCE: Duration = Duration::from_secs(30);

/// The ledger at `place`: `s3://bucket/prefix`, or a folder.
pub(crate) async fn open(place: &str) -> Result<Ledger, Stopped> {
    let Some((bucket, prefix)) = Ledger::bucket_of(place) else {
        let opened = Ledger::folder(Path::new(place));
        return opened.map_err(|error| Stopped::Usage(format!("{place}: {error}")));
    };
    let config = load_config(CallLimits::within(PATIENCE)).await;
    Ledger::s3(&config, bucket, prefix)
        .map_err(|why| Stopped::io(format!("cannot reach {place}"))(Error::other(why)))
}

/// The ledger cannot be read.
pub(crate) fn unreadable(error: LedgerError) -> Stopped {
    Stopped::io("cannot read the ledger")(std::io::Error::other(error))
}
