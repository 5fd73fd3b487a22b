//! The changes between two bundles: files, modes, matched events, settings, waivers.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_rules::bundle::{BundleManifest, FileKind, PolicyBundle, sha256_hex};
use evenkeel_rules::policy::RemediationMode;
use evenkeel_rules::{WaiverTerms, parse_epoch_millis};
use serde::Serialize;
use serde_json::Value;
use similar::TextDiff;

use super::live_bundle::{LiveBundle, NextBundle};

/// Waivers that end within this time, in milliseconds, are reported.
const WAIVER_WARNING_PERIOD: i64 = 14 * MILLISECONDS_PER_DAY;
const MILLISECONDS_PER_DAY: i64 = 86_400_000;

/// The changes between the active bundle and the next one.
#[derive(Debug, Serialize)]
pub(super) struct BundleChanges {
    /// The version of the active bundle, if there is one.
    pub(super) from: Option<String>,
    /// The version of the next bundle. It equals `from` if nothing changes.
    pub(super) to: String,
    /// The cause if the active bundle is broken. Waivers and matched events are not compared with a
    /// broken bundle, because it cannot be evaluated.
    pub(super) broken: Option<String>,
    /// The changed modes of remediations.
    pub(super) modes: Vec<ModeChange>,
    pub(super) files: Vec<FileChange>,
    pub(super) waivers: Vec<ValueChange<WaiverTerms>>,
    /// Waivers of the next bundle that have ended, or end within [`WAIVER_WARNING_PERIOD`].
    pub(super) ending: Vec<WaiverEnding>,
    pub(super) settings: Vec<SettingChange>,
    /// Events and resource types that only the policies of the next bundle match.
    pub(super) watched: Vec<String>,
    /// Events and resource types that only the policies of the active bundle match.
    pub(super) unwatched: Vec<String>,
    pub(super) checked_by: ValueChange<String>,
}

/// A value before and after the change. A new value has no `before`, a removed one no `after`.
#[derive(Debug, Serialize)]
pub(super) struct ValueChange<T> {
    pub(super) before: Option<T>,
    pub(super) after: Option<T>,
}

/// A changed mode of a policy's remediation.
#[derive(Debug, Serialize)]
pub(super) struct ModeChange {
    pub(super) policy: String,
    pub(super) before: Option<RemediationMode>,
    pub(super) after: Option<RemediationMode>,
}

/// A changed file.
#[derive(Debug, Serialize)]
pub(super) struct FileChange {
    pub(super) name: String,
    pub(super) what: FileChangeKind,
    /// The unified diff of policies and functions. Other files have none: the changes of waivers
    /// and settings are listed separately, and the reasons of waivers are not for readers of build
    /// logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) diff: Option<String>,
}

/// The kind of a file's change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FileChangeKind {
    Added,
    Removed,
    Changed,
}

/// A waiver that has ended, or ends within [`WAIVER_WARNING_PERIOD`].
#[derive(Debug, Serialize)]
pub(super) struct WaiverEnding {
    pub(super) waiver: String,
    pub(super) expires: String,
    pub(super) ended: bool,
}

/// A changed value of a policy's parameter.
#[derive(Debug, Serialize)]
pub(super) struct SettingChange {
    pub(super) policy: String,
    pub(super) parameter: String,
    /// The effective value, which can be the default. `None` if there is no such parameter.
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
}

impl BundleChanges {
    /// Compares two bundles. `now` is the time in milliseconds since 1970, which is compared with
    /// the ends of the waivers.
    pub(super) fn between_bundles(live: &LiveBundle, next: &NextBundle, now: i64) -> BundleChanges {
        let valid = live.manifest.as_ref().filter(|_| live.defect.is_none());
        let same = valid.is_some_and(|manifest| {
            manifest.files == next.manifest.files && manifest.checked_by == next.manifest.checked_by
        });
        let version = live.version.clone();
        let to = version.clone().filter(|_| same).unwrap_or_else(|| sha256_hex(&next.record));
        let (before, after) = (live.contents.bundle.as_ref(), next.contents.bundle.as_ref());
        let (old, new) = (list_watched_events(before), list_watched_events(after));
        let comparable = before.is_some() || live.version.is_none();
        let index = |of: Option<&PolicyBundle>| of.map(index_policies).unwrap_or_default();
        let (policies_before, policies_after) = (index(before), index(after));
        let checked_by = |manifest: Option<&BundleManifest>| manifest?.checked_by.clone();
        BundleChanges {
            from: version,
            to,
            broken: live.defect.clone(),
            modes: compare_modes(&policies_before, &policies_after),
            files: compare_files(live, next),
            waivers: if comparable { compare_waivers(before, after) } else { Vec::new() },
            ending: find_ending_waivers(after, now),
            settings: compare_settings(&policies_before, &policies_after),
            watched: if comparable { new.difference(&old).cloned().collect() } else { Vec::new() },
            unwatched: old.difference(&new).cloned().collect(),
            checked_by: ValueChange {
                before: checked_by(live.manifest.as_ref()),
                after: next.manifest.checked_by.clone(),
            },
        }
    }

