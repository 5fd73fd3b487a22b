//! Reports events that set a parameter that a policy reads, and that no policy of the set evaluates.

use super::locate_word;
use super::type_check::{PolicyExpressions, infer_read_parameters};
use crate::services::models::{CallSide, ResolvedShape, ServiceModel, ShapeCode, service_models};
use crate::types::ExpressionType;
use evenkeel_engine::FunctionSet;
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::{Policy, PolicySet};
use std::collections::{BTreeMap, BTreeSet};

/// The depth to which the structures of a request are searched.
const MAX_DEPTH: usize = 6;

/// Verbs of calls that end something, or that change no setting.
const OTHER_VERBS: &[&str] =
    &["Cancel", "Check", "Delete", "Deregister", "Preview", "Tag", "Terminate", "Test", "Untag"];

/// Endings of the names of parameters that identify something.
const IDENTIFYING: &[&str] =
    &["arn", "arns", "id", "identifier", "ids", "name", "names", "tags", "tagset"];

/// Parameters whose name says nothing about the setting: they occur in many calls with different
/// meanings.
const GENERIC: &[&str] = &[
    "action",
    "attribute",
    "attributes",
    "attributevalue",
    "bucket",
    "clientrequesttoken",
    "clienttoken",
    "cluster",
    "description",
    "deviceindex",
    "domainowner",
    "dryrun",
    "enabled",
    "engine",
    "equals",
    "eventdatastore",
    "family",
    "field",
    "group",
    "key",
    "mode",
    "namespace",
    "notequals",
    "op",
    "parameters",
    "parametervalue",
    "patchoperations",
    "path",
    "port",
    "protocol",
    "qualifier",
    "rule",
    "rulenumber",
    "rules",
    "scope",
    "service",
    "state",
    "status",
    "target",
    "type",
    "types",
    "value",
    "version",
];

/// A parameter that sets something: its name in lower case, and the kind of its values. Services
/// spell one name in several ways.
type Setting = (String, SettingKind);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SettingKind {
    Flag,
    Number,
    Text,
    List,
}

/// The settings that a policy reads, each with the name as the policy writes it.
pub(super) type ReadSettings = BTreeMap<Setting, String>;

/// The settings that the policies read, by event source and event name.
type SeenSettings<'s> = BTreeMap<(&'s str, &'s str), BTreeSet<&'s Setting>>;

/// Returns the settings that a policy reads from the request.
pub(super) fn list_read_settings(
    policy: &Policy,
    functions: &FunctionSet,
    expressions: &PolicyExpressions<'_>,
) -> ReadSettings {
    if policy.matches.matches_any_source() || policy.matches.matches_any_name() {
        return ReadSettings::new();
    }
    let identifying = list_required_texts(policy);
    let parameters = infer_read_parameters(policy, functions, expressions);
    let settings = parameters.iter().filter_map(|(name, kind)| {
        let kind = match kind.present_type().plain_type() {
            ExpressionType::Bool => SettingKind::Flag,
            ExpressionType::Int | ExpressionType::Double => SettingKind::Number,
            ExpressionType::Text => SettingKind::Text,
            ExpressionType::List(_) => SettingKind::List,
            _ => return None,
        };
        Some(((name.to_lowercase(), kind), name.clone()))
    });
    settings
        .filter(|((name, _), _)| !identifying.contains(name) && !GENERIC.contains(&name.as_str()))
        .filter(|((name, _), _)| !IDENTIFYING.iter().any(|ending| name.ends_with(ending)))
        .collect()
}

/// Returns the texts that a call of the policy requires: they identify the resource.
fn list_required_texts(policy: &Policy) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for model in policy.matches.event_source.iter().flat_map(|source| service_models(source)) {
        for event in &policy.matches.event_name {
            let members = model.side_members(event, CallSide::Request).iter();
            let texts = members.filter(|member| {
                member.required && matches!(model.resolve_shape(member.shape), ResolvedShape::Text)
            });
            names.extend(texts.map(|member| member.name.to_lowercase()));
        }
    }
    names
}

/// Warns about the events that set a parameter that a policy reads, if no policy of the set evaluates
/// the parameter for these events. `settings` contains the settings of each policy, in the order of
/// the policies.
pub(super) fn lint_unwatched_events(set: &PolicySet, settings: &[ReadSettings]) -> Vec<Diagnostic> {
    let mut seen: SeenSettings<'_> = BTreeMap::new();
    for (policy, settings) in set.policies().iter().zip(settings) {
        for source in &policy.matches.event_source {
            for name in &policy.matches.event_name {
                seen.entry((source, name)).or_default().extend(settings.keys());
            }
        }
    }
    let mut set_by = SettingsByOperation::default();
    let pairs = set.policies().iter().zip(settings).filter(|(_, settings)| !settings.is_empty());
    pairs.flat_map(|(policy, settings)| lint_policy(policy, settings, &seen, &mut set_by)).collect()
}

