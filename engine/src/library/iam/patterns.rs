//! Compares wildcard patterns: whether one pattern covers another, and whether two patterns
//! overlap.
//!
//! A pattern represents the set of texts that match it. The functions compare these sets exactly.
//! If a comparison exceeds the step limit, they return `None` instead of an estimate.

use std::cell::Cell;
use std::collections::BTreeSet;

use crate::glob;
use crate::run::budget;

/// The maximum number of steps of one comparison.
const MAX_STEPS: usize = 20_000;

/// The maximum number of steps of all comparisons for one policy document. Without this limit, the
/// author of a document could exhaust an evaluation with many long comparisons.
const MAX_STEPS_OF_DOCUMENT: usize = 200_000;

/// The number of steps that cost one unit of the budget.
const STEPS_PER_UNIT: usize = 16;

thread_local! {
    static LEFT_FOR_DOCUMENT: Cell<usize> = const { Cell::new(MAX_STEPS_OF_DOCUMENT) };
}

/// Resets the step limit for a new policy document.
pub(super) fn start_document() {
    LEFT_FOR_DOCUMENT.set(MAX_STEPS_OF_DOCUMENT);
}

/// Returns whether a pattern contains wildcards.
pub(super) fn is_wild(pattern: &str) -> bool {
    pattern.contains(['*', '?'])
}

/// Returns whether every text that matches `narrow` also matches `wide`. The result is `None` if
/// the comparison exceeds the step limit.
pub(super) fn pattern_covers(wide: &str, narrow: &str) -> Option<bool> {
    if wide == narrow || wide == "*" {
        return Some(true);
    }
    if !is_wild(narrow) {
        return glob::match_within_limit(wide, narrow);
    }
    if LEFT_FOR_DOCUMENT.get() == 0 {
        return None;
    }
    let (wide, narrow): (Vec<char>, Vec<char>) = (wide.chars().collect(), narrow.chars().collect());
    let mut letters: Vec<Option<char>> = wide.iter().copied().map(Some).collect();
    // `None` represents all characters that do not occur in `wide`.
    letters.push(None);
    letters.sort_unstable();
    letters.dedup();
    let mut search = StateSearch::new((0, settle_positions(&wide, BTreeSet::from([0]))));
    while let Some((at, set)) = search.next_state() {
        // No position in `wide` is left, so `wide` does not match a text that `narrow` matches.
        if set.is_empty() {
            return Some(false);
        }
        search.spend_steps(letters.len().saturating_mul(set.len()));
        let Some(letter) = narrow.get(at).copied() else {
            if !set.contains(&wide.len()) {
                return Some(false);
            }
            continue;
        };
        let next = at.saturating_add(1);
        match letter {
            '*' => {
                search.add_state((next, set.clone()));
                for read in &letters {
                    search.add_state((at, advance_positions(&wide, &set, *read)));
                }
            }
            '?' => {
                for read in &letters {
                    search.add_state((next, advance_positions(&wide, &set, *read)));
                }
            }
            letter => search.add_state((next, advance_positions(&wide, &set, Some(letter)))),
        }
    }
    search.is_done().then_some(true)
}

