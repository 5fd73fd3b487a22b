//! The bundle that holds now and the one that is to hold, which are compared.

use std::collections::BTreeMap;

use evenkeel_ledger::{Ledger, LoadBundleError, Seen};
use evenkeel_rules::bundle::{Bundle, MANIFEST, Manifest, digest};
use evenkeel_rules::policy::PolicyFile;

use super::errors::unusable;
use crate::common::exit::Stopped;
use crate::common::ledger::unreadable;

/// A bundle's files by name, and what they compile to, if they do.
#[derive(Default)]
pub(super) struct Side {
    pub(super) texts: BTreeMap<String, String>,
    pub(super) bundle: Option<Bundle>,
}

/// A bundle that is to hold.
pub(super) struct Next {
    /// The manifest's record.
    pub(super) record: Vec<u8>,
    pub(super) manifest: Manifest,
    pub(super) side: Side,
}

/// What the ledger holds.
#[derive(Default)]
pub(super) struct Live {
    /// The manifest's record, if there is one.
    pub(super) seen: Option<Seen>,
    pub(super) version: Option<String>,
    pub(super) manifest: Option<Manifest>,
    pub(super) side: Side,
    /// Why it cannot be used, if it cannot. It can be replaced all the same.
    pub(super) broken: Option<String>,
}

impl Live {
    /// Reads it; of files that `next` has too, nothing is fetched.
    pub(super) async fn read(ledger: &Ledger, next: Option<&Side>) -> Result<Live, Stopped> {
        let Some(seen) = ledger.see(MANIFEST).await.map_err(unreadable)? else {
            return Ok(Live::default());
        };
        let mut live = Live { version: Some(digest(&seen.record)), ..Live::default() };
        match Manifest::read(&seen.record) {
            Ok(manifest) => {
                match files(ledger, &manifest, next).await {
                    Ok(files) => live.take(&files),
                    Err(error) => live.broken = Some(fault(&error)?),
                }
                live.manifest = Some(manifest);
            }
            Err(error) => live.broken = Some(error.to_string()),
        }
        live.seen = Some(seen);
        Ok(live)
    }

    fn take(&mut self, files: &[PolicyFile]) {
        let text = |file: &PolicyFile| (file.name.clone(), file.text.clone());
        self.side.texts = files.iter().map(text).collect();
        match Bundle::compile(String::new(), files) {
            Ok(bundle) => self.side.bundle = Some(bundle),
            Err(error) => self.broken = Some(error.to_string()),
        }
    }
}

/// What is wrong with the bundle; a ledger that cannot be reached is no fault of the bundle's.
fn fault(error: &LoadBundleError) -> Result<String, Stopped> {
    match error {
        LoadBundleError::Ledger(ledger) if !ledger.is_absence() => Err(unusable(error)),
        _ => Ok(error.to_string()),
    }
}

async fn files(
    ledger: &Ledger,
    manifest: &Manifest,
    next: Option<&Side>,
) -> Result<Vec<PolicyFile>, LoadBundleError> {
    let texts = next.into_iter().flat_map(|next| next.texts.values());
    let known: BTreeMap<String, &String> =
        texts.map(|text| (digest(text.as_bytes()), text)).collect();
    let (here, there): (BTreeMap<_, _>, BTreeMap<_, _>) =
        manifest.files.clone().into_iter().partition(|(_, digest)| known.contains_key(digest));
    let fetched = Manifest { files: there, ..Manifest::default() };
    let mut files = ledger.bundle_files(&fetched).await?;
    for (name, digest) in here {
        if let Some(text) = known.get(&digest) {
            files.push(PolicyFile { name, text: (*text).clone() });
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}
