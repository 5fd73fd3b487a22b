//! Selects the events for the `match` of an imported policy.
//!
//! `match` contains literal names, but a rule can test `eventSource` and `eventName` with patterns.
//! Therefore, the module evaluates these tests for each event of AWS. It selects the events that
//! the rule can match. All fields apart from `eventSource` and `eventName` count as unknown. If the
//! rule limits no `eventName`, the policy matches events of every name.

use crate::import_error::ImportError;
use crate::rule_condition::{KnownValue, RuleCondition, ValueMatcher};
use evenkeel_authoring::services::events;
use evenkeel_rules::event::strip_api_version;

/// The maximum number of event names in the `match` of an imported policy. If a rule can match more
/// events, the policy matches all events.
const MAX_NAMES: usize = 1_500;

/// The value of `eventSource` and `eventName` in a header that matches every value.
pub(crate) const ANY: &str = "*";

/// Events that most accounts have. They are the first choice for the test cases of a policy that
/// matches events of every name.
const COMMON_EVENTS: &[(&str, &str)] = &[
    ("sts.amazonaws.com", "GetCallerIdentity"),
    ("s3.amazonaws.com", "ListBuckets"),
    ("iam.amazonaws.com", "CreateUser"),
    ("ec2.amazonaws.com", "RunInstances"),
];

/// The event name for the test cases of a source of which AWS publishes no events.
const UNKNOWN_NAME: &str = "UnknownEvent";

/// The values of `userIdentity.type`.
///
/// Source: AWS CloudTrail User Guide, "CloudTrail userIdentity element".
const IDENTITY_TYPES: &[&str] = &[
    "AWSAccount",
    "AWSService",
    "AssumedRole",
    "Directory",
    "FederatedUser",
    "IAMUser",
    "IdentityCenterUser",
    "Role",
    "Root",
    "SAMLUser",
    "Unknown",
    "WebIdentityUser",
];

/// The API versions that CloudTrail appends to the event names of some services. The table contains
/// only the versions that occur in published rules.
const EVENT_NAME_VERSIONS: &[(&str, &str)] = &[
    ("lambda.amazonaws.com", "20150331"),
    ("lambda.amazonaws.com", "20150331v2"),
    ("lambda.amazonaws.com", "20171031"),
    ("lambda.amazonaws.com", "20181031"),
    ("cloudfront.amazonaws.com", "2020_05_31"),
];

/// The maximum number of events of a source that the search for other events tries.
const MAX_OTHER_NAMES: usize = 40;

/// The maximum number of event sources that a note lists.
const MAX_NAMED_SOURCES: usize = 5;

/// The events that an imported policy matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WatchedEvents {
    /// The event sources of the header, or only [`ANY`].
    pub(crate) sources: Vec<String>,
    /// The event names of the header, or only [`ANY`].
    pub(crate) names: Vec<String>,
    /// The values of `userIdentity.type` of the header. If the list is empty, the policy matches
    /// every type.
    pub(crate) identity_types: Vec<String>,
    /// The pairs of event source and event name that belong together.
    pub(crate) pairs: Vec<(String, String)>,
    /// Pairs that the rule names and does not match, such as the event of a filter.
    pub(crate) excluded: Vec<(String, String)>,
    /// `true` if the rule can match only failed calls.
    pub(crate) only_failed: bool,
    /// Notes for the author of the policy.
    pub(crate) notes: Vec<String>,
}

/// The condition of a rule, and the values with which it compares the field `name`.
struct WatchedField<'e> {
    name: &'static str,
    /// The literal values of the field in the rule.
    written: Vec<String>,
    /// `true` if the rule requires one of these values, or a pattern.
    pinned: bool,
    condition: &'e RuleCondition,
}

