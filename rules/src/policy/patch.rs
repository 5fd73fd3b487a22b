//! What a policy's header gives a remediator, filled in for one event: the patch, whose texts are CEL, and `with`, whose
//! texts are CEL where they stand between `{{` and `}}`.

use crate::event::Scope;
use evenkeel_engine::ast::Sources;
use evenkeel_engine::{Answer, Expression, Failure};
use serde_json::{Map, Value};

/// Which part of a text is CEL; none where it stands for itself.
pub(super) type Source = fn(&str) -> Option<&str>;

/// All of a text of a patch.
#[expect(clippy::unnecessary_wraps, reason = "it is one of the sources")]
pub(super) fn whole(text: &str) -> Option<&str> {
    Some(text)
}

/// What stands in the one hole that is a whole text of `with`.
pub(super) fn hole(text: &str) -> Option<&str> {
    text.trim().strip_prefix("{{")?.strip_suffix("}}").map(str::trim)
}

/// A text with a hole that is not the whole of it.
pub(super) fn broken(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) if text.contains("{{") && hole(text).is_none() => Some(text),
        Value::Array(list) => list.iter().find_map(broken),
        Value::Object(map) => map.values().find_map(broken),
        _ => None,
    }
}

/// A compiled patch, or a compiled `with`.
#[derive(Debug)]
pub(super) struct Patch(Vec<(String, Piece)>);

#[derive(Debug)]
enum Piece {
    Literal(Value),
    Hole(Expression),
    Map(Patch),
    List(Vec<Piece>),
}

impl Patch {
    /// Compiles what is CEL in each text.
    pub(super) fn compile<'v, E>(
        patch: impl IntoIterator<Item = (&'v String, &'v Value)>,
        source: Source,
        compile: &mut impl FnMut(&str) -> Result<Expression, E>,
    ) -> Result<Patch, E> {
        let pieces = patch.into_iter();
        let pieces = pieces.map(|(name, value)| Ok((name.clone(), piece(value, source, compile)?)));
        pieces.collect::<Result<_, _>>().map(Patch)
    }

    /// The values for one event.
    pub(super) fn fill(
        &self,
        scope: &Scope<'_>,
        sources: &Sources,
    ) -> Result<Map<String, Value>, Failure> {
        self.0.iter().map(|(name, piece)| Ok((name.clone(), piece.fill(scope, sources)?))).collect()
    }
}

impl Piece {
    fn fill(&self, scope: &Scope<'_>, sources: &Sources) -> Result<Value, Failure> {
        Ok(match self {
            Piece::Literal(value) => value.clone(),
            Piece::Map(patch) => Value::Object(patch.fill(scope, sources)?),
            Piece::List(pieces) => {
                let values = pieces.iter().map(|piece| piece.fill(scope, sources));
                Value::Array(values.collect::<Result<_, _>>()?)
            }
            Piece::Hole(hole) => match hole.evaluate(scope, sources)? {
                Answer::Text(text) => Value::String(text),
                Answer::Bool(truth) => Value::Bool(truth),
                Answer::List(list) => Value::Array(list),
                Answer::Other(value, _) => value,
            },
        })
    }
}

fn piece<E>(
    value: &Value,
    source: Source,
    compile: &mut impl FnMut(&str) -> Result<Expression, E>,
) -> Result<Piece, E> {
    Ok(match value {
        Value::String(text) => match source(text) {
            Some(text) => Piece::Hole(compile(text)?),
            None => Piece::Literal(value.clone()),
        },
        Value::Object(patch) => Piece::Map(Patch::compile(patch, source, compile)?),
        Value::Array(list) => {
            let pieces = list.iter().map(|one| piece(one, source, compile));
            Piece::List(pieces.collect::<Result<_, _>>()?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Piece::Literal(value.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_text_that_is_one_hole_is_cel() {
        for (text, cel) in [
            ("{{params.days}}", Some("params.days")),
            (" {{ params.days }} ", Some("params.days")),
            ("ERROR", None),
            ("{{", None),
            ("{{a}} days", None),
        ] {
            assert_eq!(hole(text), cel, "{text}");
            let is_broken = cel.is_none() && text.contains("{{");
            assert_eq!(broken(&Value::from(text)).is_some(), is_broken, "{text}");
        }
    }
}
