//! Turns a question about a document into problems for the solver, and checks its answers.

use std::collections::{BTreeMap, BTreeSet};

use crate::answer::{Answer, UnknownReason, Witness};
use crate::callers::{CallerClass, ResourceOwner};
use crate::catalog::spell_action;
use crate::evaluate::principals::includes_caller;
use crate::evaluate::{Decision, decide_request, statement_applies};
use crate::keys::is_multivalued;
use crate::model::document::{PolicyDocument, Statement};
use crate::model::request::Request;
use crate::model::template::Template;
use crate::request_domain::RequestDomain;
use crate::solver::domain::{KeyDomain, ValueDomain};
use crate::solver::key::{KeyResult, find_key_values};
use crate::solver::pattern::Pattern;
use crate::solver::problem::{KeyDomains, Literal, Problem, VariableValues};
use crate::solver::search::{Solution, UnknownLiterals, search_request};
use crate::solver::steps::{StepLimit, StepsExhausted};

/// The number of combinations of values that are tried for policy variables.
const MAX_VARIABLE_TRIES: usize = 6;

/// A search for one kind of request.
#[derive(Debug)]
pub(crate) struct Inquiry<'d> {
    /// The callers.
    pub(crate) class: &'d CallerClass<'d>,
    /// Statements that must apply.
    pub(crate) applying: Vec<&'d Statement>,
    /// Statements that must not apply.
    pub(crate) excluded: Vec<&'d Statement>,
    /// Conditions on the action and the resource.
    pub(crate) domain: RequestDomain,
    /// Conditions on keys that must hold, such as an insecure connection.
    pub(crate) required: Vec<Literal<'d>>,
}

impl<'d> Inquiry<'d> {
    /// Answers whether there is such a request. `is_right` checks a request without the solver.
    pub(crate) fn answer(
        &self,
        is_right: &dyn Fn(&Request) -> bool,
        steps: &StepLimit,
    ) -> Result<Option<Request>, BTreeSet<UnknownReason>> {
        self.search(is_right, steps)
            .unwrap_or_else(|StepsExhausted| Err(BTreeSet::from([UnknownReason::TooComplex])))
    }

    fn search(
        &self,
        is_right: &dyn Fn(&Request) -> bool,
        steps: &StepLimit,
    ) -> Result<Result<Option<Request>, BTreeSet<UnknownReason>>, StepsExhausted> {
        let Some(problem) = self.build_problem() else { return Ok(Ok(None)) };
        let known = self.known_variables();
        let every = VariableValues { chosen: &known, is_superset: true };
        let found = search_request(&problem, self.class, every, UnknownLiterals::Assumed, steps)?;
        let Some(solution) = found else { return Ok(Ok(None)) };
        let is_certain = solution.assumed_facts == 0;
        let request = self.build_request(solution, &known);
        if is_certain && self.has_form(&request) && is_right(&request) {
            return Ok(Ok(Some(request)));
        }
        for chosen in self.choose_variables(steps)? {
            let values = VariableValues { chosen: &chosen, is_superset: false };
            let found =
                search_request(&problem, self.class, values, UnknownLiterals::Avoided, steps)?;
            let request = found.map(|solution| self.build_request(solution, &chosen));
            if let Some(request) = request.filter(|one| self.has_form(one) && is_right(one)) {
                return Ok(Ok(Some(request)));
            }
        }
        let mut reasons = self.reasons();
        if !is_certain {
            reasons.insert(UnknownReason::Facts);
        }
        if reasons.is_empty() {
            reasons.insert(UnknownReason::Condition);
        }
        Ok(Err(reasons))
    }

    /// Returns whether the statements apply to a request as they must. Without this check, a request
    /// that another statement of the document allows would be a witness for the wrong statement.
    fn has_form(&self, request: &Request) -> bool {
        let applies = |statement: &&Statement, must: bool| {
            statement_applies(statement, request) == Some(must)
        };
        self.applying.iter().all(|one| applies(one, true))
            && self.excluded.iter().all(|one| applies(one, false))
    }

