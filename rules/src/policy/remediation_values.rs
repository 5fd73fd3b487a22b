//! Compiles and evaluates the values that a policy passes to a remediator: the patch, in which each
//! string is CEL, and `with`, in which a string between `{{` and `}}` is CEL.

use crate::event::EventScope;
use evenkeel_engine::ast::SourceTexts;
use evenkeel_engine::{CelError, CompiledExpression, ExpressionValue};
use serde_json::{Map, Value};

/// A function that returns the CEL expression in a string, or `None` if the string is a literal.
pub(super) type CelSelector = fn(&str) -> Option<&str>;

/// Returns the whole string. In a patch, each string is CEL.
#[expect(clippy::unnecessary_wraps, reason = "the type of the function is `CelSelector`")]
pub(super) fn select_whole_text(text: &str) -> Option<&str> {
    Some(text)
}

/// Returns the expression of a string that consists of one placeholder.
pub(super) fn select_hole(text: &str) -> Option<&str> {
    text.trim().strip_prefix("{{")?.strip_suffix("}}").map(str::trim)
}

/// Returns the first string in `value` that contains a placeholder and other text.
pub(super) fn find_partial_hole(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) if text.contains("{{") && select_hole(text).is_none() => Some(text),
        Value::Array(list) => list.iter().find_map(find_partial_hole),
        Value::Object(map) => map.values().find_map(find_partial_hole),
        _ => None,
    }
}

/// A compiled patch, or a compiled `with`.
#[derive(Debug)]
pub(super) struct ValueTemplate(Vec<(String, ValuePiece)>);

#[derive(Debug)]
enum ValuePiece {
    Literal(Value),
    Hole(CompiledExpression),
    Map(ValueTemplate),
    List(Vec<ValuePiece>),
}

impl ValueTemplate {
    /// Compiles the expression that `source` selects in each string.
    pub(super) fn compile_values<'v, E>(
        patch: impl IntoIterator<Item = (&'v String, &'v Value)>,
        source: CelSelector,
        compile: &mut impl FnMut(&str) -> Result<CompiledExpression, E>,
    ) -> Result<ValueTemplate, E> {
        let pieces = patch.into_iter();
        let pieces =
            pieces.map(|(name, value)| Ok((name.clone(), compile_piece(value, source, compile)?)));
        pieces.collect::<Result<_, _>>().map(ValueTemplate)
    }

    /// Returns the values for one event.
    pub(super) fn fill_values(
        &self,
        scope: &EventScope<'_>,
        sources: &SourceTexts,
    ) -> Result<Map<String, Value>, CelError> {
        self.0
            .iter()
            .map(|(name, piece)| Ok((name.clone(), piece.fill_value(scope, sources)?)))
            .collect()
    }
}

impl ValuePiece {
    fn fill_value(&self, scope: &EventScope<'_>, sources: &SourceTexts) -> Result<Value, CelError> {
        Ok(match self {
            ValuePiece::Literal(value) => value.clone(),
            ValuePiece::Map(patch) => Value::Object(patch.fill_values(scope, sources)?),
            ValuePiece::List(pieces) => {
                let values = pieces.iter().map(|piece| piece.fill_value(scope, sources));
                Value::Array(values.collect::<Result<_, _>>()?)
            }
            ValuePiece::Hole(hole) => match hole.evaluate_in(scope, sources)? {
                ExpressionValue::Text(text) => Value::String(text),
                ExpressionValue::Bool(truth) => Value::Bool(truth),
                ExpressionValue::List(list) => Value::Array(list),
                ExpressionValue::Other(value, _) => value,
            },
        })
    }
}

fn compile_piece<E>(
    value: &Value,
    source: CelSelector,
    compile: &mut impl FnMut(&str) -> Result<CompiledExpression, E>,
) -> Result<ValuePiece, E> {
    Ok(match value {
        Value::String(text) => match source(text) {
            Some(text) => ValuePiece::Hole(compile(text)?),
            None => ValuePiece::Literal(value.clone()),
        },
        Value::Object(patch) => {
            ValuePiece::Map(ValueTemplate::compile_values(patch, source, compile)?)
        }
        Value::Array(list) => {
            let pieces = list.iter().map(|one| compile_piece(one, source, compile));
            ValuePiece::List(pieces.collect::<Result<_, _>>()?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => ValuePiece::Literal(value.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_string_that_is_one_placeholder_is_cel() {
        for (text, cel) in [
            ("{{params.days}}", Some("params.days")),
            (" {{ params.days }} ", Some("params.days")),
            ("ERROR", None),
            ("{{", None),
            ("{{a}} days", None),
        ] {
            assert_eq!(select_hole(text), cel, "{text}");
            let is_broken = cel.is_none() && text.contains("{{");
            assert_eq!(find_partial_hole(&Value::from(text)).is_some(), is_broken, "{text}");
        }
    }
}