/// Returns whether some text matches both patterns. The result is `None` if the comparison exceeds
/// the step limit.
pub(super) fn patterns_overlap(a: &str, b: &str) -> Option<bool> {
    match (is_wild(a), is_wild(b)) {
        (false, false) => return Some(a == b),
        (true, false) => return glob::match_within_limit(a, b),
        (false, true) => return glob::match_within_limit(b, a),
        (true, true) if LEFT_FOR_DOCUMENT.get() == 0 => return None,
        (true, true) => {}
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut search = StateSearch::new((0_usize, 0_usize));
    while let Some((i, j)) = search.next_state() {
        let (left, right) = (a.get(i).copied(), b.get(j).copied());
        let (after_i, after_j) = (i.saturating_add(1), j.saturating_add(1));
        match (left, right) {
            (None, None) => return Some(true),
            (Some('*'), _) | (_, Some('*')) => {
                if left == Some('*') {
                    search.add_state((after_i, j));
                    if right.is_some_and(|letter| letter != '*') {
                        search.add_state((i, after_j));
                    }
                }
                if right == Some('*') {
                    search.add_state((i, after_j));
                    if left.is_some_and(|letter| letter != '*') {
                        search.add_state((after_i, j));
                    }
                }
            }
            (Some(left), Some(right)) if left == '?' || right == '?' || left == right => {
                search.add_state((after_i, after_j));
            }
            _ => {}
        }
    }
    search.is_done().then_some(false)
}

/// Returns the positions in a pattern that are possible after one more character.
fn advance_positions(
    pattern: &[char],
    set: &BTreeSet<usize>,
    letter: Option<char>,
) -> BTreeSet<usize> {
    let moved = set.iter().filter_map(|at| match (pattern.get(*at)?, letter) {
        ('*', _) => Some(*at),
        ('?', _) => Some(at.saturating_add(1)),
        (wanted, Some(letter)) if *wanted == letter => Some(at.saturating_add(1)),
        _ => None,
    });
    settle_positions(pattern, moved.collect())
}

/// Adds the position after each star, because a star can match the empty text. Then removes the
/// positions before the last star: every text that they can match, the star can match too.
fn settle_positions(pattern: &[char], mut set: BTreeSet<usize>) -> BTreeSet<usize> {
    let mut open: Vec<usize> = set.iter().copied().collect();
    let mut last_star = None;
    while let Some(at) = open.pop() {
        if pattern.get(at) == Some(&'*') {
            last_star = last_star.max(Some(at));
            let next = at.saturating_add(1);
            if set.insert(next) {
                open.push(next);
            }
        }
    }
    match last_star {
        Some(star) => set.split_off(&star),
        None => set,
    }
}

/// A search that visits each state once, up to a maximum number of steps.
struct StateSearch<S> {
    pending: Vec<S>,
    visited: BTreeSet<S>,
    steps: usize,
    max_steps: usize,
}

impl<S: Ord + Clone> StateSearch<S> {
    fn new(start: S) -> Self {
        let most = MAX_STEPS.min(LEFT_FOR_DOCUMENT.get());
        StateSearch {
            pending: vec![start.clone()],
            visited: BTreeSet::from([start]),
            steps: 0,
            max_steps: most,
        }
    }

    fn add_state(&mut self, state: S) {
        if self.visited.insert(state.clone()) {
            self.pending.push(state);
        }
    }

    fn next_state(&mut self) -> Option<S> {
        if self.steps >= self.max_steps {
            return None;
        }
        self.spend_steps(1);
        self.pending.pop()
    }

    fn spend_steps(&mut self, steps: usize) {
        self.steps = self.steps.saturating_add(steps);
    }

    /// Returns whether every state was visited.
    fn is_done(&self) -> bool {
        self.pending.is_empty()
    }
}

impl<S> Drop for StateSearch<S> {
    fn drop(&mut self) {
        LEFT_FOR_DOCUMENT.set(LEFT_FOR_DOCUMENT.get().saturating_sub(self.steps));
        budget::record_cost(self.steps.saturating_div(STEPS_PER_UNIT));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns every pattern of up to `length` characters.
    fn patterns(length: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..length {
            last = last
                .iter()
                .flat_map(|one| ['a', 'b', '*', '?'].map(|letter| format!("{one}{letter}")))
                .collect();
            all.extend(last.clone());
        }
        all
    }

    /// Returns every text of up to `length` characters. One of the characters occurs in no pattern.
    fn texts(length: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..length {
            last = last
                .iter()
                .flat_map(|one| ['a', 'b', 'c'].map(|letter| format!("{one}{letter}")))
                .collect();
            all.extend(last.clone());
        }
        all
    }

    #[test]
    fn comparisons_agree_with_an_exhaustive_search() {
        let (patterns, texts) = (patterns(3), texts(6));
        let sets: Vec<Vec<bool>> = patterns
            .iter()
            .map(|pattern| texts.iter().map(|text| glob::matches_pattern(pattern, text)).collect())
            .collect();
        for (wide, has) in patterns.iter().zip(&sets) {
            for (narrow, wanted) in patterns.iter().zip(&sets) {
                let mut pairs = has.iter().zip(wanted);
                let within = pairs.clone().all(|(has, wanted)| *has || !wanted);
                start_document();
                assert_eq!(pattern_covers(wide, narrow), Some(within), "{wide} covers {narrow}");
                let meet = pairs.any(|(has, wanted)| *has && *wanted);
                assert_eq!(patterns_overlap(wide, narrow), Some(meet), "{wide} overlaps {narrow}");
            }
        }
    }

    #[test]
    fn actions_and_resources_are_compared() {
        for (wide, narrow) in [
            ("s3:*", "s3:getobject"),
            ("s3:*", "s3:get*"),
            ("*", "s3:*"),
            ("s3:?*", "s3:g*"),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b/x/*"),
            ("arn:aws:s3:::b*", "arn:aws:s3:::b/*"),
            ("*:*", "sqs:*"),
        ] {
            assert_eq!(pattern_covers(wide, narrow), Some(true), "{wide} {narrow}");
            assert_eq!(patterns_overlap(wide, narrow), Some(true), "{wide} {narrow}");
        }
        for (wide, narrow) in [
            ("s3:get*", "s3:*"),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b*"),
            ("s3:*object", "s3:get*"),
        ] {
            assert_eq!(pattern_covers(wide, narrow), Some(false), "{wide} {narrow}");
        }
        assert_eq!(patterns_overlap("s3:*object", "s3:get*"), Some(true));
        assert_eq!(patterns_overlap("s3:get*", "s3:put*"), Some(false));
    }

    #[test]
    fn a_comparison_beyond_the_step_limit_has_no_result() {
        let long = "a?".repeat(4_000);
        assert_ne!(pattern_covers(&format!("*{long}"), &format!("*{long}*")), Some(true));
        assert_eq!(patterns_overlap(&format!("*{long}c"), &format!("*{long}d")), None);
    }
}
