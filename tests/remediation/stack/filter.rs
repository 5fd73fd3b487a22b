//! An evaluator of CloudWatch Logs metric filters, limited to the syntax that the templates use.
//!
//! Source: Amazon CloudWatch Logs User Guide, "Filter pattern syntax for metric filters", "JSON log
//! events".

use serde_json::Value;

/// Returns whether a filter pattern matches a log line. Supports comparisons of fields with
/// strings, joined by `&&` and `||`.
pub(crate) fn is_matched(pattern: &str, line: &Value) -> bool {
    let pattern = pattern.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let mut rest = pattern.unwrap_or_else(|| panic!("the pattern is not in braces")).trim();
    let is_matched = read_any(&mut rest, line);
    assert!(rest.is_empty(), "unexpected `{rest}` at the end of the pattern");
    is_matched
}

fn read_any(rest: &mut &str, line: &Value) -> bool {
    let mut is_matched = read_all(rest, line);
    while take(rest, "||") {
        is_matched |= read_all(rest, line);
    }
    is_matched
}

fn read_all(rest: &mut &str, line: &Value) -> bool {
    let mut is_matched = read_one(rest, line);
    while take(rest, "&&") {
        is_matched &= read_one(rest, line);
    }
    is_matched
}

fn read_one(rest: &mut &str, line: &Value) -> bool {
    if take(rest, "(") {
        let is_matched = read_any(rest, line);
        assert!(take(rest, ")"), "expected `)` before `{rest}`");
        return is_matched;
    }
    assert!(take(rest, "$."), "expected a comparison at `{rest}`");
    let (field, after) = rest.split_once(" = \"").unwrap();
    let (text, after) = after.split_once('"').unwrap();
    *rest = after.trim_start();
    line[field] == text
}

fn take(rest: &mut &str, mark: &str) -> bool {
    let after = rest.strip_prefix(mark);
    *rest = after.map_or(*rest, str::trim_start);
    after.is_some()
}

#[test]
fn filter_patterns_match_like_in_cloudwatch_logs() {
    let line = serde_json::json!({"message": "remediation", "ended": "FAILED", "code": null});
    for (pattern, is_match) in [
        ("{ $.ended = \"FAILED\" }", true),
        ("{ $.ended = \"FAIL\" }", false),
        ("{ $.code = \"null\" }", false),
        (
            "{ ($.message = \"remediation\") && (($.ended = \"X\") || ($.ended = \"FAILED\")) }",
            true,
        ),
        ("{ ($.message = \"other\") && (($.ended = \"X\") || ($.ended = \"FAILED\")) }", false),
    ] {
        assert_eq!(is_matched(pattern, &line), is_match, "{pattern}");
    }
}