    /// Returns the problem, or `None` if a literal is false for all callers of the class.
    fn build_problem(&self) -> Option<Problem<'d>> {
        // A statement cannot apply and not apply.
        if self.excluded.iter().any(|excluded| self.applying.contains(excluded)) {
            return None;
        }
        let mut required = self.required.clone();
        for statement in &self.applying {
            required.extend(self.literals(statement, true));
        }
        let mut clauses = Vec::new();
        for statement in &self.excluded {
            let literals = self.literals(statement, false);
            if literals.iter().any(|one| matches!(one, Literal::Fixed(Some(true)))) {
                continue;
            }
            clauses.push(literals);
        }
        let is_false = |literal: &Literal<'_>| matches!(literal, Literal::Fixed(Some(false)));
        if required.iter().any(is_false) {
            return None;
        }
        Some(Problem {
            action_domain: self.domain.actions.clone(),
            preferred_actions: self.domain.preferred_actions,
            resource_domain: self.domain.resources.clone(),
            preferred_resources: self.domain.preferred_resources.clone(),
            required,
            clauses,
        })
    }

    /// Returns the parts of a statement: all must hold if the statement must apply, and one must hold
    /// if it must not.
    fn literals(&self, statement: &'d Statement, applies: bool) -> Vec<Literal<'d>> {
        let caller = self.class.build_caller(None);
        let principal = statement.principals.as_ref().map(|members| {
            Literal::Fixed(includes_caller(members, &caller).map(|included| included == applies))
        });
        let action = statement.actions.as_ref().map(|members| Literal::Action(members, applies));
        let resource =
            statement.resources.as_ref().map(|members| Literal::Resource(members, applies));
        let conditions = statement.conditions.iter().map(|one| Literal::condition(one, applies));
        principal.into_iter().chain(action).chain(resource).chain(conditions).collect()
    }

    fn build_request(
        &self,
        solution: Solution,
        chosen: &BTreeMap<String, Option<String>>,
    ) -> Request {
        let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (key, values) in solution.keys {
            if let Some(values) = values {
                context.insert(key, values);
            }
        }
        for (key, value) in chosen {
            if let Some(value) = value {
                context.entry(key.clone()).or_insert_with(|| vec![value.clone()]);
            }
        }
        let arn = context.get("aws:principalarn").and_then(|values| values.first());
        Request {
            caller: self.class.build_caller(arn.map(String::as_str)),
            action: spell_action(&solution.action),
            resource: solution.resource,
            context,
        }
    }

    fn statements(&self) -> impl Iterator<Item = &'d Statement> {
        self.applying.iter().chain(&self.excluded).copied()
    }

    fn variable_keys(&self) -> BTreeSet<&'d str> {
        self.statements().flat_map(templates).flat_map(Template::variable_keys).collect()
    }

    /// Returns the policy variables that have the same value, or none, in all requests.
    fn known_variables(&self) -> BTreeMap<String, Option<String>> {
        let mut known = BTreeMap::new();
        for key in self.variable_keys() {
            let domain = self.class.key_domain(key);
            match &domain.values {
                ValueDomain::Never => {
                    known.insert(key.to_owned(), None);
                }
                ValueDomain::Listed(values) if !domain.may_be_absent && values.len() == 1 => {
                    known.insert(key.to_owned(), values.first().cloned());
                }
                _ => {}
            }
        }
        known
    }

    /// Returns values to try for the policy variables of the statements.
    fn choose_variables(
        &self,
        steps: &StepLimit,
    ) -> Result<Vec<BTreeMap<String, Option<String>>>, StepsExhausted> {
        let keys = self.variable_keys();
        let mut choices: Vec<(&str, Vec<Option<String>>)> = Vec::new();
        for key in keys {
            choices.push((key, self.variable_choices(key, steps)?));
        }
        let tries = choices.iter().map(|(_, values)| values.len()).max().unwrap_or(1);
        let pick = |number: usize| {
            let one = |(key, values): &(&str, Vec<Option<String>>)| {
                let value = values.get(number).or_else(|| values.first()).cloned().flatten();
                ((*key).to_owned(), value)
            };
            choices.iter().map(one).collect()
        };
        Ok((0..tries.clamp(1, MAX_VARIABLE_TRIES)).map(pick).collect())
    }

    /// Returns values of a key for a policy variable: a usual one, those that the statements name, and
    /// no value.
    fn variable_choices(
        &self,
        key: &str,
        steps: &StepLimit,
    ) -> Result<Vec<Option<String>>, StepsExhausted> {
        let domain: KeyDomain = self.class.key_domain(key);
        let present = domain.clone().present();
        let nothing = BTreeMap::new();
        let every = VariableValues { chosen: &nothing, is_superset: true };
        let mut values = Vec::new();
        if let KeyResult::Found(Some(found)) = find_key_values(key, &present, &[], every, steps)? {
            values.extend(found.into_iter().map(Some));
        }
        let named = self.class.named.values_of(key).map(str::to_owned);
        let own = match self.class.resource_owner {
            ResourceOwner::Account(account) => Some(account.to_owned()),
            _ => None,
        };
        let possible = named.chain(own).chain(self.matching_values(key));
        let mut possible: Vec<String> =
            possible.filter(|value| domain.values.contains_value(value)).collect();
        possible.dedup();
        values.extend(possible.into_iter().map(Some));
        values.truncate(MAX_VARIABLE_TRIES.saturating_sub(1));
        if domain.may_be_absent {
            values.push(None);
        }
        Ok(values)
    }

    /// Returns values of a policy variable with which a resource of the statements becomes a resource
    /// that the question or another statement names.
    fn matching_values(&self, key: &str) -> Vec<String> {
        let members = self.statements().filter_map(|statement| statement.resources.as_ref());
        let resources: Vec<&Template> = members.flat_map(|members| &members.listed).collect();
        let asked = self.domain.resources.iter().flat_map(|condition| &condition.patterns);
        let mut texts: Vec<String> = asked.map(Pattern::fixed_start).collect();
        texts.extend(resources.iter().filter_map(|template| template.only_text()));
        let mut values = Vec::new();
        for template in resources {
            let Some((before, after)) = template.around_variable(key) else { continue };
            for text in &texts {
                let inside = text.strip_prefix(&before);
                let inside = inside.and_then(|rest| rest.split(&after).next());
                values.extend(inside.filter(|inside| !inside.is_empty()).map(str::to_owned));
            }
        }
        values
    }

    /// Returns what could make the answer unknown.
    fn reasons(&self) -> BTreeSet<UnknownReason> {
        let mut reasons = BTreeSet::new();
        for statement in self.statements() {
            if statement.principals.as_ref().is_some_and(|members| members.is_complement) {
                reasons.insert(UnknownReason::NotPrincipal);
            }
            if templates(statement).any(Template::has_variables) {
                reasons.insert(UnknownReason::Variables);
            }
            for condition in &statement.conditions {
                match condition.operator {
                    None => reasons.insert(UnknownReason::Condition),
                    Some(operator)
                        if operator.quantifier.is_none() && is_multivalued(&condition.key) =>
                    {
                        reasons.insert(UnknownReason::SetOperatorMissing)
                    }
                    Some(_) => false,
                };
            }
        }
        reasons
    }
}

