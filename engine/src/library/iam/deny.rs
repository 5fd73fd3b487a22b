//! Determines which access of an Allow statement remains after the Deny statements of a document.
//!
//! The module returns only results that it can prove. Access is closed if the Deny statements deny
//! each action on each resource to every caller of the class. Access is open if there is a request
//! that the Allow statement grants and that no Deny statement can match. In all other cases the
//! result is undecided, and callers treat it neither as open nor as closed.
//!
//! Source: AWS IAM User Guide, "Policy evaluation logic".

use std::collections::{BTreeMap, BTreeSet};

use cel::ExecutionError;

use super::caller::{CallerClass, ContextValue, sample_text};
use super::conditions::{always_holds, condition_holds};
use super::patterns::{is_wild, pattern_covers, patterns_overlap};
use super::services;
use super::statement::PolicyStatement;
use crate::run::{budget, undecided};

/// The part of the access of an Allow statement that remains after the Deny statements of a
/// document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RemainingAccess {
    /// At least one request is allowed.
    Open,
    /// No request is allowed.
    Closed,
    /// The module can prove neither that a request is allowed nor that all requests are denied.
    Undecided,
}

/// The reason that an evaluation reports for an undecided result.
const UNDECIDED_REASON: &str = "Evenkeel cannot decide whether a `Deny` blocks all access that \
     an `Allow` of the policy document grants; review which requests remain allowed";

/// Returns whether the caller has access after the Deny statements. If the answer is undecided, the
/// function returns false and records [`UNDECIDED_REASON`] for the evaluation.
pub(super) fn is_open(
    statement: &PolicyStatement,
    statements: &[PolicyStatement],
    caller: CallerClass<'_>,
) -> Result<bool, ExecutionError> {
    let openness = remaining_access(statement, statements, caller)?;
    if openness == RemainingAccess::Undecided {
        undecided::note_undecided(UNDECIDED_REASON);
    }
    Ok(openness == RemainingAccess::Open)
}

/// The maximum number of actions, and the maximum number of resources, in the search for an allowed
/// request.
const MAX_TRIED: usize = 24;

/// The maximum number of request contexts (combinations of condition key values) that the search
/// tries for one action on one resource.
const MAX_CONTEXTS: usize = 512;

/// The pattern for a statement without actions or without resources.
const EVERYTHING: &str = "*";

/// Returns the access of `caller` that remains of `allow` after the Deny statements in
/// `statements`.
pub(super) fn remaining_access(
    allow: &PolicyStatement,
    statements: &[PolicyStatement],
    caller: CallerClass<'_>,
) -> Result<RemainingAccess, ExecutionError> {
    let denials: Vec<DenyStatement<'_>> = statements
        .iter()
        .filter(|statement| !statement.allows)
        .map(|statement| DenyStatement::from_statement(statement, caller))
        .filter(|denial| denial.is_for_caller != Some(false))
        .collect();
    if denials.is_empty() {
        return Ok(RemainingAccess::Open);
    }
    let grant = GrantPatterns::from_statement(allow);
    let compared = grant.actions.len().saturating_add(grant.resources.len());
    budget::charge_cost(compared.saturating_mul(denials.len()).saturating_div(16))?;
    let touching: Vec<&DenyStatement<'_>> =
        denials.iter().filter(|denial| denial.may_deny(&grant)).collect();
    if touching.is_empty() {
        return Ok(RemainingAccess::Open);
    }
    if is_closed(&grant, &touching, caller) {
        return Ok(RemainingAccess::Closed);
    }
    for request in candidate_requests(&grant) {
        if gets_through(&request, allow, &touching, caller)? {
            return Ok(RemainingAccess::Open);
        }
    }
    Ok(RemainingAccess::Undecided)
}

/// The actions and resources that a statement allows, as patterns. The actions are in lower case.
struct GrantPatterns {
    actions: Vec<String>,
    resources: Vec<String>,
    service: Option<String>,
    not_actions: Vec<String>,
    not_resources: Vec<String>,
}

impl GrantPatterns {
    fn from_statement(allow: &PolicyStatement) -> Self {
        let service = common_service(&allow.resources);
        // If all resources belong to one service, only actions of this service apply.
        let everything = match &service {
            Some(service) => format!("{service}:*"),
            None => EVERYTHING.to_owned(),
        };
        let action = |action: &String| match action.as_str() {
            "*" | "*:*" => everything.clone(),
            action => action.to_ascii_lowercase(),
        };
        let mut actions: Vec<String> = allow.actions.iter().map(action).collect();
        if actions.is_empty() {
            actions.push(everything.clone());
        }
        let mut resources: Vec<String> =
            allow.resources.iter().map(|one| loosen_variables(one)).collect();
        if resources.is_empty() {
            resources.push(EVERYTHING.to_owned());
        }
        GrantPatterns {
            actions,
            resources,
            service,
            not_actions: lowercase_actions(&allow.not_actions),
            not_resources: allow.not_resources.clone(),
        }
    }
}

