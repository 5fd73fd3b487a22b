//! Tests of the engine as policy authors use it: integers, limits, error positions and user-defined
//! functions.

use super::*;
use crate::run::budget;
use serde_json::Value;

/// Evaluates `text` with `x` bound to the JSON `x`.
fn evaluate_with(
    functions: &FunctionSet,
    text: &str,
    x: &str,
) -> Result<ExpressionValue, CelError> {
    let compiled = on_large_stack(|| {
        let mut compiler = ExpressionCompiler::new(functions);
        let expression = compiler.compile_expression(text, &["x"])?;
        Ok((expression, compiler.into_sources()))
    })?;
    let (expression, sources) = compiled?;
    let x: Value = serde_json::from_str(x).unwrap();
    let mut scope = EvaluationScope::default();
    scope.bind_value("x", &x);
    expression.evaluate_in(&scope, &sources)
}

fn evaluate(text: &str, x: &str) -> Result<ExpressionValue, CelError> {
    evaluate_with(&FunctionSet::default(), text, x)
}

fn holds(text: &str, x: &str) {
    assert_eq!(evaluate(text, x), Ok(ExpressionValue::Bool(true)), "{text}");
}

fn fails(text: &str, x: &str) -> CelError {
    evaluate(text, x).expect_err(text)
}

