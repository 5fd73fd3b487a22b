//! Bundles that held before: listed, and found again to be put back.

use std::collections::BTreeMap;

use evenkeel_ledger::Ledger;
use evenkeel_rules::bundle::{Bundle, HISTORY, Manifest, digest, history_key};

use super::errors::{broken, unusable};
use super::live::{Live, Next, Side};
use super::text;
use crate::common::exit::{Exit, Stopped};
use crate::common::ledger::unreadable;
use crate::common::terminal::print;

/// Lists the bundle that holds, those it came in the place of, and then the others.
pub(super) async fn list(ledger: &Ledger) -> Result<Exit, Stopped> {
    let live = Live::read(ledger, None).await?;
    let mut kept = BTreeMap::new();
    for version in versions(ledger).await? {
        let record = record(ledger, &version).await?;
        // One that was broken when it was replaced can be listed, and not put back.
        kept.insert(version, Manifest::read(&record).unwrap_or_default());
    }
    let mut out = String::new();
    let mut next = live.manifest.as_ref().and_then(|manifest| manifest.replaces.clone());
    if let Some((version, manifest)) = live.version.zip(live.manifest) {
        kept.remove(&version);
        out += &text::listed(&version, &manifest, true);
    }
    while let Some((version, manifest)) = next.and_then(|version| kept.remove_entry(&version)) {
        out += &text::listed(&version, &manifest, false);
        next = manifest.replaces;
    }
    for (version, manifest) in &kept {
        out += &text::listed(version, manifest, false);
    }
    print(if out.is_empty() { "no bundle was deployed\n" } else { &out })?;
    Ok(Exit::Well)
}

/// The bundle whose version begins so, or the one that the live one came in the place of. It must compile.
pub(super) async fn find(
    ledger: &Ledger,
    live: &Live,
    beginning: Option<&str>,
) -> Result<Next, Stopped> {
    let replaced = live.manifest.as_ref().and_then(|manifest| manifest.replaces.as_deref());
    let wanted = beginning.or(replaced).ok_or_else(|| {
        Stopped::Usage("no bundle was deployed before the one that holds".to_owned())
    })?;
    let kept = versions(ledger).await?;
    let fits: Vec<&String> = kept.iter().filter(|version| version.starts_with(wanted)).collect();
    let version = match fits.as_slice() {
        [version] if !wanted.is_empty() => *version,
        [] => {
            let message =
                format!("no bundle `{wanted}` was replaced: --history lists those that were");
            return Err(Stopped::Usage(message));
        }
        _ => return Err(Stopped::Usage(format!("`{wanted}` begins several bundles' versions"))),
    };
    let record = record(ledger, version).await?;
    let manifest = Manifest::read(&record).map_err(|error| broken(&error))?;
    let files = ledger.bundle_files(&manifest).await.map_err(|error| unusable(&error))?;
    let texts = files.iter().map(|file| (file.name.clone(), file.text.clone())).collect();
    let bundle = Bundle::compile(version.clone(), &files).map_err(|error| broken(&error))?;
    Ok(Next { record, manifest, side: Side { texts, bundle: Some(bundle) } })
}

/// The versions that are kept, in order.
async fn versions(ledger: &Ledger) -> Result<Vec<String>, Stopped> {
    let keys = ledger.list(HISTORY).await.map_err(unreadable)?;
    let version = |key: &String| {
        let name = key.rsplit('/').next()?;
        name.strip_suffix(".json").map(str::to_owned)
    };
    Ok(keys.iter().filter_map(version).collect())
}

async fn record(ledger: &Ledger, version: &str) -> Result<Vec<u8>, Stopped> {
    let key = history_key(version);
    let record = ledger.read(&key).await.map_err(unreadable)?;
    if digest(&record) == version {
        return Ok(record);
    }
    Err(Stopped::Wrong(format!("`{key}` holds something else than its name says")))
}
