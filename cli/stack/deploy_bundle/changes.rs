//! What another bundle changes: files, what is watched and repaired, settings, waivers.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_rules::bundle::{BundleManifest, FileKind, PolicyBundle, sha256_hex};
use evenkeel_rules::policy::RemediationMode;
use evenkeel_rules::{WaiverTerms, parse_epoch_millis};
use serde::Serialize;
use serde_json::Value;
use similar::TextDiff;

use super::live_bundle::{LiveBundle, NextBundle};

/// How long before its end a waiver is named.
const WAIVER_WARNING_PERIOD: i64 = 14 * MILLISECONDS_PER_DAY;
const MILLISECONDS_PER_DAY: i64 = 86_400_000;

/// All that differs between the bundle that holds and the next.
#[derive(Debug, Serialize)]
pub(super) struct BundleChanges {
    /// The version that holds, if there is one.
    pub(super) from: Option<String>,
    /// The next; the same where nothing changes.
    pub(super) to: String,
    /// Why the one that holds cannot be compared in full.
    pub(super) broken: Option<String>,
    /// What may be done about a policy's findings.
    pub(super) modes: Vec<ModeChange>,
    pub(super) files: Vec<FileChange>,
    pub(super) waivers: Vec<ValueChange<WaiverTerms>>,
    /// Waivers of the next bundle that have ended, or end soon.
    pub(super) ending: Vec<WaiverEnding>,
    pub(super) settings: Vec<SettingChange>,
    /// Events that no policy watched before, and resource types.
    pub(super) watched: Vec<String>,
    /// Those that no policy watches any more.
    pub(super) unwatched: Vec<String>,
    pub(super) checked_by: ValueChange<String>,
}

/// Something before and after; absent before where it is new, absent after where it is gone.
#[derive(Debug, Serialize)]
pub(super) struct ValueChange<T> {
    pub(super) before: Option<T>,
    pub(super) after: Option<T>,
}

#[derive(Debug, Serialize)]
pub(super) struct ModeChange {
    pub(super) policy: String,
    pub(super) before: Option<RemediationMode>,
    pub(super) after: Option<RemediationMode>,
}

#[derive(Debug, Serialize)]
pub(super) struct FileChange {
    pub(super) name: String,
    pub(super) what: FileChangeKind,
    /// A unified diff. Of waivers and settings there is none: what they mean is told, and reasons are not
    /// for whoever reads a build's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) diff: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FileChangeKind {
    Added,
    Removed,
    Changed,
}

#[derive(Debug, Serialize)]
pub(super) struct WaiverEnding {
    pub(super) waiver: String,
    pub(super) expires: String,
    pub(super) ended: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct SettingChange {
    pub(super) policy: String,
    pub(super) parameter: String,
    /// The values in effect, defaults among them; absent where there is no such policy.
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
}

impl BundleChanges {
    /// What differs; `now` tells which waivers end soon.
    pub(super) fn between_bundles(live: &LiveBundle, next: &NextBundle, now: i64) -> BundleChanges {
        let held = live.manifest.as_ref().filter(|_| live.defect.is_none());
        let same = held.is_some_and(|held| {
            held.files == next.manifest.files && held.checked_by == next.manifest.checked_by
        });
        let version = live.version.clone();
        let to = version.clone().filter(|_| same).unwrap_or_else(|| sha256_hex(&next.record));
        let (before, after) = (live.contents.bundle.as_ref(), next.contents.bundle.as_ref());
        let (old, new) = (list_watched_events(before), list_watched_events(after));
        let comparable = before.is_some() || live.version.is_none();
        let told = |of: Option<&PolicyBundle>| of.map(index_policies).unwrap_or_default();
        let (told_before, told_after) = (told(before), told(after));
        let checked_by = |manifest: Option<&BundleManifest>| manifest?.checked_by.clone();
        BundleChanges {
            from: version,
            to,
            broken: live.defect.clone(),
            modes: compare_modes(&told_before, &told_after),
            files: compare_files(live, next),
            waivers: if comparable { compare_waivers(before, after) } else { Vec::new() },
            ending: find_ending_waivers(after, now),
            settings: compare_settings(&told_before, &told_after),
            watched: if comparable { new.difference(&old).cloned().collect() } else { Vec::new() },
            unwatched: old.difference(&new).cloned().collect(),
            checked_by: ValueChange {
                before: checked_by(live.manifest.as_ref()),
                after: next.manifest.checked_by.clone(),
            },
        }
    }