#[test]
fn json_integers_are_int() {
    holds("type(x.n) == int && x.n + 1 == 4 && -x.n == -3", r#"{"n":3}"#);
    holds("x == 2.5 && type(x) == double", "2.5");
}

#[test]
fn lists_and_maps_of_an_event_compare_with_literals() {
    let x = r#"{"list":[1,{"a":"b"}],"map":{"k":[]},"text":"é\n"}"#;
    holds("x.list == [1, {'a': 'b'}] && [1, {'a': 'b'}] == x.list", x);
    holds("{'k': []} == x.map && x.map != {'k': [1]} && x.text == 'é\\n'", x);
    holds("'k' in x.map && 1 in x.list && !('z' in x.map) && size(x.list) == 2", x);
    holds("x.list[0] == 1 && x['map'].k == [] && has(x.text) && !has(x.other)", x);
    holds("x.map.exists(k, k == 'k') && x.?nothing.there.orValue('none') == 'none'", x);
    holds("[1].all(y, .x.list[0] == y)", x);
    assert!(fails("x.list[2] == 1", x).message.contains("out of bounds"));
}

#[test]
fn maps_are_iterated_in_a_fixed_order() {
    let all = "{'b': 1, 'a': 2, 'd': 3, 'c': 4}.map(k, k)";
    let want = ["a", "b", "c", "d"].map(serde_json::Value::from).to_vec();
    for _ in 0..8 {
        assert_eq!(evaluate(all, "0"), Ok(ExpressionValue::List(want.clone())));
    }
}

#[test]
fn an_expression_that_exceeds_the_budget_fails() {
    let range = "lists.range(100)";
    let bomb = format!(
        "{range}.exists(a, {range}.exists(b, {range}.exists(c, {range}.exists(d, \
         a + b + c + d < 0))))"
    );
    assert!(fails(&bomb, "0").message.contains("budget"));
    let mapped = format!("{range}.map(a, {range}.map(b, {range}.map(c, c))) == []");
    assert!(fails(&mapped, "0").message.contains("budget"));
    assert!(fails("lists.range(1000000000).size() == 1", "0").message.contains("budget"));
    assert!(fails("size(lists.range(10000).distinct()) == 1", "0").message.contains("budget"));
}

#[test]
fn strings_cannot_exceed_the_length_limit() {
    let replace = format!("x{} == ''", ".replace('a', 'aaaaaaaaaa')".repeat(9));
    assert!(fails(&replace, "\"a\"").message.contains("longer than"));
    let doubled = format!("({}) == ''", vec!["x"; 100].join(" + "));
    let long = format!("\"{}\"", "a".repeat(20_000));
    assert!(fails(&doubled, &long).message.contains("longer than"));
    assert!(
        fails("lists.range(1000).map(i, x).join(',') == ''", &long).message.contains("longer than")
    );
}

/// Asserts that an expression exceeds the budget, and that its cost stays in proportion to the
/// budget.
fn exceeds_budget(text: &str, x: &str) {
    let failure = fails(text, x);
    assert!(failure.message.contains("budget"), "{text}: {}", failure.message);
    // An operation is charged before it runs, so the cost cannot exceed the budget by much.
    assert!(
        budget::overdrawn_cost() < EVALUATION_BUDGET / 2,
        "{text}: {}",
        budget::overdrawn_cost()
    );
}

/// Builds `cel.bind(v0, [1, …], cel.bind(v1, [v0, …], …))`. Each level has ten times the elements
/// of the level below it.
fn nested(levels: usize, open: &str, item: impl Fn(usize, &str) -> String, close: &str) -> String {
    let level = |inner: &str| {
        let items: Vec<String> = (0..10).map(|number| item(number, inner)).collect();
        format!("{open}{}{close}", items.join(", "))
    };
    let mut text = format!("size(v{}) == 10", levels.saturating_sub(1));
    for number in (0..levels).rev() {
        let below = number.checked_sub(1).map_or("1".to_owned(), |below| format!("v{below}"));
        text = format!("cel.bind(v{number}, {}, {text})", level(&below));
    }
    text
}

#[test]
fn nested_lists_and_maps_are_charged_for_all_their_elements() {
    let list = |levels| nested(levels, "[", |_, inner| inner.to_owned(), "]");
    let map = |levels| nested(levels, "{", |number, inner| format!("'k{number}': {inner}"), "}");
    holds(&list(3), "0");
    holds(&map(3), "0");
    for levels in [7, 9] {
        exceeds_budget(&list(levels), "0");
        exceeds_budget(&map(levels), "0");
    }
}

#[test]
fn each_copy_of_a_large_value_is_charged() {
    let heavy = "[lists.range(300), lists.range(300), lists.range(300), lists.range(300)]";
    for walk in ["all(e, size(e) > 0)", "map(e, 1).size() > 0", "filter(e, true).size() > 0"] {
        exceeds_budget(&format!("cel.bind(h, {heavy}, lists.range(2000).all(i, h.{walk}))"), "0");
    }
    exceeds_budget(&format!("cel.bind(h, {heavy}, lists.range(5000).all(i, [h] != []))"), "0");
    exceeds_budget(
        &format!("cel.bind(h, {heavy}, lists.range(5000).all(i, cel.bind(g, h, true)))"),
        "0",
    );
}

#[test]
fn a_regular_expression_is_charged_by_its_size_and_its_input() {
    let long = format!("\"{}\"", "a".repeat(200_000));
    exceeds_budget("x.matches('(a{1,60}){1,60}b')", &long);
    exceeds_budget("regex.extract(x, '(a{1,60}){1,60}b').hasValue()", &long);
    exceeds_budget("regex.replace(x, '(a{1,60}){1,60}b', '') == ''", &long);
    exceeds_budget("lists.range(1000).all(i, !x.matches('^[a-z]+b$'))", &long);
    assert!(fails("x.matches('(a{1,100}){1,100}b')", "'a'").message.contains("too large"));
    holds("x.matches('^[a-z]+$')", &long);
}

#[test]
fn functions_are_charged_for_the_strings_that_they_read_and_build() {
    let long = "a".repeat(2_000_000);
    let text = format!("\"{long}\"");
    exceeds_budget("size(x.split('')) > 0", &text);
    exceeds_budget("size(regex.extractAll(x, 'a')) > 0", &text);
    exceeds_budget("lists.range(2000).exists(i, x.glob('*a*a*a*b'))", &text);
    for call in [
        "x.contains('b')",
        "x.indexOf('b') > 0",
        "x.lowerAscii() == 'b'",
        "x.startsWith(x + 'b')",
        "size(x) == 1",
        "x.trim() == 'b'",
        "x.reverse() == 'b'",
        "strings.quote(x) == 'b'",
        "x.substring(1) == 'b'",
        "x.split('b').size() > 1",
        "bytes(x) == b'b'",
        "x == x + 'b'",
        "isIP(x)",
    ] {
        let text = format!("\"{}\"", "a".repeat(500_000));
        exceeds_budget(&format!("lists.range(5000).exists(i, {call})"), &text);
    }
}

#[test]
fn json_is_charged_by_its_length_and_its_content() {
    let json = serde_json::json!(format!("[{}1]", "1,".repeat(20_000))).to_string();
    holds("size(parse_json(x)) == 20001", &json);
    exceeds_budget("lists.range(30000).all(i, parse_json(x) != [])", &json);
    let statement =
        serde_json::json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
    let policy = serde_json::json!({"Statement": vec![statement; 200]});
    let policy = serde_json::json!(policy.to_string()).to_string();
    for function in ["iam.statements", "iam.public", "iam.administrator"] {
        exceeds_budget(&format!("lists.range(3000).all(i, size({function}(x)) > 0)"), &policy);
    }
}

#[test]
fn lists_of_an_event_are_charged_for_each_iteration() {
    let list = format!("{{\"l\": [{}1]}}", "1,".repeat(30_000));
    exceeds_budget("lists.range(30000).all(i, x.l[i] == 1)", &list);
    exceeds_budget("lists.range(30000).all(i, size(strings_in(x)) == 0)", &list);
    exceeds_budget("lists.range(30000).all(i, size(values_at(x, 'l')) > 0)", &list);
    exceeds_budget("lists.range(30000).all(i, as_list(x.l) != [])", &list);
    exceeds_budget("lists.range(30000).all(i, x.l == x.l)", &list);
}

#[test]
fn a_long_loop_body_costs_more_per_iteration() {
    let body = vec!["i < 0"; 600].join(" || ");
    holds("lists.range(30000).all(i, i >= 0)", "0");
    exceeds_budget(&format!("lists.range(30000).exists(i, {body})"), "0");
}

#[test]
fn split_follows_the_cel_specification() {
    holds("'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c']", "0");
    holds("'abc'.split('') == ['a', 'b', 'c'] && 'abc'.split('', 2) == ['a', 'bc']", "0");
    holds("'abc'.split('', 9) == ['a', 'b', 'c'] && 'abc'.split(',', 0) == []", "0");
    holds("''.split(',') == [''] && ''.split('') == [] && 'a,b'.split(',', -1) == ['a', 'b']", "0");
}

#[test]
fn source_length_nesting_and_chains_are_bounded() {
    let on_stack = |text: String| fails(&text, "0").message;
    assert!(on_stack(format!("x == '{}'", "a".repeat(MAX_SOURCE))).contains("longer than"));
    assert!(!on_stack(format!("{}x{}", "(".repeat(500), ")".repeat(500))).is_empty());
    assert!(on_stack(format!("x{}", "[0]".repeat(2700))).contains("nests deeper"));
    assert!(on_stack(format!("{}1", "1+".repeat(4000))).contains("nests deeper"));
    assert!(on_stack(format!("x{}", ".a()".repeat(2000))).contains("nests deeper"));
    holds(&format!("{}true", "x == 0 && ".repeat(500)), "0");
    holds(&format!("{}x == 191", "1 + ".repeat(MAX_DEPTH - 10)), "1");
}

#[test]
fn an_error_contains_the_failing_expression() {
    let failure = fails("x.a == 1 && x.list.exists(e, e.size > 2)", r#"{"a":1,"list":[{"s":1}]}"#);
    assert_eq!(failure.message, "no such key: `size`");
    assert_eq!(failure.expression.as_deref(), Some("e.size"));
    let failure = fails("size(x.text) > 3 && x.text + x.n == 'x'", r#"{"text":"long","n":1}"#);
    assert_eq!(failure.expression.as_deref(), Some("x.text + x.n"));
    assert_eq!(failure.full_message(), "`add` does not accept (string, int), in `x.text + x.n`");
}

#[test]
fn an_error_is_never_located_in_the_branch_not_taken() {
    let text = "x.?a.hasValue() ? x.?a.value() == 1 : x.list.all(e, has(e.y))";
    let failure = fails(text, r#"{"list":["text"]}"#);
    assert!(!failure.expression.unwrap().contains("value()"));
}

#[test]
fn positions_are_byte_offsets_after_multibyte_characters() {
    let text = "x.a == 'é' && x.missing";
    let failure = fails(text, r#"{"a":"é"}"#);
    assert_eq!(text.get(failure.span), Some("x.missing"));
}

#[test]
fn undeclared_names_and_functions_fail_at_compile_time() {
    let failure = fails("y == 1", "0");
    assert_eq!(failure.message, "undeclared name `y`");
    assert_eq!(fails("x.startWith('a')", "0").help.unwrap(), "did you mean `startsWith`?");
    assert!(fails("x.exists(x, true)", "[]").message.contains("already in use"));
    assert!(fails("true &&", "0").message.contains("mismatched"));
}

#[test]
fn user_defined_functions_do_not_capture_names() {
    let yaml = "
functions:
  contains_it(list, wanted): {expression: 'list.exists(e, e == wanted)', description: d}
  twice(n): {expression: n + n}
";
    let functions = FunctionSet::parse_yaml(yaml).unwrap();
    let run = |text| evaluate_with(&functions, text, "[1, 2, 3]");
    assert_eq!(
        run("x.filter(e, contains_it([1, 3], e))"),
        Ok(ExpressionValue::List(vec![1.into(), 3.into()]))
    );
    assert_eq!(run("twice(twice(x[0])) == 4"), Ok(ExpressionValue::Bool(true)));
    assert_eq!(run("twice(1, 2) == 4").unwrap_err().help.unwrap(), "`twice` needs 1 argument(s)");
    assert!(FunctionSet::parse_yaml("functions: {'f(a': {expression: a}}").is_err());
    assert!(FunctionSet::parse_yaml("functions: {'f(a)': {expression: b}}").is_err());
}

#[test]
fn literal_patterns_are_checked_at_compile_time() {
    assert!(fails("x.matches('(?=a)b')", "'a'").message.contains("look-around"));
    assert!(fails("regex.extract(x, '[') == x", "'a'").message.contains("not a regular"));
    holds("x.matches('^a+$') && matches(x, 'a')", "\"aa\"");
    assert!(fails("x.matches(x)", "\"[\"").message.contains("bad pattern"));
}

#[test]
fn library_functions_accept_values_of_an_event() {
    let x = r#"{"ranges":{"items":[{"cidr":"10.0.0.0/8"}]},"policy":{"Statement":[
        {"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}]},"none":null}"#;
    holds("as_list(x.ranges)[0].cidr == '10.0.0.0/8' && as_list(x.none) == []", x);
    holds("size(iam.public(x.policy)) == 1", x);
    holds(
        "strings_in(x).exists(s, s == 's3:*') && cidr(x.ranges.items[0].cidr).prefixLength() == 8",
        x,
    );
    holds("regex.replace('a1', '[0-9]', 'x') == 'ax' && math.greatest(1, 2) == 2", x);
    holds("sets.contains([1, 2], [2]) && cel.bind(y, x.none, y == null)", x);
}

#[test]
fn the_argument_is_evaluated_only_if_the_optional_is_empty() {
    holds("x.?a.or(x.b.c).orValue(x.d.e) == 1 && x.?a.orValue(x.b.c) == 1", r#"{"a":1}"#);
    holds("x.?a.or(x.?b).or(x.?c).orValue(x.d + 1) == 3", r#"{"d":2}"#);
    holds(
        "x.list.map(e, e.?a.or(e.?b).orValue(x.d)) == [1, 2, 3]",
        r#"{"list":[{"a":1},{"b":2},{}],"d":3}"#,
    );
    assert_eq!(fails("x.?a.orValue(x.b) == 1", "{}").message, "no such key: `b`");
}

#[test]
fn an_error_names_the_function_that_the_author_wrote() {
    let failure = fails("x.a.orValue(x.b) == 1", r#"{"a":"text","b":1}"#);
    assert_eq!(failure.full_message(), "`orValue` does not accept (string), in `x.a.orValue(x.b)`");
    let failure = fails("x.a.or(x.?b).hasValue()", r#"{"a":"text"}"#);
    assert_eq!(failure.full_message(), "`or` does not accept (string), in `x.a.or(x.?b)`");
}
