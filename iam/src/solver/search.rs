//! Searches for a request that satisfies a problem.
//!
//! The search chooses one literal of each clause, and goes back if the chosen literals contradict
//! each other. It is complete: each part of a request is independent of the others, and for each part
//! the search decides whether some value satisfies all literals on it.

use std::collections::BTreeMap;

use super::domain::KeyDomain;
use super::key::{KeyLiteral, KeyResult, KeyValues, find_key_values};
use super::problem::{KeyDomains, Literal, Problem, VariableValues};
use super::steps::{StepLimit, StepsExhausted};
use super::texts::{TextCondition, find_text};

/// The parts of a request that satisfies a problem.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Solution {
    pub(crate) action: String,
    pub(crate) resource: String,
    /// The keys that occur in the chosen literals.
    pub(crate) keys: BTreeMap<String, KeyValues>,
    /// The number of chosen literals that depend on a fact that is not known.
    pub(crate) assumed_facts: usize,
}

/// What the search does with a literal whose value is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnknownLiterals {
    /// The search assumes that it holds. If the search finds nothing, there is no such request.
    Assumed,
    /// The search does not use it. If the search finds a request, there is such a request.
    Avoided,
}

/// Searches for a request. Returns `None` if there is none.
pub(crate) fn search_request(
    problem: &Problem<'_>,
    domains: &dyn KeyDomains,
    variables: VariableValues<'_>,
    unknown: UnknownLiterals,
    steps: &StepLimit,
) -> Result<Option<Solution>, StepsExhausted> {
    let mut search = Search {
        problem,
        domains,
        variables,
        unknown,
        steps,
        chosen: Chosen::default(),
        solution: Solution::default(),
    };
    let fits = search.check_action()? && search.check_resource()?;
    if !fits {
        return Ok(None);
    }
    for literal in &problem.required {
        if search.add_literal(*literal)?.is_none() {
            return Ok(None);
        }
    }
    let mut clauses: Vec<&[Literal<'_>]> = problem.clauses.iter().map(Vec::as_slice).collect();
    clauses.sort_by_key(|clause| clause.len());
    let is_found = search.solve_clauses(&clauses)?;
    Ok(is_found.then_some(search.solution))
}

/// The literals that the search has chosen.
#[derive(Default)]
struct Chosen<'d> {
    action: Vec<TextCondition>,
    resource: Vec<TextCondition>,
    keys: BTreeMap<&'d str, Vec<KeyLiteral<'d>>>,
}

struct Search<'p, 'd> {
    problem: &'p Problem<'d>,
    domains: &'p dyn KeyDomains,
    variables: VariableValues<'p>,
    unknown: UnknownLiterals,
    steps: &'p StepLimit,
    chosen: Chosen<'d>,
    solution: Solution,
}

