//! What one wildcard pattern says of another: whether it covers it, whether they meet.
//!
//! A pattern stands for the set of texts that fit it. Questions about two sets are answered exactly, or not at all where
//! that would take too long: never by a guess.

use std::cell::Cell;
use std::collections::BTreeSet;

use crate::glob;
use crate::run::budget;

/// How many steps one comparison may take.
const MAX_STEPS: usize = 20_000;

/// How many steps all comparisons of one policy document may take: whoever writes a document may make each of them long.
const MAX_STEPS_OF_DOCUMENT: usize = 200_000;

/// The steps that cost as much as one element of a list.
const STEPS_PER_UNIT: usize = 16;

thread_local! {
    static LEFT_FOR_DOCUMENT: Cell<usize> = const { Cell::new(MAX_STEPS_OF_DOCUMENT) };
}

/// Begins with another document: its comparisons may take all steps again.
pub(super) fn start_document() {
    LEFT_FOR_DOCUMENT.set(MAX_STEPS_OF_DOCUMENT);
}

/// Whether a pattern stands for more than one text.
pub(super) fn is_wild(pattern: &str) -> bool {
    pattern.contains(['*', '?'])
}

/// Whether every text that fits `narrow` fits `wide`; `None` where that takes too long to tell.
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
    // One that is none of the letters of `wide` stands for all others.
    letters.push(None);
    letters.sort_unstable();
    letters.dedup();
    let mut search = StateSearch::new((0, settle_positions(&wide, BTreeSet::from([0]))));
    while let Some((at, set)) = search.next_state() {
        // What `narrow` still asks for can always be written.
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

/// Whether some text fits both patterns; `None` where that takes too long to tell.
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

/// Where in a pattern a reader may be after one more letter.
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

/// The same places, with those behind stars that take nothing. Whoever has come to a star can do all that those before it
/// can: only the last star and what follows it count.
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

/// States still to visit, each once, as many as are allowed.
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

    /// Whether every state was visited.
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

    /// Every pattern of up to `length` letters.
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

    /// Every text of up to `length` letters, one of which no pattern has.
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
    fn short_patterns_are_compared_as_trying_every_text_compares_them() {
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
                assert_eq!(patterns_overlap(wide, narrow), Some(meet), "{wide} meets {narrow}");
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
    fn what_takes_too_long_is_not_answered() {
        let long = "a?".repeat(4_000);
        assert_ne!(pattern_covers(&format!("*{long}"), &format!("*{long}*")), Some(true));
        assert_eq!(patterns_overlap(&format!("*{long}c"), &format!("*{long}d")), None);
    }
}
