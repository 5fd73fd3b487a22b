//! Uploads a bundle: its files first, the manifest last, as it makes the others hold.

use evenkeel_ingest::{HISTORY, MANIFEST, Manifest, digest};
use evenkeel_ledger::Ledger;

use super::errors::{unusable, unwritten};
use super::live::{Live, Next};
use crate::common::exit::Stopped;
use crate::common::ledger::unreadable;

/// Lets the next bundle hold in the place of the live one. Says whether it does: it does not where somebody
/// else was faster.
pub(super) async fn put(ledger: &Ledger, live: &Live, next: &Next) -> Result<bool, Stopped> {
    for text in next.side.texts.values() {
        file(ledger, text).await?;
    }
    if let (Some(seen), Some(version)) = (&live.seen, &live.version) {
        let key = format!("{HISTORY}/{version}.json");
        ledger.claim(&key, &seen.record).await.map_err(unwritten)?;
    }
    ledger.replace(MANIFEST, live.seen.as_ref(), &next.record).await.map_err(unwritten)
}

/// Uploads a file, unless it is there.
async fn file(ledger: &Ledger, text: &str) -> Result<(), Stopped> {
    let key = Manifest::key_of(&digest(text.as_bytes())).map_err(|error| unusable(&error))?;
    // Asked first: a file that is there need not be sent.
    let found = match ledger.find(&key).await.map_err(unreadable)? {
        Some(found) => found,
        None if ledger.claim(&key, text.as_bytes()).await.map_err(unwritten)? => return Ok(()),
        None => ledger.read(&key).await.map_err(unreadable)?,
    };
    if found == text.as_bytes() {
        return Ok(());
    }
    let message = format!("`{key}` holds something else than its name says: remove it first");
    Err(Stopped::Wrong(message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::deploy_bundle::live::Side;

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
            let kept = format!("{HISTORY}/{}.json", live.version.unwrap());
            assert_eq!(ledger.read(&kept).await.unwrap(), live.seen.unwrap().record);
        });
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
