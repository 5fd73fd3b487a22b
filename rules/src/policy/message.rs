//! A policy's message: text with `{{ CEL }}` holes.

use crate::event::Scope;
use evenkeel_engine::ast::Sources;
use evenkeel_engine::{Answer, Compiler, Expression, Failure};

#[derive(Debug)]
enum TemplatePiece {
    Text(String),
    Hole(Expression),
}

/// A compiled message.
#[derive(Debug)]
pub(super) struct Template(Vec<TemplatePiece>);

impl Template {
    /// Compiles `text`; the expressions in its holes may use the names in `scope`.
    pub(super) fn compile(
        text: &str,
        compiler: &mut Compiler<'_>,
        scope: &[&str],
    ) -> Result<Self, Failure> {
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once("{{") {
            let source = compiler.source();
            let Some((hole, behind)) = after.split_once("}}") else {
                let message = "`{{` is not closed".to_owned();
                return Err(Failure::at(source, 0..0, message));
            };
            pieces.push(TemplatePiece::Text(before.to_owned()));
            pieces.push(TemplatePiece::Hole(compiler.expression(hole.trim(), scope)?));
            rest = behind;
        }
        pieces.push(TemplatePiece::Text(rest.to_owned()));
        Ok(Template(pieces))
    }

    /// The message for one event. A hole whose expression fails shows why, and no value: messages are mailed.
    pub(super) fn fill(&self, scope: &Scope<'_>, sources: &Sources) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                TemplatePiece::Text(text) => out.push_str(text),
                TemplatePiece::Hole(hole) => match hole.evaluate(scope, sources) {
                    Ok(Answer::Text(text)) => out.push_str(&text),
                    Ok(Answer::Bool(truth)) => out.push_str(if truth { "true" } else { "false" }),
                    Ok(Answer::List(list)) => {
                        out.push_str(&serde_json::Value::Array(list).to_string());
                    }
                    Ok(Answer::Other(value, _)) => out.push_str(&value.to_string()),
                    Err(failure) => {
                        out.push('<');
                        out.push_str(&failure.explain());
                        out.push('>');
                    }
                },
            }
        }
        out
    }
}
