//! Publishes the next bundle in the ledger.

use evenkeel_ledger::Ledger;

use super::errors::publish_bundle_error;
use super::live_bundle::{LiveBundle, NextBundle};
use crate::common::exit::CommandError;

/// Publishes the next bundle in place of the active one. Returns `false` if another bundle was
/// deployed meanwhile.
///
/// # Errors
/// [`CommandError`] if the ledger cannot be read or written, or the bundle is invalid.
pub(super) async fn publish_next_bundle(
    ledger: &Ledger,
    live: &LiveBundle,
    next: &NextBundle,
) -> Result<bool, CommandError> {
    let texts = next.contents.texts.values().map(String::as_str);
    let published = ledger.publish_bundle(texts, live.manifest_record.as_ref(), &next.record).await;
    published.map_err(publish_bundle_error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::deploy_bundle::live_bundle::BundleContents;
    use evenkeel_rules::bundle::{BundleManifest, history_key, sha256_hex};

    /// Returns a bundle of one file, without a compiled form.
    fn next(text: &str, replaces: &LiveBundle) -> NextBundle {
        let contents =
            BundleContents { texts: [("a.cel".to_owned(), text.to_owned())].into(), bundle: None };
        let files = [("a.cel".to_owned(), sha256_hex(text.as_bytes()))].into();
        let manifest =
            BundleManifest { files, checked_by: None, replaces: replaces.version.clone() };
        NextBundle { record: manifest.to_record_bytes().unwrap(), manifest, contents }
    }

    #[test]
    fn only_one_of_two_concurrent_deployments_succeeds() {
        let folder = std::env::temp_dir().join(format!("evenkeel-publish-{}", std::process::id()));
        let ledger = Ledger::open_folder(&folder).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let none = LiveBundle::read_live(&ledger, None).await.unwrap();
            assert!(publish_next_bundle(&ledger, &none, &next("1", &none)).await.unwrap());
            assert!(!publish_next_bundle(&ledger, &none, &next("2", &none)).await.unwrap());
            let live = LiveBundle::read_live(&ledger, None).await.unwrap();
            assert!(publish_next_bundle(&ledger, &live, &next("3", &live)).await.unwrap());
            assert!(!publish_next_bundle(&ledger, &live, &next("4", &live)).await.unwrap());
            let now = LiveBundle::read_live(&ledger, None).await.unwrap();
            assert_eq!(now.contents.texts["a.cel"], "3");
            let kept = history_key(&live.version.unwrap());
            assert_eq!(
                ledger.read_record(&kept).await.unwrap(),
                live.manifest_record.unwrap().record
            );
        });
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