    /// Whether there is anything to deploy.
    pub(super) fn has_changes(&self) -> bool {
        self.from.as_ref() != Some(&self.to)
    }
}

/// What of a policy is compared.
#[derive(Default)]
struct ComparedPolicy {
    mode: Option<RemediationMode>,
    values: BTreeMap<String, Value>,
    set_parameters: BTreeSet<String>,
}

fn index_policies(bundle: &PolicyBundle) -> BTreeMap<String, ComparedPolicy> {
    let told = bundle.set.policies().iter().map(|policy| {
        let defaults = policy.parameters.iter();
        let mut values: BTreeMap<String, Value> =
            defaults.map(|(name, parameter)| (name.clone(), parameter.default.clone())).collect();
        values.extend(policy.settings.clone());
        let set = policy.settings.keys().cloned().collect();
        let mode = policy.remediation.as_ref().map(|remediation| remediation.mode);
        (policy.id.clone(), ComparedPolicy { mode, values, set_parameters: set })
    });
    told.collect()
}

fn compare_modes(
    before: &BTreeMap<String, ComparedPolicy>,
    after: &BTreeMap<String, ComparedPolicy>,
) -> Vec<ModeChange> {
    let change = |id: &String| {
        let mode = |of: &BTreeMap<String, ComparedPolicy>| of.get(id).and_then(|told| told.mode);
        let (before, after) = (mode(before), mode(after));
        (before != after).then(|| ModeChange { policy: id.clone(), before, after })
    };
    let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    ids.into_iter().filter_map(change).collect()
}

/// Values that differ, of parameters that are set on either side.
fn compare_settings(
    before: &BTreeMap<String, ComparedPolicy>,
    after: &BTreeMap<String, ComparedPolicy>,
) -> Vec<SettingChange> {
    let set = [before, after].into_iter().flatten();
    let names: BTreeSet<(&String, &String)> =
        set.flat_map(|(id, told)| told.set_parameters.iter().map(move |name| (id, name))).collect();
    let change = |(policy, parameter): (&String, &String)| {
        let value = |of: &BTreeMap<String, ComparedPolicy>| {
            of.get(policy).and_then(|t| t.values.get(parameter).cloned())
        };
        let (before, after) = (value(before), value(after));
        let (policy, parameter) = (policy.clone(), parameter.clone());
        (before != after).then_some(SettingChange { policy, parameter, before, after })
    };
    names.into_iter().filter_map(change).collect()
}

/// What some policy of a bundle wants.
fn list_watched_events(bundle: Option<&PolicyBundle>) -> BTreeSet<String> {
    bundle.map(|bundle| evenkeel_deploy::list_sent_events(&bundle.set)).unwrap_or_default()
}

fn compare_waivers(
    before: Option<&PolicyBundle>,
    after: Option<&PolicyBundle>,
) -> Vec<ValueChange<WaiverTerms>> {
    let terms = |of: Option<&PolicyBundle>| -> Vec<WaiverTerms> {
        of.into_iter().flat_map(|bundle| bundle.waivers.waiver_terms()).cloned().collect()
    };
    let (mut gone, mut new) = (terms(before), terms(after));
    let kept = gone.clone();
    gone.retain(|one| !new.contains(one));
    new.retain(|one| !kept.contains(one));
    let mut changed = Vec::new();
    for after in new {
        let before = gone.iter().position(|before| before.id == after.id);
        let before = before.map(|at| gone.remove(at));
        changed.push(ValueChange { before, after: Some(after) });
    }
    changed
        .extend(gone.into_iter().map(|before| ValueChange { before: Some(before), after: None }));
    changed
}

fn find_ending_waivers(bundle: Option<&PolicyBundle>, now: i64) -> Vec<WaiverEnding> {
    let ending = |terms: &WaiverTerms| {
        // It holds on its last day.
        let end = parse_epoch_millis(&terms.expires)?.saturating_add(MILLISECONDS_PER_DAY);
        (end <= now.saturating_add(WAIVER_WARNING_PERIOD)).then(|| WaiverEnding {
            waiver: terms.id.clone(),
            expires: terms.expires.clone(),
            ended: end <= now,
        })
    };
    bundle.into_iter().flat_map(|bundle| bundle.waivers.waiver_terms()).filter_map(ending).collect()
}

/// Files by name. Of a bundle that cannot be read, the manifest still tells the digests.
fn compare_files(live: &LiveBundle, next: &NextBundle) -> Vec<FileChange> {
    let none = BTreeMap::new();
    let old = live.manifest.as_ref().map_or(&none, |manifest| &manifest.files);
    let names: BTreeSet<&String> = old.keys().chain(next.manifest.files.keys()).collect();
    let change = |name: &String| {
        let what = match (old.get(name), next.manifest.files.get(name)) {
            (None, _) => FileChangeKind::Added,
            (_, None) => FileChangeKind::Removed,
            (before, after) if before == after => return None,
            _ => FileChangeKind::Changed,
        };
        let is_code =
            matches!(FileKind::from_file_name(name), Some(FileKind::Policy | FileKind::Functions));
        let texts = live.contents.texts.get(name).zip(next.contents.texts.get(name));
        let diff = texts
            .filter(|_| is_code)
            .map(|(before, after)| TextDiff::from_lines(before, after).unified_diff().to_string());
        Some(FileChange { name: name.clone(), what, diff })
    };
    names.into_iter().filter_map(change).collect()
}