impl<'e> WatchedField<'e> {
    fn new(name: &'static str, condition: &'e RuleCondition) -> Self {
        let mut written: Vec<String> = Vec::new();
        condition.visit_tests(&mut |test| {
            for matcher in test.groups.iter().flatten().filter(|_| test.field == name) {
                if let ValueMatcher::Text(pattern, _) = matcher {
                    written.extend(pattern.literal_text());
                }
            }
        });
        written.sort();
        written.dedup();
        let known =
            |field: &str| if field == name { KnownValue::Other } else { KnownValue::Nothing };
        let pinned = condition.partial_truth(&known) == Some(false);
        WatchedField { name, written, pinned, condition }
    }

    /// Returns whether the condition can match an event with this value.
    fn admits_value(&self, value: &str) -> bool {
        let known = |field: &str| {
            if field == self.name { KnownValue::Text(value) } else { KnownValue::Nothing }
        };
        self.condition.partial_truth(&known) != Some(false)
    }
}

/// Returns the events that a condition can match.
///
/// # Errors
/// [`ImportError::Unwatched`] if AWS has no such event, or if an event source is not valid.
pub(crate) fn find_watched_events(condition: &RuleCondition) -> Result<WatchedEvents, ImportError> {
    let source = WatchedField::new("eventSource", condition);
    let name = WatchedField::new("eventName", condition);
    let mut watch = WatchedEvents {
        only_failed: means_only_failures(condition),
        identity_types: required_identity_types(condition),
        ..WatchedEvents::default()
    };
    let candidates = candidate_sources(&source)?;
    for candidate in &candidates {
        let mut of_source = matching_event_names(candidate, &source, &name, condition);
        if of_source.is_empty() && !name.pinned && events::event_names(candidate).is_none() {
            of_source.push(UNKNOWN_NAME.to_owned());
        }
        watch.pairs.extend(of_source.into_iter().map(|name| (candidate.clone(), name)));
    }
    if watch.pairs.is_empty() {
        let why = "AWS has no event that the rule can match; if the service models of AWS do not \
                   contain the eventName, add the eventSource to the rule";
        return Err(ImportError::Unwatched(why.to_owned()));
    }
    let in_header = |(source, name): &(String, String)| (source.clone(), header_name(source, name));
    let (mut sources, mut names): (Vec<_>, Vec<_>) = watch.pairs.iter().map(in_header).unzip();
    add_unknown(&name, &sources, &mut names);
    for list in [&mut sources, &mut names] {
        list.sort();
        list.dedup();
    }
    (watch.sources, watch.names) = (sources, names);
    if !name.pinned || watch.names.len() > MAX_NAMES {
        watch.names = vec![ANY.to_owned()];
        if !source.pinned {
            watch.sources = vec![ANY.to_owned()];
        }
        watch.put_common_events_first();
        let first = watch.pairs.first().map(|pair| pair.0.clone()).unwrap_or_default();
        watch.excluded = excluded_events(&source, &name, &first, condition);
    }
    watch.notes = collect_notes(&source, &name, &watch);
    Ok(watch)
}

impl WatchedEvents {
    /// Returns whether the policy matches events of every name.
    pub(crate) fn has_any_name(&self) -> bool {
        self.names.iter().any(|name| name == ANY)
    }

    /// Returns whether the policy matches events of every source.
    pub(crate) fn has_any_source(&self) -> bool {
        self.sources.iter().any(|source| source == ANY)
    }

    /// Sorts the pairs, so that the test cases use well-known events if the rule can match them.
    fn put_common_events_first(&mut self) {
        let rank = |(source, name): &(String, String)| {
            let is_pair = |pair: &(&str, &str)| *pair == (source.as_str(), name.as_str());
            COMMON_EVENTS.iter().position(is_pair).unwrap_or(COMMON_EVENTS.len())
        };
        self.pairs.sort_by_key(rank);
    }

