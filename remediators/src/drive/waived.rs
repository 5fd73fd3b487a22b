//! Waivers that hold now: somebody may have accepted a finding after it was written.

use std::collections::BTreeMap;
use std::path::Path;

use evenkeel_rules::Waivers;
use serde::Deserialize;

use super::{Drive, DriveError, Driven};
use crate::record::digest_of;
use crate::refusal_reason::RefusalReason;
use crate::violation::Violation;

/// The bundle's list of files, which the evaluate function reads as well.
const MANIFEST: &str = "bundle/manifest.json";

#[derive(Deserialize)]
struct Manifest {
    files: BTreeMap<String, String>,
}

impl Drive {
    /// Why a waiver lets nothing be done; also where one cannot be read.
    pub(super) async fn waived(&self, violation: &Violation) -> Driven<Option<RefusalReason>> {
        let Some(manifest) = self.ledger.find(MANIFEST).await? else { return Ok(None) };
        let manifest: Manifest = serde_json::from_slice(&manifest)
            .map_err(|error| DriveError::Record(MANIFEST.to_owned(), error))?;
        let files = manifest.files.into_iter();
        let mut finding = violation.told.clone();
        for (name, digest) in files.filter(|(name, _)| is_waiver(name)) {
            let content = self.ledger.read(&format!("bundle/files/{digest}")).await?;
            let waivers = if digest_of(&content) == digest {
                Waivers::read(&name, &String::from_utf8_lossy(&content))
            } else {
                Err("it is not the file that the manifest names".to_owned())
            };
            let held = waivers.and_then(|waivers| waivers.apply(&mut finding));
            if let Err(error) = held {
                return Ok(Some(RefusalReason::WaiversUnreadable { file: name, error }));
            }
        }
        Ok(finding
            .suppressed
            .map(|one| RefusalReason::Waived { waiver: one.waiver, reason: one.reason }))
    }
}

fn is_waiver(name: &str) -> bool {
    let path = Path::new(name);
    let within = path.parent().and_then(Path::file_name);
    within.is_some_and(|folder| folder == "waivers")
        && path.extension().is_some_and(|ending| ending == "yaml")
}
