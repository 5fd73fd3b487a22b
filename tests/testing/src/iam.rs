//! An evaluator of IAM policies, limited to the elements that our policies use. Unknown elements
//! panic.
//!
//! Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements reference".

use serde_json::Value;

/// The condition keys of a request and their values.
pub type Context<'a> = &'a [(&'a str, &'a str)];

/// Returns whether a statement allows an action on a resource and no statement denies it.
pub fn allows(statements: &[Value], action: &str, resource: &str, context: Context<'_>) -> bool {
    has_matching_statement("Allow", statements, action, resource, context)
        && !denies(statements, action, resource, context)
}

/// Returns whether a statement denies an action on a resource.
pub fn denies(statements: &[Value], action: &str, resource: &str, context: Context<'_>) -> bool {
    has_matching_statement("Deny", statements, action, resource, context)
}

fn has_matching_statement(
    effect: &str,
    statements: &[Value],
    action: &str,
    resource: &str,
    context: Context<'_>,
) -> bool {
    statements.iter().for_each(assert_known);
    statements.iter().any(|statement| {
        statement["Effect"] == effect
            && is_about(statement, "Action", action)
            && is_about(statement, "Resource", resource)
            && holds(&statement["Condition"], context)
    })
}

const MEMBERS: [&str; 8] =
    ["Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// Panics if a statement contains an element that this module does not evaluate. The callers check
/// the principal.
fn assert_known(statement: &Value) {
    let members = statement.as_object().unwrap_or_else(|| panic!("not a statement: {statement}"));
    for member in members.keys() {
        assert!(MEMBERS.contains(&member.as_str()), "unknown member {member} of {statement}");
    }
    let effect = &statement["Effect"];
    assert!(effect == "Allow" || effect == "Deny", "unknown effect {effect}");
    assert!(
        !statement.to_string().contains("${"),
        "policy variables are not supported: {statement}"
    );
    holds(&statement["Condition"], &[]);
}

/// Returns whether an element (`Action`, `Resource`) or its negation (`NotAction`, `NotResource`)
/// matches. A trust policy has no resource and matches.
fn is_about(statement: &Value, member: &str, what: &str) -> bool {
    let any = |value: &Value| texts(value).iter().any(|pattern| matches(pattern, what));
    match (&statement[member], &statement[format!("Not{member}")]) {
        (Value::Null, Value::Null) => member == "Resource",
        (Value::Null, not) => !any(not),
        (is, _) => any(is),
    }
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(texts) => texts.iter().flat_map(self::texts).collect(),
        _ => panic!("neither a string nor a list of strings: {value}"),
    }
}

/// Returns whether all operators and all their keys match. Evaluates all of them, so that an
/// unknown operator always panics.
fn holds(conditions: &Value, context: Context<'_>) -> bool {
    if conditions.is_null() {
        return true;
    }
    let holds = |operator: &str, keys: &Value| {
        let each = keys.as_object().unwrap().iter().map(|(key, wanted)| {
            let is = context
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(key))
                .map(|(_, value)| *value);
            let wanted = texts(wanted);
            match operator {
                "StringEquals" | "Bool" => is.is_some_and(|is| wanted.contains(&is)),
                "ArnEquals" | "ArnLike" | "StringLike" => {
                    is.is_some_and(|is| wanted.iter().any(|pattern| matches(pattern, is)))
                }
                "ArnNotEquals" | "ArnNotLike" => {
                    !is.is_some_and(|is| wanted.iter().any(|pattern| matches(pattern, is)))
                }
                "Null" => wanted == [if is.is_none() { "true" } else { "false" }],
                _ => panic!("unknown operator {operator}"),
            }
        });
        each.fold(true, |all, one| all & one)
    };
    let conditions =
        conditions.as_object().unwrap_or_else(|| panic!("not a condition: {conditions}"));
    conditions.iter().fold(true, |all, (operator, keys)| all & holds(operator, keys))
}