/// How to take back a literal.
enum Undo<'d> {
    Nothing,
    Action(String),
    Resource(String),
    Key(&'d str, Option<KeyValues>),
    /// As `Key`, for a literal that depends on a fact.
    Fact(&'d str, Option<KeyValues>),
}

impl<'d> Search<'_, 'd> {
    /// Chooses a literal of each clause.
    fn solve_clauses(&mut self, clauses: &[&[Literal<'d>]]) -> Result<bool, StepsExhausted> {
        let Some((clause, rest)) = clauses.split_first() else { return Ok(true) };
        for literal in *clause {
            self.steps.spend_steps(1)?;
            let Some(undo) = self.add_literal(*literal)? else { continue };
            if self.solve_clauses(rest)? {
                return Ok(true);
            }
            self.take_back(undo);
        }
        Ok(false)
    }

    /// Adds a literal, if it does not contradict the chosen ones.
    fn add_literal(&mut self, literal: Literal<'d>) -> Result<Option<Undo<'d>>, StepsExhausted> {
        match literal {
            Literal::Fixed(Some(holds)) => Ok(holds.then_some(Undo::Nothing)),
            Literal::Fixed(None) => {
                Ok((self.unknown == UnknownLiterals::Assumed).then_some(Undo::Nothing))
            }
            Literal::Action(members, included) => {
                let condition = self.variables.compile_members(members, included);
                self.steps.spend_steps(condition.patterns.len())?;
                let still_holds = condition.holds_for(&self.solution.action);
                self.chosen.action.push(condition);
                let old = self.solution.action.clone();
                if still_holds || self.check_action()? {
                    return Ok(Some(Undo::Action(old)));
                }
                self.chosen.action.pop();
                Ok(None)
            }
            Literal::Resource(members, included) => {
                let condition = self.variables.compile_members(members, included);
                self.steps.spend_steps(condition.patterns.len())?;
                let still_holds = condition.holds_for(&self.solution.resource);
                self.chosen.resource.push(condition);
                let old = self.solution.resource.clone();
                if still_holds || self.check_resource()? {
                    return Ok(Some(Undo::Resource(old)));
                }
                self.chosen.resource.pop();
                Ok(None)
            }
            Literal::Key(literal) => self.add_key_literal(literal),
        }
    }

    fn add_key_literal(
        &mut self,
        literal: KeyLiteral<'d>,
    ) -> Result<Option<Undo<'d>>, StepsExhausted> {
        let key = literal.condition.key.as_str();
        let old = self.solution.keys.get(key).cloned();
        self.chosen.keys.entry(key).or_default().push(literal);
        let domain = self.variable_domain(key);
        let assumes_fact = domain.is_fact && !self.always_holds(key, &domain, literal)?;
        if assumes_fact && self.unknown == UnknownLiterals::Avoided {
            self.pop_key(key);
            return Ok(None);
        }
        let literals = self.chosen.keys.get(key).map(Vec::as_slice).unwrap_or_default();
        match find_key_values(key, &domain, literals, self.variables, self.steps)? {
            KeyResult::Found(values) => {
                self.solution.keys.insert(key.to_owned(), values);
                if assumes_fact {
                    let count = self.solution.assumed_facts.saturating_add(1);
                    self.solution.assumed_facts = count;
                    return Ok(Some(Undo::Fact(key, old)));
                }
                return Ok(Some(Undo::Key(key, old)));
            }
            KeyResult::Undecided if self.unknown == UnknownLiterals::Assumed => {
                return Ok(Some(Undo::Key(key, old)));
            }
            KeyResult::Impossible | KeyResult::Undecided => {}
        }
        self.pop_key(key);
        Ok(None)
    }

    /// Returns whether a literal holds for every value of a key.
    fn always_holds(
        &self,
        key: &str,
        domain: &KeyDomain,
        literal: KeyLiteral<'d>,
    ) -> Result<bool, StepsExhausted> {
        let opposite = KeyLiteral { must_hold: !literal.must_hold, ..literal };
        let found = find_key_values(key, domain, &[opposite], self.variables, self.steps)?;
        Ok(found == KeyResult::Impossible)
    }

    /// Returns the domain of a key. A key whose value is chosen for a policy variable has only this
    /// value.
    fn variable_domain(&self, key: &str) -> KeyDomain {
        match self.variables.chosen.get(key) {
            Some(Some(value)) => KeyDomain::listed(&[value]),
            Some(None) => KeyDomain::never(),
            None => self.domains.key_domain(key),
        }
    }

    fn take_back(&mut self, undo: Undo<'d>) {
        match undo {
            Undo::Nothing => {}
            Undo::Action(old) => {
                self.chosen.action.pop();
                self.solution.action = old;
            }
            Undo::Resource(old) => {
                self.chosen.resource.pop();
                self.solution.resource = old;
            }
            Undo::Fact(key, old) => {
                let count = self.solution.assumed_facts.saturating_sub(1);
                self.solution.assumed_facts = count;
                self.take_back(Undo::Key(key, old));
            }
            Undo::Key(key, old) => {
                self.pop_key(key);
                match old {
                    Some(old) => self.solution.keys.insert(key.to_owned(), old),
                    None => self.solution.keys.remove(key),
                };
            }
        }
    }

    fn pop_key(&mut self, key: &str) {
        if let Some(literals) = self.chosen.keys.get_mut(key) {
            literals.pop();
        }
    }

    /// Finds an action for the chosen literals. If there is none, the solution stays as it is.
    fn check_action(&mut self) -> Result<bool, StepsExhausted> {
        let conditions = [self.problem.action_domain.as_slice(), &self.chosen.action].concat();
        let found = find_text(&conditions, self.problem.preferred_actions, self.steps)?;
        let is_found = found.is_some();
        self.solution.action = found.unwrap_or_else(|| std::mem::take(&mut self.solution.action));
        Ok(is_found)
    }

    /// Finds a resource for the chosen literals. If there is none, the solution stays as it is.
    fn check_resource(&mut self) -> Result<bool, StepsExhausted> {
        let conditions = [self.problem.resource_domain.as_slice(), &self.chosen.resource].concat();
        let found = find_text(&conditions, &self.problem.preferred_resources, self.steps)?;
        let is_found = found.is_some();
        self.solution.resource =
            found.unwrap_or_else(|| std::mem::take(&mut self.solution.resource));
        Ok(is_found)
    }
}