/// Returns the texts of a statement that can contain policy variables.
fn templates(statement: &Statement) -> impl Iterator<Item = &Template> {
    let resources = statement.resources.iter().flat_map(|members| &members.listed);
    resources.chain(statement.conditions.iter().flat_map(|condition| &condition.values))
}

/// Answers whether a statement of a document allows a request, after the document's `Deny`
/// statements.
pub(crate) fn find_allowed_request(
    document: &PolicyDocument,
    statement: usize,
    class: &CallerClass<'_>,
    domains: &[RequestDomain],
    steps: &StepLimit,
) -> Answer {
    let statements = document.statements();
    let Some(allow) = statements.get(statement).filter(|one| one.allows) else { return Answer::No };
    let mut answer = Answer::No;
    for domain in domains {
        answer = answer.or_else(|| {
            let inquiry = Inquiry {
                class,
                applying: vec![allow],
                excluded: statements.iter().filter(|one| !one.allows).collect(),
                domain: domain.clone(),
                required: Vec::new(),
            };
            let is_allowed =
                |request: &Request| decide_request(document, request) == Decision::Allowed;
            match inquiry.answer(&is_allowed, steps) {
                Ok(None) => Answer::No,
                Ok(Some(request)) => Answer::Yes(Box::new(Witness {
                    request,
                    statement: Some(statement),
                    sid: allow.sid.clone(),
                })),
                Err(reasons) => Answer::Unknown(reasons),
            }
        });
    }
    answer
}
