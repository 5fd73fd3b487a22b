//! Finds the current record of a finding.
//!
//! A finding can have several records. Each revision is in the same folder as the first record,
//! with the same uid. A replay writes another record of the finding in the folder of the replay.
//! The current record is the record that was written last.

use crate::{Ledger, LedgerError, MAX_REVISIONS, revision_key};
use std::collections::{BTreeMap, BTreeSet};

/// The folders of findings, in the order of the search: findings of live events, then those of
/// replays.
const FINDING_FOLDERS: [&str; 2] = ["findings", "runs"];

/// The current record of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingRecord {
    /// The key of the record in the ledger.
    pub key: String,
    /// The content of the record: an OCSF Compliance Finding, as JSON.
    pub bytes: Vec<u8>,
}

/// The reason why no record of a finding was found.
#[derive(Debug, thiserror::Error)]
pub enum FindingError {
    /// The ledger contains no finding with this uid, this beginning of a uid, or this key.
    #[error("the ledger has no finding `{0}`; check the uid or the key")]
    Unknown(String),
    /// The uids of several findings begin with the text.
    #[error("`{beginning}` matches the uids of {count} findings; use more characters of the uid")]
    Ambiguous {
        /// The beginning of a uid that the caller passed.
        beginning: String,
        /// The number of findings whose uid begins with the text.
        count: usize,
    },
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Ledger {
    /// Finds the current record of a finding. `finding` is a uid, the beginning of the uid of
    /// exactly one finding, or the key of a record. A key is faster than a uid, because the
    /// function does not list all findings.
    ///
    /// # Errors
    /// Returns [`FindingError::Unknown`] if there is no such finding, [`FindingError::Ambiguous`]
    /// if there are several, and [`FindingError::Ledger`] if the ledger cannot be read.
    pub async fn find_finding(&self, finding: &str) -> Result<FindingRecord, FindingError> {
        if finding.contains('/') {
            return match self.latest_revision(finding).await {
                Err(error) if error.is_absence() => Err(FindingError::Unknown(finding.to_owned())),
                other => Ok(other?),
            };
        }
        for place in FINDING_FOLDERS {
            let keys = self.list_keys(place).await?;
            let matching = find_matching_keys(&keys, finding);
            let uids: BTreeSet<&str> = matching.iter().map(|(uid, _)| *uid).collect();
            let chosen = match uids.len() {
                0 => continue,
                1 => uids.first(),
                _ => uids.get(finding),
            };
            let Some(chosen) = chosen else {
                let (beginning, count) = (finding.to_owned(), uids.len());
                return Err(FindingError::Ambiguous { beginning, count });
            };
            let keys = matching.iter().filter(|(uid, _)| uid == chosen).map(|(_, key)| *key);
            let key = self.find_last_written(keys).await?.to_owned();
            let bytes = self.read_record(&key).await?;
            return Ok(FindingRecord { key, bytes });
        }
        Err(FindingError::Unknown(finding.to_owned()))
    }

    /// Reads the latest revision of the record `key`. `key` may be the key of a revision.
    ///
    /// # Errors
    /// Returns [`LedgerError::Store`] if the record `key` does not exist or the store fails.
    pub async fn latest_revision(&self, key: &str) -> Result<FindingRecord, LedgerError> {
        let mut latest = FindingRecord { key: key.to_owned(), bytes: self.read_record(key).await? };
        let (first, revision) = first_record_key(key);
        for later in revision.saturating_add(1)..=MAX_REVISIONS {
            let key = revision_key(&first, later);
            let Some(bytes) = self.find_record(&key).await? else { break };
            latest = FindingRecord { key, bytes };
        }
        Ok(latest)
    }

    /// Returns the key of the record of a finding that was written last. In each folder, this is
    /// the record with the highest revision number. If several folders contain records, the
    /// function compares the times at which the store wrote these records.
    async fn find_last_written<'k>(
        &self,
        keys: impl Iterator<Item = &'k str>,
    ) -> Result<&'k str, LedgerError> {
        let mut highest: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
        for key in keys {
            let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
            let revision = (parse_record_key(key).map_or(0, |(_, revision)| revision), key);
            let known = highest.entry(folder).or_insert(revision);
            *known = revision.max(*known);
        }
        let mut last = (i64::MIN, "");
        let several = highest.len() > 1;
        for (_, key) in highest.into_values() {
            let written = if several { self.written_at(key).await? } else { 0 };
            last = last.max((written, key));
        }
        Ok(last.1)
    }
}