    /// Returns wider variants of the events, for a rule that matches every event of `self`. The
    /// test cases of such a rule need an event that complies with the policy.
    pub(crate) fn widened(&self, condition: &RuleCondition) -> Vec<WatchedEvents> {
        let mut all = Vec::new();
        let mut wider = self.clone();
        if !wider.identity_types.is_empty() {
            wider.identity_types.clear();
            all.push(wider.clone());
        }
        if self.has_any_name() {
            wider.sources = vec![ANY.to_owned()];
            wider.notes.push(
                "the policy also matches all other sources, because the test cases need a \
                 compliant call"
                    .to_owned(),
            );
            all.push(wider);
        } else if let Some(other) = find_passing_event(&wider, condition) {
            wider.notes.push(format!(
                "the policy also matches {other}, because the test cases need a compliant call"
            ));
            wider.names.push(other);
            wider.names.sort();
            all.push(wider);
        }
        all
    }

    /// Returns events with which the test cases can show the difference between a match and no
    /// match: events of the policy with another name or source.
    pub(crate) fn other_events(&self, source: &str, name: &str) -> Vec<(String, String)> {
        let pair = |source: &str, name: &str| (source.to_owned(), name.to_owned());
        let mut all = Vec::new();
        if self.has_any_name() {
            let known = events::event_names(source).unwrap_or_default();
            all.extend(known.iter().take(MAX_OTHER_NAMES).map(|other| pair(source, other)));
        } else {
            all.extend(self.names.iter().map(|other| pair(source, other)));
        }
        if self.has_any_source() {
            all.extend(COMMON_EVENTS.iter().map(|(source, name)| pair(source, name)));
        } else {
            all.extend(self.sources.iter().map(|other| pair(other, name)));
        }
        all.extend(self.excluded.iter().cloned());
        all.push(pair(source, &format!("{name}20260101")));
        all
    }
}

/// Returns events that the rule names and that it does not match. An event name that AWS does not
/// have becomes an event of the source `fallback`.
fn excluded_events(
    source: &WatchedField<'_>,
    name: &WatchedField<'_>,
    fallback: &str,
    condition: &RuleCondition,
) -> Vec<(String, String)> {
    let of_source = |source: &String| {
        let first = events::event_names(source).unwrap_or_default().first()?;
        Some((source.clone(), (*first).to_owned()))
    };
    let of_name = |name: &String| {
        let has_name = |source: &String| {
            events::event_names(source)?
                .iter()
                .find(|known| known.eq_ignore_ascii_case(name))
                .copied()
        };
        let mut sources = events::event_sources();
        let pair = sources.find_map(|source| Some((source.clone(), has_name(&source)?.to_owned())));
        pair.or_else(|| Some((fallback.to_owned(), name.clone())))
    };
    let named = source.written.iter().filter_map(of_source);
    let mut all: Vec<_> = named.chain(name.written.iter().filter_map(of_name)).collect();
    all.retain(|(source, name)| {
        let known = |field: &str| match field {
            "eventSource" => KnownValue::Text(source),
            "eventName" => KnownValue::Text(name),
            _ => KnownValue::Nothing,
        };
        condition.partial_truth(&known) == Some(false)
    });
    all.truncate(MAX_OTHER_NAMES);
    all
}

/// Returns the values of `userIdentity.type` that the condition requires. The result is empty if
/// the condition does not require a value that AWS documents.
fn required_identity_types(condition: &RuleCondition) -> Vec<String> {
    let field = WatchedField::new("userIdentity.type", condition);
    let admits = |value: KnownValue<'_>| {
        let known = |of: &str| if of == field.name { value } else { KnownValue::Nothing };
        condition.partial_truth(&known) != Some(false)
    };
    let is_documented =
        |written: &&String| IDENTITY_TYPES.iter().any(|known| known.eq_ignore_ascii_case(written));
    let unknown = field.written.iter().filter(|written| !is_documented(written));
    if [KnownValue::Other, KnownValue::Absent, KnownValue::Null].into_iter().any(admits)
        || unknown.into_iter().any(|written| field.admits_value(written))
    {
        return Vec::new();
    }
    let required = IDENTITY_TYPES.iter().filter(|known| field.admits_value(known));
    required.map(|known| (*known).to_owned()).collect()
}

