//! The bundle that holds now and the one that is to hold, which are compared.

use std::collections::BTreeMap;

use evenkeel_ledger::{Ledger, LoadBundleError, VersionedRecord};
use evenkeel_rules::bundle::{BundleManifest, MANIFEST, PolicyBundle, sha256_hex};
use evenkeel_rules::policy::PolicyFile;

use super::errors::load_bundle_error;
use crate::common::exit::CommandError;
use crate::common::ledger::ledger_read_error;

/// A bundle's files by name, and what they compile to, if they do.
#[derive(Default)]
pub(super) struct BundleContents {
    pub(super) texts: BTreeMap<String, String>,
    pub(super) bundle: Option<PolicyBundle>,
}

/// A bundle that is to hold.
pub(super) struct NextBundle {
    /// The manifest's record.
    pub(super) record: Vec<u8>,
    pub(super) manifest: BundleManifest,
    pub(super) contents: BundleContents,
}

/// What the ledger holds.
#[derive(Default)]
pub(super) struct LiveBundle {
    /// The manifest's record, if there is one.
    pub(super) manifest_record: Option<VersionedRecord>,
    pub(super) version: Option<String>,
    pub(super) manifest: Option<BundleManifest>,
    pub(super) contents: BundleContents,
    /// Why it cannot be used, if it cannot. It can be replaced all the same.
    pub(super) defect: Option<String>,
}

impl LiveBundle {
    /// Reads it; of files that `next` has too, nothing is fetched.
    pub(super) async fn read_live(
        ledger: &Ledger,
        next: Option<&BundleContents>,
    ) -> Result<LiveBundle, CommandError> {
        let Some(seen) = ledger.read_versioned(MANIFEST).await.map_err(ledger_read_error)? else {
            return Ok(LiveBundle::default());
        };
        let mut live =
            LiveBundle { version: Some(sha256_hex(&seen.record)), ..LiveBundle::default() };
        match BundleManifest::parse_record(&seen.record) {
            Ok(manifest) => {
                match fetch_files(ledger, &manifest, next).await {
                    Ok(files) => live.compile_files(&files),
                    Err(error) => live.defect = Some(describe_defect(&error)?),
                }
                live.manifest = Some(manifest);
            }
            Err(error) => live.defect = Some(error.to_string()),
        }
        live.manifest_record = Some(seen);
        Ok(live)
    }

    fn compile_files(&mut self, files: &[PolicyFile]) {
        let text = |file: &PolicyFile| (file.name.clone(), file.text.clone());
        self.contents.texts = files.iter().map(text).collect();
        match PolicyBundle::compile_files(String::new(), files) {
            Ok(bundle) => self.contents.bundle = Some(bundle),
            Err(error) => self.defect = Some(error.to_string()),
        }
    }
}

/// What is wrong with the bundle; a ledger that cannot be reached is no fault of the bundle's.
fn describe_defect(error: &LoadBundleError) -> Result<String, CommandError> {
    match error {
        LoadBundleError::Ledger(ledger) if !ledger.is_absence() => Err(load_bundle_error(error)),
        _ => Ok(error.to_string()),
    }
}

async fn fetch_files(
    ledger: &Ledger,
    manifest: &BundleManifest,
    next: Option<&BundleContents>,
) -> Result<Vec<PolicyFile>, LoadBundleError> {
    let texts = next.into_iter().flat_map(|next| next.texts.values());
    let known: BTreeMap<String, &String> =
        texts.map(|text| (sha256_hex(text.as_bytes()), text)).collect();
    let (here, there): (BTreeMap<_, _>, BTreeMap<_, _>) =
        manifest.files.clone().into_iter().partition(|(_, digest)| known.contains_key(digest));
    let fetched = BundleManifest { files: there, ..BundleManifest::default() };
    let mut files = ledger.bundle_files(&fetched).await?;
    for (name, digest) in here {
        if let Some(text) = known.get(&digest) {
            files.push(PolicyFile { name, text: (*text).clone() });
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}