/// Returns one diagnostic for all events that set the same parameters.
fn lint_policy(
    policy: &Policy,
    settings: &ReadSettings,
    seen: &SeenSettings<'_>,
    set_by: &mut SettingsByOperation,
) -> Vec<Diagnostic> {
    let mut by_names: BTreeMap<Vec<&str>, Vec<&str>> = BTreeMap::new();
    for (event, names) in find_unwatched_events(policy, settings, seen, set_by) {
        by_names.entry(names).or_default().push(event);
    }
    let span = locate_word(policy.file_text(), "match:", "eventName");
    let quote = |names: &[&str]| format!("`{}`", names.join("`, `"));
    let warn = |(names, events): (Vec<&str>, Vec<&str>)| {
        let sets = if events.len() == 1 { "sets" } else { "set" };
        let message =
            format!("no policy evaluates {}, which {sets} {}", quote(&events), quote(&names));
        let help = "add each event to `eventName`, or to `notWatched` with the reason".to_owned();
        Diagnostic::new_warning("unwatched-event", &policy.file, span.clone(), message)
            .with_help(Some(help))
    };
    by_names.into_iter().map(warn).collect()
}

/// Returns the events that set a parameter that a policy reads, if the policy is the only one.
pub(crate) fn list_unwatched_events(policy: &Policy, functions: &FunctionSet) -> Vec<&'static str> {
    let expressions = super::type_check::parse_expressions(policy);
    let settings = list_read_settings(policy, functions, &expressions);
    let mut set_by = SettingsByOperation::default();
    find_unwatched_events(policy, &settings, &BTreeMap::new(), &mut set_by).into_keys().collect()
}

/// Returns the names of the settings by the events that set them.
fn find_unwatched_events<'s>(
    policy: &Policy,
    settings: &'s ReadSettings,
    seen: &SeenSettings<'_>,
    set_by: &mut SettingsByOperation,
) -> BTreeMap<&'static str, Vec<&'s str>> {
    let matches = &policy.matches;
    let mut left_out: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for source in &matches.event_source {
        for model in service_models(source) {
            if !matches.event_name.iter().any(|name| model.has_operation(name)) {
                continue;
            }
            for operation in model.operation_names() {
                let is_exempt = matches.event_name.iter().any(|name| name == operation)
                    || matches.not_watched.contains_key(operation)
                    || OTHER_VERBS.iter().any(|verb| operation.starts_with(verb));
                if is_exempt {
                    continue;
                }
                let known = seen.get(&(source.as_str(), operation));
                let own = set_by.list_settings(model, operation);
                let names: Vec<&str> = settings
                    .iter()
                    .filter(|(setting, _)| own.contains(*setting))
                    .filter(|(setting, _)| known.is_none_or(|known| !known.contains(setting)))
                    .map(|(_, name)| name.as_str())
                    .collect();
                if !names.is_empty() {
                    left_out.insert(operation, names);
                }
            }
        }
    }
    left_out
}

/// The settings of operations, which are computed once.
#[derive(Default)]
struct SettingsByOperation(BTreeMap<(usize, &'static str), BTreeSet<Setting>>);

impl SettingsByOperation {
    fn list_settings(
        &mut self,
        model: &'static ServiceModel,
        operation: &'static str,
    ) -> &BTreeSet<Setting> {
        let key = (std::ptr::from_ref(model).addr(), operation);
        self.0.entry(key).or_insert_with(|| {
            let mut collector =
                SettingCollector { model, seen: Vec::new(), found: BTreeSet::new() };
            for member in model.side_members(operation, CallSide::Request) {
                collector.add_member(member.name, member.shape, 0);
            }
            collector.found
        })
    }
}

/// Collects the settings in a request, at every depth.
struct SettingCollector {
    model: &'static ServiceModel,
    /// The structures that were searched. Structures can contain themselves.
    seen: Vec<ShapeCode>,
    found: BTreeSet<Setting>,
}

impl SettingCollector {
    fn add_member(&mut self, name: &str, shape: ShapeCode, depth: usize) {
        let kind = match self.model.resolve_shape(shape) {
            ResolvedShape::Bool => SettingKind::Flag,
            ResolvedShape::Int | ResolvedShape::Double => SettingKind::Number,
            ResolvedShape::Text | ResolvedShape::Enum(_) => SettingKind::Text,
            ResolvedShape::List(element) => {
                if depth < MAX_DEPTH {
                    self.add_member("", element, depth.saturating_add(1));
                }
                SettingKind::List
            }
            ResolvedShape::Structure(members) => {
                if depth < MAX_DEPTH && !self.seen.contains(&shape) {
                    self.seen.push(shape);
                    for member in members {
                        self.add_member(member.name, member.shape, depth.saturating_add(1));
                    }
                }
                return;
            }
            _ => return,
        };
        self.found.insert((name.to_lowercase(), kind));
    }
}
