//! The active bundle, and the next bundle that a deployment compares with it.

use std::collections::BTreeMap;

use evenkeel_ledger::{Ledger, LoadBundleError, VersionedRecord};
use evenkeel_rules::bundle::{BundleManifest, MANIFEST, PolicyBundle, sha256_hex};
use evenkeel_rules::policy::PolicyFile;

use super::errors::load_bundle_error;
use crate::common::exit::CommandError;
use crate::common::ledger::ledger_read_error;

/// The texts of a bundle's files by name, and the compiled bundle if they compile.
#[derive(Default)]
pub(super) struct BundleContents {
    pub(super) texts: BTreeMap<String, String>,
    pub(super) bundle: Option<PolicyBundle>,
}

/// A bundle to deploy.
pub(super) struct NextBundle {
    /// The record of the manifest.
    pub(super) record: Vec<u8>,
    pub(super) manifest: BundleManifest,
    pub(super) contents: BundleContents,
}

/// The active bundle of a ledger.
#[derive(Default)]
pub(super) struct LiveBundle {
    /// The record of the manifest, if there is one.
    pub(super) manifest_record: Option<VersionedRecord>,
    pub(super) version: Option<String>,
    pub(super) manifest: Option<BundleManifest>,
    pub(super) contents: BundleContents,
    /// The cause if the bundle is broken. A broken bundle can be replaced.
    pub(super) defect: Option<String>,
}

impl LiveBundle {
    /// Reads the active bundle. Files that `next` also contains are not fetched.
    ///
    /// # Errors
    /// [`CommandError::Io`] if the ledger cannot be read.
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

    /// Compiles the files, and sets the defect if they do not compile.
    fn compile_files(&mut self, files: &[PolicyFile]) {
        let text = |file: &PolicyFile| (file.name.clone(), file.text.clone());
        self.contents.texts = files.iter().map(text).collect();
        match PolicyBundle::compile_files(String::new(), files) {
            Ok(bundle) => self.contents.bundle = Some(bundle),
            Err(error) => self.defect = Some(error.to_string()),
        }
    }
}

/// Describes the defect of a bundle.
///
/// # Errors
/// [`CommandError`] if the cause is not the bundle, but a ledger that cannot be reached.
fn describe_defect(error: &LoadBundleError) -> Result<String, CommandError> {
    match error {
        LoadBundleError::Ledger(ledger) if !ledger.is_absence() => Err(load_bundle_error(error)),
        _ => Ok(error.to_string()),
    }
}

/// Fetches the files of a manifest. The texts of `next` are used for files with the same digest.
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
