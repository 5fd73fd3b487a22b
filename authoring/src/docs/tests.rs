//! Tests of the pages of a policy whose texts all contain hostile markup.
#![expect(clippy::arithmetic_side_effects, clippy::string_slice, reason = "a panic fails the test")]

use super::{DocumentedPolicy, PageFormat, render_pages};
use evenkeel_rules::policy::{PolicyFile, PolicySet};
use evenkeel_rules::read_cases;

const HOSTILE: &str = "// METADATA
// title: \"<script>alert(1)</script> [x](javascript:y) | \\u202E`\"
// description: \"</p><img src=x onerror=y> ![a](https://b/c)\\n# not a heading\"
// severity: HIGH
// match: {eventSource: '../../<b>.amazonaws.com', eventName: ['a``<b>']}
// resource: {type: '<b>', id: \"'</code>'\"}
// parameters:
//   p: {type: string, default: '``` | <b>', description: '| <b>'}
// variables:
//   v: \"'````</code>'\"
// message: '``<b>'
// controls: {'<b>|': ['<b>|']}
// references: ['javascript:x', 'https://a/\"><b>', 'https://good.example/?a=1&b']
// remediation: {run: '<b>`', mode: auto, with: {'<b>': '`|'}}

v == '```<b>' || mine(v)
";

const FUNCTIONS: &str = "functions:
  mine(x): {description: '<b> [x](y)', expression: x == ''}
  other(x): {description: never called, expression: x == ''}
";

const CASES: &str = "base: {e: {eventSource: x.amazonaws.com, eventName: x}}
cases:
  - {name: '<b> | [x](y)', expect: COMPLIANT}
";

fn pages(format: PageFormat) -> Vec<super::DocsPage> {
    let file = PolicyFile { name: "bad.cel".to_owned(), text: HOSTILE.to_owned() };
    let functions = PolicyFile { name: "functions.yaml".to_owned(), text: FUNCTIONS.to_owned() };
    let set = PolicySet::compile_files(&[file], Some(&functions)).unwrap();
    let policy = &set.policies()[0];
    let cases = read_cases("bad.test.yaml", CASES, policy).unwrap();
    let subject =
        DocumentedPolicy { policy, cases: &cases, permissions: vec!["s3:Get".to_owned()] };
    render_pages(&[subject], set.organization_functions(), format).unwrap()
}

#[test]
fn hostile_text_is_escaped_in_html() {
    let pages = pages(PageFormat::Html);
    let paths: Vec<&str> = pages.iter().map(|page| page.path.as_str()).collect();
    assert_eq!(paths, ["index.html", "other/bad.html"]);
    for page in &pages {
        let text = page.text.to_lowercase();
        for tag in ["<script", "<img", "<b>", "<link", "href=\"javascript", "\u{202e}"] {
            assert!(!text.contains(tag), "{tag} in {}", page.text);
        }
        assert!(text.contains("&lt;script&gt;") && text.contains("\\u{202e}"), "{}", page.text);
    }
    assert!(pages[1].text.contains("mine(x)") && !pages[1].text.contains("never called"));
    assert!(pages[1].text.contains("<a href=\"https://good.example/?a=1&amp;b\""));
    assert_eq!(pages[1].text.matches("</p>").count(), pages[1].text.matches("<p>").count());
}

/// Returns Markdown without its code blocks and inline code.
fn without_code(text: &str) -> String {
    let mut out = String::new();
    let mut fence = None;
    for line in text.lines() {
        let marks = line.len() - line.trim_start_matches('`').len();
        match fence {
            Some(open) if marks == open && line.trim_start_matches('`').is_empty() => fence = None,
            Some(_) => {}
            None if marks >= 3 && line.ends_with("`cel") => fence = Some(marks),
            None => out.push_str(&format!("{line}\n")),
        }
    }
    assert_eq!(fence, None, "a code fence is not closed: {text}");
    let (mut plain, mut rest) = (String::new(), out.as_str());
    while let Some(at) = rest.find('`') {
        if rest[..at].ends_with('\\') {
            plain.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
            continue;
        }
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let marks = rest.len() - rest.trim_start_matches('`').len();
        let mut end = marks;
        loop {
            end += rest[end..].find('`').expect("inline code is not closed");
            let run = rest[end..].len() - rest[end..].trim_start_matches('`').len();
            end += run;
            if run == marks {
                break;
            }
        }
        rest = &rest[end..];
    }
    plain + rest
}

#[test]
fn hostile_text_is_escaped_in_markdown() {
    let pages = pages(PageFormat::Markdown);
    assert_eq!(pages[1].path, "other/bad.md");
    for page in &pages {
        let plain = without_code(&page.text);
        for (at, _) in plain.match_indices(['<', '[']) {
            let expected =
                ["<!-- ", "<https://good", "[All policies]", "[bad](", "[severity]", "[service]"];
            let is_expected = expected.iter().any(|mark| plain[at..].starts_with(mark));
            assert!(plain[..at].ends_with('\\') || is_expected, "{plain}");
        }
        for line in page.text.lines().filter(|line| line.starts_with('|')) {
            let bars = line.matches('|').count() - line.matches("\\|").count();
            assert!((3..=5).contains(&bars), "{line}");
        }
        assert!(!page.text.contains('\u{202e}') && !plain.contains("\n# not"), "{plain}");
        assert!(!page.text.contains("\n\n\n"), "{}", page.text);
    }
}
