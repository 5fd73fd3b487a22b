//! The history of bundles: lists earlier bundles, and finds one for a rollback.

use std::collections::BTreeMap;

use evenkeel_ledger::Ledger;
use evenkeel_rules::bundle::{BundleManifest, HISTORY, PolicyBundle, history_key, sha256_hex};

use super::change_report;
use super::errors::{invalid_bundle_error, load_bundle_error};
use super::live_bundle::{BundleContents, LiveBundle, NextBundle};
use crate::common::exit::{CommandError, ExitStatus};
use crate::common::ledger::ledger_read_error;
use crate::common::terminal::print_stdout;

/// Prints the active bundle, the bundles that it replaced, and then all other bundles.
///
/// # Errors
/// [`CommandError`] if the ledger cannot be read, or a record does not match its digest.
pub(super) async fn list_bundles(ledger: &Ledger) -> Result<ExitStatus, CommandError> {
    let live = LiveBundle::read_live(ledger, None).await?;
    let mut kept = BTreeMap::new();
    for version in list_versions(ledger).await? {
        let record = read_manifest_record(ledger, &version).await?;
        // The history also has bundles that were broken. They are listed, but a rollback to them
        // fails.
        kept.insert(version, BundleManifest::parse_record(&record).unwrap_or_default());
    }
    let mut out = String::new();
    let mut next = live.manifest.as_ref().and_then(|manifest| manifest.replaces.clone());
    if let Some((version, manifest)) = live.version.zip(live.manifest) {
        kept.remove(&version);
        out += &change_report::render_history_line(&version, &manifest, true);
    }
    while let Some((version, manifest)) = next.and_then(|version| kept.remove_entry(&version)) {
        out += &change_report::render_history_line(&version, &manifest, false);
        next = manifest.replaces;
    }
    for (version, manifest) in &kept {
        out += &change_report::render_history_line(version, manifest, false);
    }
    print_stdout(if out.is_empty() { "no bundle was deployed\n" } else { &out })?;
    Ok(ExitStatus::Success)
}

/// Finds an earlier bundle by the prefix of its version. Without a prefix, finds the bundle that
/// the active one replaced.
///
/// # Errors
/// [`CommandError::Usage`] if no bundle or several bundles match; [`CommandError::Invalid`] if the
/// bundle does not compile; [`CommandError::Io`] if the ledger cannot be read.
pub(super) async fn find_replaced_bundle(
    ledger: &Ledger,
    live: &LiveBundle,
    prefix: Option<&str>,
) -> Result<NextBundle, CommandError> {
    let replaced = live.manifest.as_ref().and_then(|manifest| manifest.replaces.as_deref());
    let prefix = prefix.or(replaced).ok_or_else(|| {
        CommandError::Usage("no bundle was deployed before the active one".to_owned())
    })?;
    let kept = list_versions(ledger).await?;
    let matching: Vec<&String> =
        kept.iter().filter(|version| version.starts_with(prefix)).collect();
    let version = match matching.as_slice() {
        [version] if !prefix.is_empty() => *version,
        [] => {
            let message =
                format!("no earlier bundle begins with `{prefix}`; use --history for a list");
            return Err(CommandError::Usage(message));
        }
        _ => {
            return Err(CommandError::Usage(format!(
                "several bundles begin with `{prefix}`; use a longer prefix"
            )));
        }
    };
    let record = read_manifest_record(ledger, version).await?;
    let manifest =
        BundleManifest::parse_record(&record).map_err(|error| invalid_bundle_error(&error))?;
    let files = ledger.bundle_files(&manifest).await.map_err(|error| load_bundle_error(&error))?;
    let texts = files.iter().map(|file| (file.name.clone(), file.text.clone())).collect();
    let bundle = PolicyBundle::compile_files(version.clone(), &files)
        .map_err(|error| invalid_bundle_error(&error))?;
    Ok(NextBundle { record, manifest, contents: BundleContents { texts, bundle: Some(bundle) } })
}

/// Returns the versions in the history, sorted.
async fn list_versions(ledger: &Ledger) -> Result<Vec<String>, CommandError> {
    let keys = ledger.list_keys(HISTORY).await.map_err(ledger_read_error)?;
    let version = |key: &String| {
        let name = key.rsplit('/').next()?;
        name.strip_suffix(".json").map(str::to_owned)
    };
    Ok(keys.iter().filter_map(version).collect())
}

/// Reads the manifest of an earlier bundle, and verifies its digest.
async fn read_manifest_record(ledger: &Ledger, version: &str) -> Result<Vec<u8>, CommandError> {
    let key = history_key(version);
    let record = ledger.read_record(&key).await.map_err(ledger_read_error)?;
    if sha256_hex(&record) == version {
        return Ok(record);
    }
    Err(CommandError::Invalid(format!("`{key}` does not match the digest in its name")))
}