/// Returns whether a text matches a pattern with `*` and `?`. The comparison is case-sensitive,
/// also for actions.
pub fn matches(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            let rest = pattern.split_at(1).1;
            (0..=text.len()).filter_map(|at| text.get(at..)).any(|text| matches(rest, text))
        }
        (Some('?'), Some(is)) => matches(pattern.split_at(1).1, text.split_at(is.len_utf8()).1),
        (Some(wanted), Some(is)) if wanted == is => {
            matches(pattern.split_at(wanted.len_utf8()).1, text.split_at(is.len_utf8()).1)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn wildcards_match_like_in_iam() {
        for (pattern, text, wanted) in [
            ("*", "", true),
            ("arn:*:key/*", "arn:aws:kms:eu:1:key/a/b", true),
            ("arn:*:key/?", "arn:aws:kms:eu:1:key/ab", false),
            ("s3:Get*", "s3:PutObject", false),
            ("findings/*", "findings", false),
        ] {
            assert_eq!(matches(pattern, text), wanted, "{pattern} {text}");
        }
    }

    #[test]
    fn a_deny_statement_wins_and_conditions_must_match() {
        let put = json!({"Effect": "Allow", "Action": "s3:Put*", "Resource": "b/*"});
        let once = json!({
            "Effect": "Deny", "Action": "s3:PutObject", "NotResource": ["b/free/*"],
            "Condition": {"Null": {"s3:if-none-match": "true"}, "Bool": {"create": "true"}}
        });
        let both = [put, once];
        let careful = [("s3:if-none-match", "*"), ("create", "true")];
        assert!(allows(&both, "s3:PutObject", "b/x", &careful));
        assert!(!allows(&both, "s3:PutObject", "b/x", &careful[1..]));
        assert!(allows(&both, "s3:PutObject", "b/free/x", &careful[1..]));
        assert!(!allows(&both, "s3:GetObject", "b/x", &careful));
        assert!(
            !allows(&both[1..], "s3:PutObject", "b/x", &careful),
            "an action without an Allow statement must be denied"
        );
    }

    #[test]
    fn all_operators_and_keys_of_a_condition_must_match() {
        let if_ = |conditions: Value| {
            [
                json!({"Effect": "Allow", "Action": ["a:B", "a:C"], "Resource": "*", "Condition": conditions}),
            ]
        };
        let context = [("aws:PrincipalArn", "arn:aws:iam::1:role/one"), ("sts:ExternalId", "x")];
        for (conditions, wanted) in [
            (json!({"StringEquals": {"STS:externalid": ["w", "x"]}}), true),
            (json!({"StringEquals": {"sts:ExternalId": "X"}}), false),
            (json!({"StringEquals": {"aws:SourceAccount": "1"}}), false),
            (json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::1:role/o?e"}}), true),
            (json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::2:role/*"}}), false),
            (
                json!({"StringLike": {"sts:ExternalId": "*"}, "Null": {"sts:ExternalId": "true"}}),
                false,
            ),
            (json!({"Null": {"sts:ExternalId": "false", "aws:SourceAccount": "true"}}), true),
            (json!({"Bool": {"aws:SecureTransport": "false"}}), false),
        ] {
            let is = allows(&if_(conditions.clone()), "a:C", "r", &context);
            assert_eq!(is, wanted, "{conditions}");
        }
    }

    #[test]
    fn not_action_and_not_resource_exclude_their_values() {
        let not = [json!({"Effect": "Allow", "NotAction": "s3:Delete*", "NotResource": ["b/*"]})];
        assert!(allows(&not, "s3:GetObject", "c/x", &[]));
        assert!(!allows(&not, "s3:DeleteObject", "c/x", &[]));
        assert!(!allows(&not, "s3:GetObject", "b/x", &[]));
    }

    #[test]
    fn an_unknown_element_panics() {
        for (odd, why) in [
            (json!({"Effect": "Allow", "NotPrincipal": "*"}), "member NotPrincipal"),
            (json!({"Effect": "allow"}), "effect"),
            (json!({"Effect": "Deny", "Resource": "${aws:username}/*"}), "variable"),
            (
                json!({"Effect": "Deny", "Condition": {"StringNotLike": {"k": "v"}}}),
                "StringNotLike",
            ),
            (json!({"Effect": "Deny", "Condition": {"Bool": {"k": true}}}), "neither a string"),
        ] {
            let asked = std::panic::catch_unwind(|| allows(&[odd], "a:B", "r", &[]));
            let said = asked.unwrap_err();
            assert!(said.downcast_ref::<String>().unwrap().contains(why), "{said:?}");
        }
    }
}
