//! The order of the ids of controls.

use std::cmp::Ordering;

/// Compares ids with their numbers in numerical order: `AC-2` before `AC-17`, `1.9` before `1.10`.
pub(super) fn compare_control_ids(a: &str, b: &str) -> Ordering {
    split_control_id(a).cmp(&split_control_id(b))
}

/// Splits an id into pairs of a text and the number that follows it.
fn split_control_id(id: &str) -> Vec<(String, u64)> {
    let mut parts: Vec<(String, String)> = vec![Default::default()];
    for letter in id.chars() {
        match parts.last_mut() {
            Some((_, digits)) if letter.is_ascii_digit() => digits.push(letter),
            Some((text, digits)) if digits.is_empty() => text.push(letter),
            _ => parts.push((letter.to_string(), String::new())),
        }
    }
    parts.into_iter().map(|(text, digits)| (text, digits.parse().unwrap_or_default())).collect()
}
