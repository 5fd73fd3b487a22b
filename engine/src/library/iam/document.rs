//! Reads policy documents in every form in which AWS records them.

use cel::ExecutionError;
use cel::common::value::Val;
use evenkeel_iam::PolicyDocument;
use serde_json::Value as Json;

use super::super::function::function_error;
use super::super::{json, json_conversion, values};

/// Reads a policy document: an object, a JSON text, or a percent-encoded JSON text. A missing value,
/// null, an empty string and an empty object are documents without statements.
pub(super) fn read_document(
    function: &str,
    document: &dyn Val,
) -> Result<PolicyDocument, ExecutionError> {
    let Some(document) = values::present_value(document) else {
        return Ok(PolicyDocument::default());
    };
    let json = match values::as_text(document) {
        Some(text) => parse_document(function, text)?,
        None => json_conversion::to_json(function, document)?,
    };
    if json.is_null() {
        return Ok(PolicyDocument::default());
    }
    PolicyDocument::from_json(&json).map_err(|error| function_error(function, error))
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
            let source = "iam.statements(d).map(s, s.effect + ' ' + s.principals[0])
                == ['Allow service:ec2.amazonaws.com']
                && iam.statements(parse_json(plain)) == iam.statements(d)";
            let vars = [("d", form), ("plain", TRUST)];
            assert_eq!(evaluate_with_texts(source, &vars), Ok(Value::Bool(true)), "{form}");
        }
    }

    #[test]
    fn a_missing_document_has_no_statements() {
        assert_holds(&[
            "iam.statements(null) == [] && iam.statements('') == []",
            "iam.statements({}.?policy) == [] && iam.statements({}) == []",
            "iam.statements({'Statement': []}) == []",
        ]);
    }

    #[test]
    fn an_unreadable_document_is_an_error() {
        assert_fails("EOF", &["iam.public('{')", "iam.statements('{\"Statement\": [{')"]);
        assert_fails("expected value", &["iam.administrator('s3:*')"]);
        assert_fails("no statement", &["iam.statements({'Version': '2012-10-17'})"]);
        assert_fails(
            "not an object",
            &["iam.statements('[]')", "iam.statements({'Statement': ['x']})"],
        );
        assert_fails("has no effect", &["iam.statements({'Statement': {'Effect': 'Maybe'}})"]);
        assert_fails("is not JSON", &["iam.statements({'Statement': b'x'})"]);
    }
}