/// Returns the service to which all these resources belong, if there is one.
fn common_service(resources: &[String]) -> Option<String> {
    let services: BTreeSet<Option<&str>> = resources
        .iter()
        .map(|resource| match resource.strip_prefix("arn:") {
            Some(rest) => rest.split(':').nth(1),
            None => resource.starts_with("execute-api:/").then_some("execute-api"),
        })
        .collect();
    let only = match services.into_iter().collect::<Vec<_>>().as_slice() {
        [Some(service)] => (*service).to_owned(),
        _ => return None,
    };
    (!only.is_empty() && !is_wild(&only) && !only.contains('$')).then_some(only)
}

fn lowercase_actions(actions: &[String]) -> Vec<String> {
    actions.iter().map(|action| action.to_ascii_lowercase()).collect()
}

/// A Deny statement that may apply to the caller.
struct DenyStatement<'a> {
    statement: &'a PolicyStatement,
    is_for_caller: Option<bool>,
    actions: Vec<String>,
    not_actions: Vec<String>,
}

impl<'a> DenyStatement<'a> {
    fn from_statement(statement: &'a PolicyStatement, caller: CallerClass<'_>) -> Self {
        let is_for_caller = if statement.not_principals.is_empty() {
            caller.is_among(&statement.principals)
        } else {
            caller.is_outside(&statement.not_principals)
        };
        DenyStatement {
            statement,
            is_for_caller,
            actions: lowercase_actions(&statement.actions),
            not_actions: lowercase_actions(&statement.not_actions),
        }
    }

    /// Returns whether the statement denies all actions that match the pattern `action`. The result
    /// is `None` if the statement denies only some of these actions, or if the answer is unknown.
    fn denies_action(&self, action: &str) -> Option<bool> {
        if self.actions.is_empty() && self.not_actions.is_empty() {
            return None;
        }
        is_in(&self.actions, &self.not_actions, action)
    }

    /// Returns whether the statement denies all resources that match the pattern `resource`. The
    /// result is `None` if the statement denies only some of these resources, or if the answer is
    /// unknown.
    fn denies_resource(&self, resource: &str) -> Option<bool> {
        let statement = self.statement;
        if statement.resources.is_empty() && statement.not_resources.is_empty() {
            return Some(true);
        }
        is_in(&statement.resources, &statement.not_resources, resource)
    }

    /// Returns whether the statement may deny a part of the grant.
    fn may_deny(&self, grant: &GrantPatterns) -> bool {
        grant.actions.iter().any(|action| self.denies_action(action) != Some(false))
            && grant.resources.iter().any(|resource| self.denies_resource(resource) != Some(false))
    }
}

/// Returns whether every text that matches `pattern` also matches a pattern in `listed`. If
/// `left_out` is not empty, the function instead returns whether none of these texts matches a
/// pattern in `left_out`. The result is `None` if the answer is unknown.
fn is_in(listed: &[String], left_out: &[String], pattern: &str) -> Option<bool> {
    if left_out.is_empty() {
        return is_in_list(listed, pattern);
    }
    is_in_list(left_out, pattern).map(|inside| !inside)
}

fn is_in_list(listed: &[String], pattern: &str) -> Option<bool> {
    let all_of = |one: &String| {
        one == pattern || !has_variable(one) && pattern_covers(one, pattern) == Some(true)
    };
    if listed.iter().any(all_of) {
        return Some(true);
    }
    let apart =
        listed.iter().all(|one| patterns_overlap(&loosen_variables(one), pattern) == Some(false));
    apart.then_some(false)
}

fn has_variable(pattern: &str) -> bool {
    pattern.contains("${")
}

/// Replaces each policy variable, such as `${aws:username}`, by `*`, because its value is unknown.
fn loosen_variables(pattern: &str) -> String {
    let mut parts = pattern.split("${");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push('*');
        out.push_str(part.split_once('}').map_or("", |(_, rest)| rest));
    }
    out
}

