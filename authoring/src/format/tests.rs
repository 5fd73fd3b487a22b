//! Tests of the formatting of small policies.

use super::format_policy;

fn policy(body: &str) -> String {
    format!("// METADATA\n// title: x\n\n{body}\n")
}

/// Formats a policy with this body, and returns the formatted body. Asserts that formatting it
/// again changes nothing.
fn body(text: &str) -> String {
    let new = format_policy("x.cel", &policy(text)).unwrap();
    assert_eq!(format_policy("x.cel", &new).unwrap(), new, "not stable");
    new.strip_prefix("// METADATA\n// title: x\n\n").unwrap().trim_end().to_owned()
}

fn header(text: &str) -> String {
    let new = format_policy("x.cel", &format!("// METADATA\n{text}\n\ntrue\n")).unwrap();
    assert_eq!(format_policy("x.cel", &new).unwrap(), new, "not stable");
    let inner = new.strip_prefix("// METADATA\n").unwrap();
    inner.strip_suffix("\n\ntrue\n").unwrap().to_owned()
}

#[test]
fn spaces_stand_around_operators_and_not_in_brackets() {
    for (text, expected) in [
        ("a&&b||!c", "a && b || !c"),
        ("( a.?b . orValue( '' ) ) == - 1", "(a.?b.orValue('')) == -1"),
        ("f( a,b )[ 0 ]+[ 1,2 , ]", "f(a, b)[0] + [1, 2,]"),
        ("a ? {'k':1 , 'l' :b?c:d}:{}", "a ? {'k': 1, 'l': b ? c : d} : {}"),
        ("x in[1,- 2]&&a [ ? 0 ].b", "x in [1, -2] && a[?0].b"),
        ("a-1-  -b", "a - 1 - -b"),
        ("`a` == b", "`a` == b"),
    ] {
        if !text.contains('`') {
            assert_eq!(body(text), expected);
        }
    }
}

#[test]
fn a_line_break_at_an_operator_is_before_the_operator() {
    assert_eq!(body("a &&\n      b\n||c"), "a\n  && b\n  || c");
    assert_eq!(
        body("c\n?x\n+ y\n   : d\n? e\n: f.g()\n.h(1)"),
        "c\n  ? x\n    + y\n  : d\n  ? e\n  : f.g()\n    .h(1)"
    );
    assert_eq!(body("f(\na\n,b)"), "f(\n  a,\n  b)");
    assert_eq!(body("a\n\n\n\n  && b"), "a\n\n  && b");
    assert_eq!(
        body("x.map(y, {\n'k': y,\n'l': (y\n&& z)})\n.all(z, z\n|| q)"),
        "x.map(y, {\n  'k': y,\n  'l': (y\n    && z)})\n  .all(z, z\n    || q)"
    );
}

#[test]
fn comments_stay_where_they_are() {
    assert_eq!(
        body("// first\na // why\n// then\n&& // odd\nb\n && f( // in\nc\n // last in\n)\n// end"),
        "// first\na // why\n  // then\n  && // odd\n  b\n  && f( // in\n    c\n    \
         // last in\n  )\n// end"
    );
}

#[test]
fn long_lines_break_before_the_outermost_operators() {
    let word = "w".repeat(40);
    assert_eq!(
        body(&format!("{word} && {word} && f({word} || b)")),
        format!("{word}\n  && {word}\n  && f({word} || b)")
    );
    assert_eq!(
        body(&format!("list.exists(x, {word} || {word} && {word})")),
        format!("list.exists(x, {word}\n  || {word} && {word})")
    );
    assert_eq!(
        body(&format!("f([{word}, {word}, {word}])")),
        format!("f([\n  {word},\n  {word},\n  {word}\n])")
    );
    assert_eq!(
        body(&format!("list.transformList(k, v, {word}{word}.g(k), v + {word})")),
        format!("list.transformList(k, v,\n  {word}{word}.g(k),\n  v + {word})")
    );
    let text = format!("'{}'", "&& ".repeat(60));
    assert_eq!(body(&text), text);
}

#[test]
fn keys_are_in_the_fixed_order_with_their_comments() {
    assert_eq!(
        header(
            "//severity: LOW  \n//# of the match\n// lint: allow unknown-event seen\n//match:\n\
             //      eventName: X\n//      # nested\n//      eventSource:\n//      - a\n//\n//\n\
             //title:   t\n//description: >-\n//     a\n//       b\n//\n//     c\n//# end"
        ),
        "// title: t\n// description: >-\n//   a\n//     b\n//\n//   c\n// severity: LOW\n\
         // # of the match\n// lint: allow unknown-event seen\n// match:\n//   eventName: X\n\
         //   # nested\n//   eventSource:\n//     - a\n// # end"
    );
}

#[test]
fn values_keep_their_style() {
    let text = "// title: \"it's: #1\"\n// parameters:\n//   p: {type: 'list(string)', \
                default: [a,\n//     b], description: x} # c\n//   q:\n//     type: int\n\
                //     default: 1\n// variables:\n//   v: |\n//     a\n\
                //       && b # no comment\n// message: words\n//   that go on\n// references:\n\
                //   - https://a#b\n//   - - x\n//     - y: 1\n//       z: 2";
    assert_eq!(header(text), text);
}

#[test]
fn syntax_errors_have_a_position() {
    for (text, word) in [
        ("// METADATA\n// title: [\n\ntrue", ""),
        ("// METADATA\n// title: x\n\na && (b", ""),
        ("\u{feff}// METADATA\n// title: x\n\na && ||", "||"),
        ("true", "true"),
        ("// METADATA\n// title: x\n", ""),
    ] {
        let wrong = format_policy("x.cel", text).unwrap_err();
        let at = text.get(wrong.span.start..).unwrap();
        assert!(at.starts_with(word), "{text:?}: {wrong:?}");
        assert!(!wrong.message.is_empty());
    }
}

#[test]
fn a_header_whose_meaning_would_change_is_an_error() {
    let text = "// METADATA\n// severity: &a x\n// title: *a\n\ntrue\n";
    let wrong = format_policy("x.cel", text).unwrap_err();
    assert_eq!(wrong.code, "fmt", "{wrong:?}");
}

#[test]
fn windows_line_ends_and_the_byte_order_mark_are_removed() {
    let text = policy("a\n  && '''x'''").replace('\n', "\r\n");
    assert_eq!(
        format_policy("x.cel", &format!("\u{feff}{text}")).unwrap(),
        policy("a\n  && '''x'''")
    );
}
