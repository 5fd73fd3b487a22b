//! Finds a text that matches some patterns and does not match others.

use std::collections::{BTreeSet, VecDeque};

use super::pattern::{Pattern, Positions};
use super::steps::{StepLimit, StepsExhausted};

/// A condition on a text.
#[derive(Clone, Debug)]
pub(crate) struct TextCondition {
    /// The patterns. One that matches is sufficient.
    pub(crate) patterns: Vec<Pattern>,
    /// True if one pattern must match, false if none may match.
    pub(crate) must_match: bool,
}

impl TextCondition {
    /// Requires that one of the patterns matches.
    pub(crate) fn within(patterns: Vec<Pattern>) -> Self {
        TextCondition { patterns, must_match: true }
    }

    /// Requires that none of the patterns matches.
    pub(crate) fn except(patterns: Vec<Pattern>) -> Self {
        TextCondition { patterns, must_match: false }
    }

    /// Returns whether a text satisfies the condition.
    pub(crate) fn holds_for(&self, text: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches_text(text)) == self.must_match
    }

    fn state_holds(&self, state: &[Positions]) -> bool {
        let mut pairs = self.patterns.iter().zip(state);
        pairs.any(|(pattern, positions)| pattern.accepts(positions)) == self.must_match
    }

    /// Returns whether no continuation of the text can satisfy the condition.
    fn is_lost(&self, state: &[Positions]) -> bool {
        if self.must_match {
            return state.iter().all(Vec::is_empty);
        }
        self.patterns.iter().zip(state).any(|(pattern, positions)| pattern.accepts_all(positions))
    }
}

/// Characters for the parts of a text that no pattern names.
const FILLERS: &[char] = &['x', 'y', 'z', 'q', 'w', 'j', 'k', '7', '8', '9', 'é', '中'];

/// The maximum number of samples for which all conditions are tried before the search.
const MAX_SAMPLES: usize = 64;

/// Returns a text that satisfies all conditions, or `None` if there is none.
///
/// The texts are the words over all characters. The search visits each combination of positions in
/// the patterns once, so it is complete.
pub(crate) fn find_text(
    conditions: &[TextCondition],
    preferred: &[String],
    steps: &StepLimit,
) -> Result<Option<String>, StepsExhausted> {
    let filler = choose_filler(conditions);
    let holds = |text: &str| -> Result<bool, StepsExhausted> {
        for condition in conditions {
            // Most patterns differ from a text in one of its first characters.
            steps.spend_steps(condition.patterns.len().saturating_add(text.len()))?;
            if !condition.holds_for(text) {
                return Ok(false);
            }
        }
        Ok(true)
    };
    for condition in conditions.iter().filter(|condition| condition.must_match) {
        let only: Option<Vec<String>> = condition.patterns.iter().map(Pattern::only_text).collect();
        if let Some(texts) = only {
            for text in texts {
                if holds(&text)? {
                    return Ok(Some(text));
                }
            }
            return Ok(None);
        }
    }
    for text in preferred {
        if holds(text)? {
            return Ok(Some(text.clone()));
        }
    }
    let wanted = conditions.iter().filter(|condition| condition.must_match);
    let samples = wanted.flat_map(|condition| &condition.patterns).take(MAX_SAMPLES);
    for text in samples.map(|pattern| pattern.sample_text(filler)) {
        if holds(&text)? {
            return Ok(Some(text));
        }
    }
    search_text(conditions, filler, steps)
}

/// Returns a character that no pattern names.
fn choose_filler(conditions: &[TextCondition]) -> char {
    let named = |filler: &char| {
        let mut patterns = conditions.iter().flat_map(|condition| &condition.patterns);
        patterns.any(|pattern| pattern.characters().any(|character| character == *filler))
    };
    let free = FILLERS.iter().copied().find(|filler| !named(filler));
    free.or_else(|| ('\u{e000}'..'\u{f8ff}').find(|filler| !named(filler))).unwrap_or('x')
}

/// The positions in the patterns of each condition.
type State = Vec<Vec<Positions>>;

struct SearchNode {
    state: State,
    parent: Option<usize>,
    character: Option<char>,
}

