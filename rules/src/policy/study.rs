//! A policy as its author studies it: changed on purpose, or watched while it judges.

use super::file::PolicyFile;
use super::load::Policy;
use crate::diagnostic::Diagnostic;
use crate::engine::{Functions, Mutation, Mutator, Part, Rework, Sights, watching};
use std::collections::BTreeSet;
use std::ops::Range;

/// A change of a policy that its cases should notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// What is changed, in a few words.
    pub what: String,
    /// Where, in bytes of the policy's file.
    pub span: Range<usize>,
    number: usize,
}

impl Mutant {
    /// Every change that can be made to what decides whether a policy finds something.
    ///
    /// # Errors
    /// Whatever is wrong with the policy.
    pub fn all(file: &PolicyFile, functions: &Functions) -> Result<Vec<Mutant>, Diagnostic> {
        let rework = Rework::Mutate(Mutator::default());
        let (policy, rework) = Policy::reworked(file, functions, rework)?;
        let Rework::Mutate(mutator) = rework else { return Ok(Vec::new()) };
        let deciding = policy.body.sources();
        let numbered = mutator.into_found().into_iter().enumerate();
        let mutant = |(number, Mutation { what, source, span })| Mutant {
            what,
            span: policy.span_of(source, &span),
            number,
        };
        Ok(numbered.filter(|(_, one)| deciding.contains(&one.source)).map(mutant).collect())
    }

    /// The changed policy; none where the change makes it one that does not compile.
    pub fn policy(&self, file: &PolicyFile, functions: &Functions) -> Option<Policy> {
        let rework = Rework::Mutate(Mutator::making(self.number));
        Policy::reworked(file, functions, rework).ok().map(|loaded| loaded.0)
    }
}

/// A policy whose expressions tell what their parts were.
#[derive(Debug)]
pub struct Watched<'p> {
    policy: &'p Policy,
    parts: Vec<Part>,
}

/// A condition of a policy, and what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Where it stands, in bytes of the policy's file.
    pub span: Range<usize>,
    /// Whether it ever held.
    pub held: bool,
    /// Whether it ever did not.
    pub failed: bool,
}

impl<'p> Watched<'p> {
    /// A policy that was [loaded to be watched](Policy::load_watched); of another there is nothing to see.
    pub fn new(policy: &'p Policy) -> Self {
        Watched { policy, parts: policy.body.parts(&policy.sources) }
    }

    /// Lets it judge something, and watches.
    pub fn watch<T>(&self, work: impl FnOnce(&Policy) -> T) -> (T, Sights) {
        watching(|| work(self.policy))
    }

    /// What the body is made of.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Where a part stands, in bytes of the policy's file.
    pub fn span(&self, part: &Part) -> Range<usize> {
        self.policy.span_of(part.source, &part.span)
    }

    /// Each condition of the body, once, and what it was in these evaluations.
    pub fn conditions(&self, sights: &[Sights]) -> Vec<Condition> {
        let (mut all, mut told) = (Vec::new(), BTreeSet::new());
        for part in &self.parts {
            self.gather(part, sights, &mut told, &mut all);
        }
        all.sort_by_key(|condition: &Condition| (condition.span.start, condition.span.end));
        all
    }

    fn gather(
        &self,
        part: &Part,
        sights: &[Sights],
        told: &mut BTreeSet<(usize, usize, usize)>,
        all: &mut Vec<Condition>,
    ) {
        // A variable that is used twice is the same conditions twice.
        if part.is_condition && told.insert((part.source, part.span.start, part.span.end)) {
            let mut values = sights.iter().flat_map(|sights| sights.of(part));
            let holds = |value: &serde_json::Value| {
                value.as_bool().or_else(|| value.as_array().map(|list| !list.is_empty()))
            };
            let seen: Vec<bool> = values.by_ref().filter_map(holds).collect();
            let (held, failed) = (seen.contains(&true), seen.contains(&false));
            all.push(Condition { span: self.span(part), held, failed });
        }
        part.parts.iter().for_each(|part| self.gather(part, sights, told, all));
    }
}
