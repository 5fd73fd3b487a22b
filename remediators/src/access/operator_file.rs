//! Loads the operator's settings for remediations from the bundle in the ledger.

use evenkeel_ledger::{Ledger, LedgerError, LoadBundleError};
use evenkeel_rules::bundle::{BundleManifest, FileKind, MANIFEST};
use evenkeel_rules::operator_settings::{OPERATOR_SETTINGS, OperatorSettings};

/// The reason why the operator's settings cannot be loaded. No remediation begins without them,
/// because they can exclude it.
#[derive(Debug, thiserror::Error)]
pub enum OperatorFileError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The manifest of the bundle or the file is not valid. Contains the reason.
    #[error("`{OPERATOR_SETTINGS}` in the bundle cannot be used: {0}; deploy a valid bundle")]
    Invalid(String),
}

/// Loads the operator's settings. Without a bundle, or without the file, the defaults apply.
///
/// # Errors
/// [`OperatorFileError`] if the ledger cannot be read, or the file is not valid.
pub async fn load_operator_settings(
    ledger: &Ledger,
) -> Result<OperatorSettings, OperatorFileError> {
    let Some(manifest) = ledger.find_record(MANIFEST).await? else {
        return Ok(OperatorSettings::default());
    };
    let manifest = BundleManifest::parse_record(&manifest)
        .map_err(|error| OperatorFileError::Invalid(error.to_string()))?;
    let Some((name, digest)) = manifest.files_by_kind(FileKind::OperatorSettings).next() else {
        return Ok(OperatorSettings::default());
    };
    let file = match ledger.bundle_file(name, digest).await {
        Ok(file) => file,
        Err(LoadBundleError::Ledger(error)) => return Err(error.into()),
        Err(LoadBundleError::Bundle(error)) => {
            return Err(OperatorFileError::Invalid(error.to_string()));
        }
    };
    OperatorSettings::parse_file(&file.name, &file.text).map_err(|errors| {
        let first = errors.into_iter().next().map(|error| error.message);
        OperatorFileError::Invalid(first.unwrap_or_default())
    })
}
