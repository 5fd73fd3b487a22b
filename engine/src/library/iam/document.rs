//! Reads policy documents in every form in which AWS records them.

use cel::ExecutionError;
use cel::common::value::Val;
use serde_json::{Map, Value as Json};

use super::super::function::function_error;
use super::super::{json, json_conversion, values};
use super::patterns;
use super::statement::PolicyStatement;

/// Reads the statements of a policy document. The document is an object, a JSON text, or a
/// percent-encoded JSON text. A missing value, null, an empty string and an empty object are
/// documents without statements. The comparisons of its patterns may use all steps again, whatever an
/// earlier document used.
pub(super) fn read_statements(
    function: &str,
    document: &dyn Val,
) -> Result<Vec<PolicyStatement>, ExecutionError> {
    patterns::start_document();
    let Some(document) = values::present_value(document) else { return Ok(vec![]) };
    let json = match values::as_text(document) {
        Some(text) => parse_document(function, text)?,
        None => json_conversion::to_json(function, document)?,
    };
    let fields = match &json {
        Json::Null => return Ok(vec![]),
        Json::Object(fields) if fields.is_empty() => return Ok(vec![]),
        Json::Object(fields) => fields,
        _ => return Err(function_error(function, "the policy document is not an object")),
    };
    match statement_field(fields) {
        Some(Json::Array(items)) => {
            items.iter().map(|item| PolicyStatement::from_json(function, item)).collect()
        }
        Some(item) => Ok(vec![PolicyStatement::from_json(function, item)?]),
        None => Err(function_error(function, "the policy document has no statement")),
    }
}

fn statement_field(fields: &Map<String, Json>) -> Option<&Json> {
    fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("statement")).map(|(_, value)| value)
}

fn parse_document(function: &str, text: &str) -> Result<Json, ExecutionError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Json::Null);
    }
    if text.starts_with('%') {
        return json::parse_json_text(function, &json::decode_percent(function, text)?);
    }
    // API Gateway returns the content of a JSON string, without its quotes.
    if text.starts_with(r#"{\""#) {
        let unescaped = json::parse_json_text(function, &format!("\"{text}\""))?;
        return json::parse_json_text(function, unescaped.as_str().unwrap_or_default());
    }
    json::parse_json_text(function, text)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{assert_fails, assert_holds, evaluate_with_texts};
    use cel::Value;

    const TRUST: &str = concat!(
        r#"{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","#,
        r#""Principal":{"Service":"ec2.amazonaws.com"},"Sid":""}],"Version":"2012-10-17"}"#,
    );

    #[test]
    fn every_form_has_the_same_statements() {
        let encoded = TRUST.replace('{', "%7B").replace('"', "%22").replace(':', "%3A");
        let escaped = TRUST.replace('"', "\\\"");
        for form in [TRUST, &encoded, &escaped, &format!(" \n{TRUST}")] {
            let source = "policy_statements(d).map(s, s.effect + ' ' + s.principals[0])
                == ['Allow service:ec2.amazonaws.com']
                && policy_statements(parse_json(plain)) == policy_statements(d)";
            let vars = [("d", form), ("plain", TRUST)];
            assert_eq!(evaluate_with_texts(source, &vars), Ok(Value::Bool(true)), "{form}");
        }
    }

    #[test]
    fn a_missing_document_has_no_statements() {
        assert_holds(&[
            "policy_statements(null) == [] && policy_statements('') == []",
            "policy_statements({}.?policy) == [] && policy_statements({}) == []",
            "policy_statements({'Statement': []}) == []",
        ]);
    }

    #[test]
    fn an_unreadable_document_is_an_error() {
        assert_fails("EOF", &["public_statements('{')", "policy_statements('{\"Statement\": [{')"]);
        assert_fails("expected value", &["admin_statements('s3:*')"]);
        assert_fails("no statement", &["policy_statements({'Version': '2012-10-17'})"]);
        assert_fails(
            "not an object",
            &["policy_statements('[]')", "policy_statements({'Statement': ['x']})"],
        );
        assert_fails("not an effect", &["policy_statements({'Statement': {'Effect': 'Maybe'}})"]);
        assert_fails("is not JSON", &["policy_statements({'Statement': b'x'})"]);
    }
}
