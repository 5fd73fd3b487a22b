//! Account IDs that patterns distinguish: one for each set of patterns that match it.

use std::collections::{BTreeMap, BTreeSet};

use crate::solver::pattern::{Pattern, Positions};

/// The number of digits of an account ID.
const DIGITS: usize = 12;
/// The maximum number of patterns, of combinations of positions in them, and of account IDs.
const MAX_PATTERNS: usize = 16;
const MAX_STATES: usize = 128;
const MAX_ACCOUNTS: usize = 8;

/// Returns account IDs without those of `used`: one for each set of patterns that match an ID. Returns
/// `None` if these are too many.
pub(crate) fn distinguish_accounts(
    patterns: &[Pattern],
    used: &BTreeSet<String>,
) -> Option<Vec<String>> {
    if patterns.len() > MAX_PATTERNS {
        return None;
    }
    // With one more ID than those that are used, one of them is free.
    let kept = used.len().saturating_add(1).min(MAX_STATES);
    let start: Vec<Positions> = patterns.iter().map(Pattern::start_positions).collect();
    let mut layer = BTreeMap::from([(start, vec![String::new()])]);
    for _ in 0..DIGITS {
        layer = add_digit(patterns, &layer, kept);
        if layer.len() > MAX_STATES {
            return None;
        }
    }
    let mut found: BTreeMap<Vec<bool>, String> = BTreeMap::new();
    for (state, accounts) in layer {
        let matches =
            patterns.iter().zip(&state).map(|(pattern, at)| pattern.accepts(at)).collect();
        if let Some(free) = accounts.into_iter().find(|account| !used.contains(account)) {
            found.entry(matches).or_insert(free);
        }
    }
    (found.len() <= MAX_ACCOUNTS).then(|| found.into_values().collect())
}

/// Returns the positions after one more digit, each with at most `kept` of the texts that reach them.
fn add_digit(
    patterns: &[Pattern],
    layer: &BTreeMap<Vec<Positions>, Vec<String>>,
    kept: usize,
) -> BTreeMap<Vec<Positions>, Vec<String>> {
    let mut next: BTreeMap<Vec<Positions>, Vec<String>> = BTreeMap::new();
    for (state, texts) in layer {
        for digit in "7890123456".chars() {
            let advance =
                |(pattern, at): (&Pattern, &Positions)| pattern.advance_positions(at, digit);
            let reached =
                next.entry(patterns.iter().zip(state).map(advance).collect()).or_default();
            let free = kept.saturating_sub(reached.len());
            reached.extend(texts.iter().take(free).map(|text| format!("{text}{digit}")));
        }
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distinguish(patterns: &[&str], used: &[&str]) -> Option<Vec<String>> {
        let patterns: Vec<Pattern> = patterns.iter().map(|text| Pattern::like(text)).collect();
        distinguish_accounts(&patterns, &used.iter().map(|&text| text.to_owned()).collect())
    }

    #[test]
    fn each_combination_of_patterns_has_an_account() {
        let found = distinguish(&["9999*", "99997*"], &[]).unwrap();
        let matches =
            |account: &String| (account.starts_with("9999"), account.starts_with("99997"));
        let combinations: BTreeSet<(bool, bool)> = found.iter().map(matches).collect();
        assert_eq!(combinations, BTreeSet::from([(false, false), (true, false), (true, true)]));
        assert!(found.iter().all(|account| account.len() == DIGITS));
    }

    #[test]
    fn used_accounts_are_left_out() {
        assert_eq!(distinguish(&["11112222333?"], &[]).unwrap().len(), 2);
        let used: Vec<String> = (0..9).map(|digit| format!("11112222333{digit}")).collect();
        let used: Vec<&str> = used.iter().map(String::as_str).collect();
        let found = distinguish(&["11112222333?"], &used).unwrap();
        assert!(found.contains(&"111122223339".to_owned()), "{found:?}");
    }

    #[test]
    fn too_many_combinations_have_no_answer() {
        let patterns: Vec<String> = (0..9).map(|digit| format!("*{digit}*")).collect();
        let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
        assert_eq!(distinguish(&patterns, &[]), None);
    }
}
