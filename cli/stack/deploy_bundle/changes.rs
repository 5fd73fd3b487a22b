//! What another bundle changes: files, what is watched and repaired, settings, waivers.

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_rules::bundle::{Bundle, FileKind, Manifest, digest};
use evenkeel_rules::policy::Mode;
use evenkeel_rules::{WaiverTerms, milliseconds};
use serde::Serialize;
use serde_json::Value;
use similar::TextDiff;

use super::live::{Live, Next};

/// How long before its end a waiver is named.
const SOON: i64 = 14 * DAY;
const DAY: i64 = 86_400_000;

/// All that differs between the bundle that holds and the next.
#[derive(Debug, Serialize)]
pub(super) struct Changes {
    /// The version that holds, if there is one.
    pub(super) from: Option<String>,
    /// The next; the same where nothing changes.
    pub(super) to: String,
    /// Why the one that holds cannot be compared in full.
    pub(super) broken: Option<String>,
    /// What may be done about a policy's findings.
    pub(super) modes: Vec<ModeChange>,
    pub(super) files: Vec<FileChange>,
    pub(super) waivers: Vec<Changed<WaiverTerms>>,
    /// Waivers of the next bundle that have ended, or end soon.
    pub(super) ending: Vec<Ending>,
    pub(super) settings: Vec<Setting>,
    /// Events that no policy watched before, and resource types.
    pub(super) watched: Vec<String>,
    /// Those that no policy watches any more.
    pub(super) unwatched: Vec<String>,
    pub(super) checked_by: Changed<String>,
}

/// Something before and after; absent before where it is new, absent after where it is gone.
#[derive(Debug, Serialize)]
pub(super) struct Changed<T> {
    pub(super) before: Option<T>,
    pub(super) after: Option<T>,
}

#[derive(Debug, Serialize)]
pub(super) struct ModeChange {
    pub(super) policy: String,
    pub(super) before: Option<Mode>,
    pub(super) after: Option<Mode>,
}

#[derive(Debug, Serialize)]
pub(super) struct FileChange {
    pub(super) name: String,
    pub(super) what: What,
    /// A unified diff. Of waivers and settings there is none: what they mean is told, and reasons are not
    /// for whoever reads a build's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) diff: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum What {
    Added,
    Removed,
    Changed,
}

#[derive(Debug, Serialize)]
pub(super) struct Ending {
    pub(super) waiver: String,
    pub(super) expires: String,
    pub(super) ended: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Setting {
    pub(super) policy: String,
    pub(super) parameter: String,
    /// The values in effect, defaults among them; absent where there is no such policy.
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
}

impl Changes {
    /// What differs; `now` tells which waivers end soon.
    pub(super) fn between(live: &Live, next: &Next, now: i64) -> Changes {
        let held = live.manifest.as_ref().filter(|_| live.broken.is_none());
        let same = held.is_some_and(|held| {
            held.files == next.manifest.files && held.checked_by == next.manifest.checked_by
        });
        let version = live.version.clone();
        let to = version.clone().filter(|_| same).unwrap_or_else(|| digest(&next.record));
        let (before, after) = (live.side.bundle.as_ref(), next.side.bundle.as_ref());
        let (old, new) = (watched(before), watched(after));
        let comparable = before.is_some() || live.version.is_none();
        let told = |of: Option<&Bundle>| of.map(policies).unwrap_or_default();
        let (told_before, told_after) = (told(before), told(after));
        let checked_by = |manifest: Option<&Manifest>| manifest?.checked_by.clone();
        Changes {
            from: version,
            to,
            broken: live.broken.clone(),
            modes: modes(&told_before, &told_after),
            files: files(live, next),
            waivers: if comparable { waivers(before, after) } else { Vec::new() },
            ending: ending(after, now),
            settings: settings(&told_before, &told_after),
            watched: if comparable { new.difference(&old).cloned().collect() } else { Vec::new() },
            unwatched: old.difference(&new).cloned().collect(),
            checked_by: Changed {
                before: checked_by(live.manifest.as_ref()),
                after: next.manifest.checked_by.clone(),
            },
        }
    }

