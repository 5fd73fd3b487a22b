//! Lets the next bundle hold.

use evenkeel_ledger::Ledger;

use super::errors::unpublished;
use super::live::{Live, Next};
use crate::common::exit::Stopped;

/// Lets the next bundle hold in the place of the live one. Says whether it does: it does not where somebody
/// else was faster.
pub(super) async fn put(ledger: &Ledger, live: &Live, next: &Next) -> Result<bool, Stopped> {
    let texts = next.side.texts.values().map(String::as_str);
    let published = ledger.publish_bundle(texts, live.seen.as_ref(), &next.record).await;
    published.map_err(unpublished)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::deploy_bundle::live::Side;
    use evenkeel_rules::bundle::{Manifest, digest, history_key};

    /// A bundle of one file that nothing compiles.
    fn next(text: &str, replaces: &Live) -> Next {
        let side = Side { texts: [("a.cel".to_owned(), text.to_owned())].into(), bundle: None };
        let files = [("a.cel".to_owned(), digest(text.as_bytes()))].into();
        let manifest = Manifest { files, checked_by: None, replaces: replaces.version.clone() };
        Next { record: manifest.record().unwrap(), manifest, side }
    }

    #[test]
    fn of_two_who_saw_the_same_bundle_one_deploys() {
        let folder = std::env::temp_dir().join(format!("evenkeel-publish-{}", std::process::id()));
        let ledger = Ledger::folder(&folder).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let none = Live::read(&ledger, None).await.unwrap();
            assert!(put(&ledger, &none, &next("1", &none)).await.unwrap());
            assert!(!put(&ledger, &none, &next("2", &none)).await.unwrap());
            let live = Live::read(&ledger, None).await.unwrap();
            assert!(put(&ledger, &live, &next("3", &live)).await.unwrap());
            assert!(!put(&ledger, &live, &next("4", &live)).await.unwrap());
            let now = Live::read(&ledger, None).await.unwrap();
            assert_eq!(now.side.texts["a.cel"], "3");
            let kept = history_key(&live.version.unwrap());
            assert_eq!(ledger.read(&kept).await.unwrap(), live.seen.unwrap().record);
        });
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