/// Returns the event sources that the condition can match, in the case that AWS uses.
fn candidate_sources(source: &WatchedField<'_>) -> Result<Vec<String>, ImportError> {
    let mut all: Vec<String> = events::event_sources().collect();
    if source.pinned {
        for written in source.written.iter().filter(|written| source.admits_value(written)) {
            if !written.to_ascii_lowercase().ends_with(".amazonaws.com") {
                let why = format!(
                    "`{written}` is not a valid event source; use a name that ends with \
                     `.amazonaws.com`"
                );
                return Err(ImportError::Unwatched(why));
            }
            if !all.iter().any(|known| known.eq_ignore_ascii_case(written)) {
                all.push(written.to_ascii_lowercase());
            }
        }
    }
    all.retain(|candidate| source.admits_value(candidate));
    Ok(all)
}

/// Returns the event names of a source that the condition can match.
fn matching_event_names(
    candidate: &str,
    source: &WatchedField<'_>,
    name: &WatchedField<'_>,
    condition: &RuleCondition,
) -> Vec<String> {
    let admits = |value: &str| {
        let known = |field: &str| match field {
            "eventSource" => KnownValue::Text(candidate),
            "eventName" => KnownValue::Text(value),
            _ => KnownValue::Nothing,
        };
        condition.partial_truth(&known) != Some(false)
    };
    let table = events::event_names(candidate).unwrap_or_default();
    let called = |name: &&str| {
        let versions = EVENT_NAME_VERSIONS.iter().filter(|(source, _)| *source == candidate);
        let all = versions.map(|(_, version)| format!("{name}{version}"));
        std::iter::once((*name).to_owned()).chain(all).find(|name| admits(name))
    };
    let mut names: Vec<String> = table.iter().filter_map(called).collect();
    let new = |written: &&String| {
        let known = header_name(candidate, written) != **written || source.pinned;
        known && admits(written) && !names.iter().any(|name| name.eq_ignore_ascii_case(written))
    };
    let new: Vec<String> = name.written.iter().filter(new).cloned().collect();
    names.extend(new);
    names
}

/// Returns an event name as the header contains it: without the version that CloudTrail appends.
fn header_name(source: &str, name: &str) -> String {
    let stem = strip_api_version(name);
    let table = events::event_names(source).unwrap_or_default();
    let known = table.iter().find(|known| known.eq_ignore_ascii_case(stem));
    known.map_or_else(|| name.to_owned(), |known| (*known).to_owned())
}

/// Adds event names of the rule that no source in the table has, because the table may be
/// incomplete.
fn add_unknown(name: &WatchedField<'_>, sources: &[String], names: &mut Vec<String>) {
    for written in name.written.iter().filter(|written| name.pinned && name.admits_value(written)) {
        let known = |source: &String| {
            let table = events::event_names(source).unwrap_or_default();
            table.iter().any(|known| known.eq_ignore_ascii_case(strip_api_version(written)))
        };
        if !names.iter().any(|known| known.eq_ignore_ascii_case(written))
            && !sources.iter().any(known)
        {
            names.push(written.clone());
        }
    }
}

/// Returns whether the condition can match only failed calls.
fn means_only_failures(condition: &RuleCondition) -> bool {
    [KnownValue::Absent, KnownValue::Null, KnownValue::Text("")].into_iter().all(|value| {
        let known = |field: &str| if field == "errorCode" { value } else { KnownValue::Nothing };
        condition.partial_truth(&known) == Some(false)
    })
}