    /// Whether there is anything to deploy.
    pub(super) fn any(&self) -> bool {
        self.from.as_ref() != Some(&self.to)
    }
}

/// What of a policy is compared.
#[derive(Default)]
struct Told {
    mode: Option<Mode>,
    values: BTreeMap<String, Value>,
    set: BTreeSet<String>,
}

fn policies(bundle: &Bundle) -> BTreeMap<String, Told> {
    let told = bundle.set.policies().iter().map(|policy| {
        let defaults = policy.parameters.iter();
        let mut values: BTreeMap<String, Value> =
            defaults.map(|(name, parameter)| (name.clone(), parameter.default.clone())).collect();
        values.extend(policy.settings.clone());
        let set = policy.settings.keys().cloned().collect();
        let mode = policy.remediation.as_ref().map(|remediation| remediation.mode);
        (policy.id.clone(), Told { mode, values, set })
    });
    told.collect()
}

fn modes(before: &BTreeMap<String, Told>, after: &BTreeMap<String, Told>) -> Vec<ModeChange> {
    let change = |id: &String| {
        let mode = |of: &BTreeMap<String, Told>| of.get(id).and_then(|told| told.mode);
        let (before, after) = (mode(before), mode(after));
        (before != after).then(|| ModeChange { policy: id.clone(), before, after })
    };
    let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    ids.into_iter().filter_map(change).collect()
}

/// Values that differ, of parameters that are set on either side.
fn settings(before: &BTreeMap<String, Told>, after: &BTreeMap<String, Told>) -> Vec<Setting> {
    let set = [before, after].into_iter().flatten();
    let names: BTreeSet<(&String, &String)> =
        set.flat_map(|(id, told)| told.set.iter().map(move |name| (id, name))).collect();
    let change = |(policy, parameter): (&String, &String)| {
        let value = |of: &BTreeMap<String, Told>| {
            of.get(policy).and_then(|t| t.values.get(parameter).cloned())
        };
        let (before, after) = (value(before), value(after));
        let (policy, parameter) = (policy.clone(), parameter.clone());
        (before != after).then_some(Setting { policy, parameter, before, after })
    };
    names.into_iter().filter_map(change).collect()
}

/// What some policy of a bundle wants.
fn watched(bundle: Option<&Bundle>) -> BTreeSet<String> {
    bundle.map(|bundle| evenkeel_deploy::events(&bundle.set)).unwrap_or_default()
}

fn waivers(before: Option<&Bundle>, after: Option<&Bundle>) -> Vec<Changed<WaiverTerms>> {
    let terms = |of: Option<&Bundle>| -> Vec<WaiverTerms> {
        of.into_iter().flat_map(|bundle| bundle.waivers.terms()).cloned().collect()
    };
    let (mut gone, mut new) = (terms(before), terms(after));
    let kept = gone.clone();
    gone.retain(|one| !new.contains(one));
    new.retain(|one| !kept.contains(one));
    let mut changed = Vec::new();
    for after in new {
        let before = gone.iter().position(|before| before.id == after.id);
        let before = before.map(|at| gone.remove(at));
        changed.push(Changed { before, after: Some(after) });
    }
    changed.extend(gone.into_iter().map(|before| Changed { before: Some(before), after: None }));
    changed
}

fn ending(bundle: Option<&Bundle>, now: i64) -> Vec<Ending> {
    let ending = |terms: &WaiverTerms| {
        // It holds on its last day.
        let end = milliseconds(&terms.expires)?.saturating_add(DAY);
        (end <= now.saturating_add(SOON)).then(|| Ending {
            waiver: terms.id.clone(),
            expires: terms.expires.clone(),
            ended: end <= now,
        })
    };
    bundle.into_iter().flat_map(|bundle| bundle.waivers.terms()).filter_map(ending).collect()
}

/// Files by name. Of a bundle that cannot be read, the manifest still tells the digests.
fn files(live: &Live, next: &Next) -> Vec<FileChange> {
    let none = BTreeMap::new();
    let old = live.manifest.as_ref().map_or(&none, |manifest| &manifest.files);
    let names: BTreeSet<&String> = old.keys().chain(next.manifest.files.keys()).collect();
    let change = |name: &String| {
        let what = match (old.get(name), next.manifest.files.get(name)) {
            (None, _) => What::Added,
            (_, None) => What::Removed,
            (before, after) if before == after => return None,
            _ => What::Changed,
        };
        let is_code = matches!(FileKind::of(name), Some(FileKind::Policy | FileKind::Functions));
        let texts = live.side.texts.get(name).zip(next.side.texts.get(name));
        let diff = texts
            .filter(|_| is_code)
            .map(|(before, after)| TextDiff::from_lines(before, after).unified_diff().to_string());
        Some(FileChange { name: name.clone(), what, diff })
    };
    names.into_iter().filter_map(change).collect()
}
