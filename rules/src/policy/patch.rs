//! A policy's patch: what properties of a resource must be, with CEL for its texts.

use crate::engine::{Answer, Expression, Failure, Scope, Sources};
use serde_json::{Map, Value};

/// A compiled patch.
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
    /// Compiles each text of a patch.
    pub(super) fn compile<E>(
        patch: &Map<String, Value>,
        compile: &mut impl FnMut(&str) -> Result<Expression, E>,
    ) -> Result<Patch, E> {
        let pieces = patch.iter().map(|(name, value)| Ok((name.clone(), piece(value, compile)?)));
        pieces.collect::<Result<_, _>>().map(Patch)
    }

    /// The patch for one event.
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
    compile: &mut impl FnMut(&str) -> Result<Expression, E>,
) -> Result<Piece, E> {
    Ok(match value {
        Value::String(text) => Piece::Hole(compile(text)?),
        Value::Object(patch) => Piece::Map(Patch::compile(patch, compile)?),
        Value::Array(list) => {
            Piece::List(list.iter().map(|one| piece(one, compile)).collect::<Result<_, _>>()?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Piece::Literal(value.clone()),
    })
}