fn collect_notes(
    source: &WatchedField<'_>,
    name: &WatchedField<'_>,
    watch: &WatchedEvents,
) -> Vec<String> {
    if watch.has_any_name() {
        let of = if watch.has_any_source() { "" } else { " of its event sources" };
        let why = if name.pinned {
            format!("the rule can match more than {MAX_NAMES} event names")
        } else {
            "the rule limits no eventName".to_owned()
        };
        return vec![format!("{why}, so the policy matches every event{of}")];
    }
    let mut notes = Vec::new();
    let is_written = |one: &String| {
        name.written.iter().any(|written| strip_api_version(written).eq_ignore_ascii_case(one))
    };
    let found = watch.names.iter().filter(|name| !is_written(name)).count();
    if found > 0 {
        notes.push(format!(
            "the rule does not name {found} of the {} event names of the policy; these names come \
             from the current service models of AWS",
            watch.names.len()
        ));
    }
    if !source.pinned {
        let first: Vec<&str> =
            watch.sources.iter().take(MAX_NAMED_SOURCES).map(String::as_str).collect();
        let more = match watch.sources.len().saturating_sub(MAX_NAMED_SOURCES) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        notes.push(format!(
            "the rule names no eventSource; the policy matches all sources that have such events: \
             {}{more}",
            first.join(", ")
        ));
    }
    notes
}

/// Returns the name of an event that the condition does not match, from the first source of the
/// policy.
fn find_passing_event(watch: &WatchedEvents, condition: &RuleCondition) -> Option<String> {
    let source = watch.sources.first()?;
    let free = |name: &&&str| {
        let known = |field: &str| match field {
            "eventSource" => KnownValue::Text(source.as_str()),
            "eventName" => KnownValue::Text(name),
            _ => KnownValue::Nothing,
        };
        condition.partial_truth(&known) == Some(false)
    };
    events::event_names(source)?.iter().find(free).map(|name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition_folding::{FoldedCondition, fold_condition};
    use crate::rule::{SigmaDocument, parse_document};

    /// Returns the conditions of the rules in `tests/sigma`.
    fn conditions() -> Vec<(String, RuleCondition)> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/sigma");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut all = Vec::new();
        for path in files.filter(|path| path.extension().is_some_and(|end| end == "yml")) {
            let text = std::fs::read_to_string(path).unwrap();
            for (_, document) in crate::split_documents(&text) {
                let options = serde_saphyr::options! { strict_booleans: true };
                let value = serde_saphyr::from_str_with_options(document, options).unwrap();
                let SigmaDocument::Rule(rule) = parse_document(&value).unwrap() else { panic!() };
                all.push((rule.title, rule.condition));
            }
        }
        assert!(all.len() > 60, "{}", all.len());
        all
    }

    fn truth(condition: &RuleCondition, source: &str, name: &str, kind: &str) -> Option<bool> {
        condition.partial_truth(&|field| match field {
            "eventSource" => KnownValue::Text(source),
            "eventName" => KnownValue::Text(name),
            "userIdentity.type" => KnownValue::Text(kind),
            _ => KnownValue::Nothing,
        })
    }

    #[test]
    fn the_header_selects_each_event_that_the_rule_can_match_and_folding_changes_no_result() {
        let admits = |list: &[String], value: &str| {
            list.is_empty() || list.iter().any(|one| one == ANY || one == value)
        };
        for (title, condition) in conditions() {
            let watch = find_watched_events(&condition).unwrap();
            let folded = fold_condition(&condition, &watch);
            for source in events::event_sources() {
                for name in events::event_names(&source).unwrap() {
                    for kind in ["Root", "IAMUser"] {
                        let original = truth(&condition, &source, name, kind);
                        let selected = admits(&watch.sources, &source)
                            && admits(&watch.names, name)
                            && admits(&watch.identity_types, kind);
                        let event = format!("{title}: {source} {name} {kind}");
                        assert!(selected || original == Some(false), "{event}");
                        let rest = match &folded {
                            FoldedCondition::Constant(truth) => Some(*truth),
                            FoldedCondition::Undecided(rest) => truth(rest, &source, name, kind),
                        };
                        assert!(!selected || rest == original, "{event}: {rest:?} {original:?}");
                    }
                }
            }
        }
    }
}