fn search_text(
    conditions: &[TextCondition],
    filler: char,
    steps: &StepLimit,
) -> Result<Option<String>, StepsExhausted> {
    let patterns = || conditions.iter().flat_map(|condition| &condition.patterns);
    let named: BTreeSet<char> = patterns().flat_map(Pattern::characters).collect();
    let alphabet: Vec<char> = [filler].into_iter().chain(named).collect();
    let start: State = conditions
        .iter()
        .map(|condition| condition.patterns.iter().map(Pattern::start_positions).collect())
        .collect();
    let mut nodes = vec![SearchNode { state: start.clone(), parent: None, character: None }];
    let mut seen = BTreeSet::from([start]);
    let mut pending = VecDeque::from([0_usize]);
    while let Some(number) = pending.pop_front() {
        let Some(state) = nodes.get(number).map(|node| node.state.clone()) else { break };
        let pairs = || conditions.iter().zip(&state);
        if pairs().all(|(condition, state)| condition.state_holds(state)) {
            return Ok(Some(spell_text(&nodes, number)));
        }
        if pairs().any(|(condition, state)| condition.is_lost(state)) {
            continue;
        }
        let size = state.iter().flatten().map(Vec::len).fold(1, usize::saturating_add);
        for character in &alphabet {
            steps.spend_steps(size)?;
            let next: State = pairs()
                .map(|(condition, state)| advance_state(condition, state, *character))
                .collect();
            if seen.insert(next.clone()) {
                let character = Some(*character);
                pending.push_back(nodes.len());
                nodes.push(SearchNode { state: next, parent: Some(number), character });
            }
        }
    }
    Ok(None)
}

fn advance_state(
    condition: &TextCondition,
    state: &[Positions],
    character: char,
) -> Vec<Positions> {
    let pairs = condition.patterns.iter().zip(state);
    pairs.map(|(pattern, positions)| pattern.advance_positions(positions, character)).collect()
}

/// Returns the text that leads to a node.
fn spell_text(nodes: &[SearchNode], number: usize) -> String {
    let mut characters = Vec::new();
    let mut at = Some(number);
    while let Some(node) = at.and_then(|at| nodes.get(at)) {
        characters.extend(node.character);
        at = node.parent;
    }
    characters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(within: &[&[&str]], except: &[&str]) -> Option<String> {
        let like = |list: &[&str]| list.iter().map(|text| Pattern::like(text)).collect();
        let mut conditions: Vec<TextCondition> =
            within.iter().map(|list| TextCondition::within(like(list))).collect();
        conditions.push(TextCondition::except(like(except)));
        find_text(&conditions, &[], &StepLimit::new(1_000_000)).unwrap()
    }

    /// Returns every text over `letters` of up to `length` characters.
    fn texts(letters: &[char], length: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..length {
            last = last
                .iter()
                .flat_map(|one| letters.iter().map(move |letter| format!("{one}{letter}")))
                .collect();
            all.extend(last.clone());
        }
        all
    }

    #[test]
    fn results_agree_with_an_exhaustive_search() {
        let patterns = texts(&['a', '*', '?'], 3);
        let words = texts(&['a', 'b'], 5);
        for one in &patterns {
            for two in &patterns {
                for three in ["", "a*", "?", "*a?"] {
                    let found = find(&[&[one]], &[two, three]);
                    let matches =
                        |pattern: &str, word: &str| Pattern::like(pattern).matches_text(word);
                    let exists = words.iter().any(|word| {
                        matches(one, word) && !matches(two, word) && !matches(three, word)
                    });
                    assert_eq!(found.is_some(), exists, "{one} without {two} and {three}");
                }
            }
        }
    }

    #[test]
    fn unions_and_complements_are_exact() {
        assert_eq!(find(&[&["s3:*"]], &["s3:get*", "s3:?*"]).as_deref(), Some("s3:"));
        assert_eq!(find(&[&["s3:?*"]], &["s3:g*", "*:?*"]), None);
        assert!(find(&[&["a*"], &["*b"]], &["ab"]).is_some());
        assert_eq!(find(&[&["a"], &["b"]], &[]), None);
    }

    #[test]
    fn a_search_without_end_is_limited() {
        let long = "*a?b".repeat(60);
        let conditions = [
            TextCondition::within(vec![Pattern::like(&long)]),
            TextCondition::except(vec![Pattern::like(&format!("{long}*")), Pattern::like("*a*b*")]),
        ];
        let found = find_text(&conditions, &[], &StepLimit::new(20_000));
        assert!(matches!(found, Err(StepsExhausted) | Ok(None)));
    }
}