/// Returns whether the Deny statements deny each action on each resource to every caller of the
/// class.
fn is_closed(
    grant: &GrantPatterns,
    denials: &[&DenyStatement<'_>],
    caller: CallerClass<'_>,
) -> bool {
    let whole: Vec<&DenyStatement<'_>> = denials
        .iter()
        .copied()
        .filter(|denial| {
            denial.is_for_caller == Some(true)
                && denial.statement.conditions.iter().all(|one| always_holds(one, caller))
        })
        .collect();
    let of_actions: Vec<Vec<bool>> = whole
        .iter()
        .map(|one| grant.actions.iter().map(|a| one.denies_action(a) == Some(true)).collect())
        .collect();
    grant.resources.iter().all(|resource| {
        let denied: Vec<bool> =
            whole.iter().map(|one| one.denies_resource(resource) == Some(true)).collect();
        (0..grant.actions.len()).all(|at| {
            of_actions.iter().zip(&denied).any(|(actions, resource)| {
                *resource && actions.get(at).copied().unwrap_or_default()
            })
        })
    })
}

/// A request: one action on one resource.
struct CandidateRequest {
    action: String,
    resource: String,
}

/// Returns sample requests whose action and resource the statement allows.
fn candidate_requests(grant: &GrantPatterns) -> Vec<CandidateRequest> {
    let mut actions: Vec<String> =
        grant.actions.iter().flat_map(|one| sample_actions(one, grant)).collect();
    actions.retain(|action| {
        grant.not_actions.is_empty() || is_in_list(&grant.not_actions, action) == Some(false)
    });
    actions.dedup();
    actions.truncate(MAX_TRIED);
    let mut resources: Vec<String> =
        grant.resources.iter().map(|one| sample_resource(one)).collect();
    resources.retain(|resource| {
        grant.not_resources.is_empty() || is_in_list(&grant.not_resources, resource) == Some(false)
    });
    resources.truncate(MAX_TRIED);
    let pairs = actions.iter().flat_map(|action| resources.iter().map(move |one| (action, one)));
    pairs
        .filter(|(action, resource)| services::action_applies(action, resource))
        .map(|(action, resource)| CandidateRequest {
            action: action.clone(),
            resource: resource.clone(),
        })
        .collect()
}

/// Returns actions that match a pattern: the known actions of the service, or the pattern itself.
fn sample_actions(pattern: &str, grant: &GrantPatterns) -> Vec<String> {
    if !is_wild(pattern) {
        return vec![pattern.to_owned()];
    }
    let written = pattern.split_once(':').map(|(service, _)| service).filter(|one| !is_wild(one));
    let service = grant.service.as_deref().or(written).unwrap_or_default();
    let known = services::known_actions(service).map(|name| format!("{service}:{name}"));
    let mut known: Vec<String> =
        known.filter(|action| pattern_covers(pattern, action) == Some(true)).collect();
    if known.is_empty() {
        known.push(pattern.to_owned());
    }
    known
}

/// Returns a resource that matches a pattern, if the pattern names its bucket or API without
/// wildcards. Otherwise, the function returns the pattern itself.
fn sample_resource(pattern: &str) -> String {
    let own = services::owner_prefix(pattern).filter(|own| !is_wild(own));
    if own.is_some() { sample_text(pattern) } else { pattern.to_owned() }
}

/// Returns whether a request is allowed in at least one context, that is, with at least one
/// combination of values for the condition keys.
fn gets_through(
    request: &CandidateRequest,
    allow: &PolicyStatement,
    denials: &[&DenyStatement<'_>],
    caller: CallerClass<'_>,
) -> Result<bool, ExecutionError> {
    let matching: Vec<&PolicyStatement> = denials
        .iter()
        .filter(|denial| {
            denial.denies_action(&request.action) != Some(false)
                && denial.denies_resource(&request.resource) != Some(false)
        })
        .map(|denial| denial.statement)
        .collect();
    if matching.iter().any(|statement| statement.conditions.is_empty()) {
        return Ok(false);
    }
    let keys = context_choices(allow, &matching, caller);
    let contexts = keys.values().map(Vec::len).fold(1_usize, usize::saturating_mul);
    let tests = matching.len().saturating_add(1);
    for number in 0..contexts.min(MAX_CONTEXTS) {
        budget::charge_cost(tests.saturating_div(4).saturating_add(1))?;
        let context = pick_context(&keys, number);
        let test = |key: &str| context.get(key).copied().unwrap_or(&ContextValue::Unknown);
        let allowed =
            allow.conditions.iter().all(|one| condition_holds(one, test(&one.key)) != Some(false));
        let avoids = |statement: &&PolicyStatement| {
            statement
                .conditions
                .iter()
                .any(|one| condition_holds(one, test(&one.key)) == Some(false))
        };
        if allowed && matching.iter().all(avoids) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns the possible values of each key that a condition uses.
fn context_choices<'a>(
    allow: &'a PolicyStatement,
    denials: &[&'a PolicyStatement],
    caller: CallerClass<'_>,
) -> BTreeMap<&'a str, Vec<ContextValue>> {
    let mut written: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for condition in [allow].into_iter().chain(denials.iter().copied()).flat_map(|s| &s.conditions)
    {
        let values = condition.values.iter().map(String::as_str);
        written.entry(condition.key.as_str()).or_default().extend(values);
    }
    written
        .into_iter()
        .map(|(key, mut values)| {
            values.sort_unstable();
            values.dedup();
            values.truncate(MAX_TRIED);
            (key, caller.possible_values(key, &values))
        })
        .collect()
}

/// Returns the context with this number: one of the possible values for each key.
fn pick_context<'k>(
    keys: &'k BTreeMap<&str, Vec<ContextValue>>,
    mut number: usize,
) -> BTreeMap<&'k str, &'k ContextValue> {
    let mut context = BTreeMap::new();
    for (key, choices) in keys {
        let count = choices.len().max(1);
        if let Some(value) = choices.get(number.checked_rem(count).unwrap_or_default()) {
            context.insert(*key, value);
        }
        number = number.checked_div(count).unwrap_or_default();
    }
    context
}