/// Returns the uid and the key of each finding record whose uid begins with `beginning`.
fn find_matching_keys<'k>(keys: &'k [String], beginning: &str) -> Vec<(&'k str, &'k str)> {
    let keys = keys.iter().filter(|key| key.split('/').any(|part| part == "findings"));
    let with_uids = keys.filter_map(|key| Some((parse_record_key(key)?.0, key.as_str())));
    with_uids.filter(|(uid, _)| !beginning.is_empty() && uid.starts_with(beginning)).collect()
}

/// Returns the uid and the revision number in the key of a finding record. The first record has the
/// number 0.
fn parse_record_key(key: &str) -> Option<(&str, usize)> {
    let name = key.rsplit('/').next()?.strip_suffix(".json")?;
    match name.rsplit_once(".r") {
        Some((uid, number)) => Some((uid, number.parse().ok()?)),
        None => Some((name, 0)),
    }
}

/// Returns the key of the first record, and the revision number of `key`.
fn first_record_key(key: &str) -> (String, usize) {
    match parse_record_key(key) {
        Some((uid, revision)) if revision > 0 => {
            let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
            (format!("{folder}/{uid}.json"), revision)
        }
        _ => (key.to_owned(), 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: &str = "findings/region=r/account=1/day=d";
    const RUN: &str = "runs/1/findings/region=r/account=1/day=d";

    /// Creates a ledger in a temporary folder with a record for each key, whose content is the key.
    /// Returns the result of `look` for this ledger.
    fn within<T>(name: &str, keys: &[String], look: impl AsyncFnOnce(Ledger) -> T) -> T {
        let name = format!("evenkeel-findings-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let found = runtime.block_on(async {
            let ledger = Ledger::open_folder(&folder).unwrap();
            for key in keys {
                assert!(ledger.claim_key(key, key.as_bytes()).await.unwrap());
            }
            look(ledger).await
        });
        std::fs::remove_dir_all(&folder).unwrap();
        found
    }

    #[test]
    fn an_exact_uid_has_priority_and_its_latest_revision_is_current() {
        let names = ["a1", "a1.r1", "a1.r2", "a1.r10", "a12", "b"];
        let keys: Vec<String> = names.iter().map(|name| format!("{FOLDER}/{name}.json")).collect();
        within("exact", &keys, async |ledger| {
            let key = async |finding: &str| {
                let found = ledger.find_finding(finding).await;
                found.map(|found| {
                    assert_eq!(found.bytes, found.key.as_bytes());
                    found.key.rsplit_once('/').unwrap().1.to_owned()
                })
            };
            assert_eq!(key("a1").await.unwrap(), "a1.r10.json", "and not the record of `a12`");
            assert_eq!(key("a12").await.unwrap(), "a12.json");
            assert_eq!(key("b").await.unwrap(), "b.json");
            let error = key("a").await.unwrap_err().to_string();
            assert!(error.contains("`a` matches the uids of 2 findings"), "{error}");
            for unknown in ["c", "", "a1.r1"] {
                let error = key(unknown).await.unwrap_err();
                assert!(matches!(error, FindingError::Unknown(_)), "{unknown}: {error}");
            }
        });
    }

    #[test]
    fn a_key_leads_to_the_latest_revision() {
        let names = ["a", "a.r1", "a.r2", "b"];
        let keys: Vec<String> = names.iter().map(|name| format!("{FOLDER}/{name}.json")).collect();
        within("key", &keys, async |ledger| {
            for (name, latest) in [("a", "a.r2"), ("a.r1", "a.r2"), ("a.r2", "a.r2"), ("b", "b")] {
                let key = format!("{FOLDER}/{name}.json");
                let found = ledger.latest_revision(&key).await.unwrap();
                assert_eq!(found.key, format!("{FOLDER}/{latest}.json"));
                assert_eq!(ledger.find_finding(&key).await.unwrap(), found);
            }
            let absent = format!("{FOLDER}/c.json");
            assert!(ledger.latest_revision(&absent).await.unwrap_err().is_absence());
            let error = ledger.find_finding(&absent).await.unwrap_err();
            assert!(matches!(error, FindingError::Unknown(_)), "{error}");
        });
    }

    #[test]
    fn a_live_finding_has_priority_over_findings_of_replays() {
        let mut keys = vec![format!("{RUN}/a.json"), "runs/1/summary.json".to_owned()];
        within("run", &keys, async |ledger| {
            assert_eq!(ledger.find_finding("a").await.unwrap().key, format!("{RUN}/a.json"));
            assert!(ledger.find_finding("summary").await.is_err(), "it is not a finding");
        });
        keys.push(format!("{FOLDER}/a.json"));
        within("live", &keys, async |ledger| {
            assert_eq!(ledger.find_finding("a").await.unwrap().key, format!("{FOLDER}/a.json"));
        });
    }
}