    /// Returns whether there is anything to deploy.
    pub(super) fn has_changes(&self) -> bool {
        self.from.as_ref() != Some(&self.to)
    }
}

/// The properties of a policy that the comparison of two bundles uses.
#[derive(Default)]
struct ComparedPolicy {
    mode: Option<RemediationMode>,
    values: BTreeMap<String, Value>,
    set_parameters: BTreeSet<String>,
}

/// Returns the compared properties of a bundle's policies by policy id.
fn index_policies(bundle: &PolicyBundle) -> BTreeMap<String, ComparedPolicy> {
    let policies = bundle.set.policies().iter().map(|policy| {
        let defaults = policy.parameters.iter();
        let mut values: BTreeMap<String, Value> =
            defaults.map(|(name, parameter)| (name.clone(), parameter.default.clone())).collect();
        values.extend(policy.settings.clone());
        let set = policy.settings.keys().cloned().collect();
        let mode = policy.remediation.as_ref().map(|remediation| remediation.mode);
        (policy.id.clone(), ComparedPolicy { mode, values, set_parameters: set })
    });
    policies.collect()
}

/// Returns the policies whose mode differs.
fn compare_modes(
    before: &BTreeMap<String, ComparedPolicy>,
    after: &BTreeMap<String, ComparedPolicy>,
) -> Vec<ModeChange> {
    let change = |id: &String| {
        let mode = |of: &BTreeMap<String, ComparedPolicy>| of.get(id).and_then(|one| one.mode);
        let (before, after) = (mode(before), mode(after));
        (before != after).then(|| ModeChange { policy: id.clone(), before, after })
    };
    let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    ids.into_iter().filter_map(change).collect()
}

/// Returns the differing values of parameters that a bundle sets.
fn compare_settings(
    before: &BTreeMap<String, ComparedPolicy>,
    after: &BTreeMap<String, ComparedPolicy>,
) -> Vec<SettingChange> {
    let set = [before, after].into_iter().flatten();
    let names: BTreeSet<(&String, &String)> =
        set.flat_map(|(id, one)| one.set_parameters.iter().map(move |name| (id, name))).collect();
    let change = |(policy, parameter): (&String, &String)| {
        let value = |of: &BTreeMap<String, ComparedPolicy>| {
            of.get(policy).and_then(|one| one.values.get(parameter).cloned())
        };
        let (before, after) = (value(before), value(after));
        let (policy, parameter) = (policy.clone(), parameter.clone());
        (before != after).then_some(SettingChange { policy, parameter, before, after })
    };
    names.into_iter().filter_map(change).collect()
}

/// Returns the events and resource types that the policies of a bundle match.
fn list_watched_events(bundle: Option<&PolicyBundle>) -> BTreeSet<String> {
    bundle.map(|bundle| evenkeel_deploy::list_sent_events(&bundle.set)).unwrap_or_default()
}

/// Returns the waivers that were added, changed or removed.
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

/// Returns the waivers of a bundle that have ended, or end within [`WAIVER_WARNING_PERIOD`].
fn find_ending_waivers(bundle: Option<&PolicyBundle>, now: i64) -> Vec<WaiverEnding> {
    let ending = |terms: &WaiverTerms| {
        // A waiver is effective on its last day.
        let end = parse_epoch_millis(&terms.expires)?.saturating_add(MILLISECONDS_PER_DAY);
        (end <= now.saturating_add(WAIVER_WARNING_PERIOD)).then(|| WaiverEnding {
            waiver: terms.id.clone(),
            expires: terms.expires.clone(),
            ended: end <= now,
        })
    };
    bundle.into_iter().flat_map(|bundle| bundle.waivers.waiver_terms()).filter_map(ending).collect()
}

/// Returns the files that were added, removed or changed, by name. The comparison uses the digests
/// of the manifests, so that it also works for a bundle with unreadable files.
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
