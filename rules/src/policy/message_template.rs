//! The message of a policy: text with `{{ CEL }}` placeholders.

use crate::event::EventScope;
use evenkeel_engine::ast::SourceTexts;
use evenkeel_engine::{CelError, CompiledExpression, ExpressionCompiler, ExpressionValue};

#[derive(Debug)]
enum TemplatePiece {
    Text(String),
    Hole(CompiledExpression),
}

/// A compiled message.
#[derive(Debug)]
pub(super) struct MessageTemplate(Vec<TemplatePiece>);

impl MessageTemplate {
    /// Compiles `text`. The expressions in its placeholders may use the names in `scope`.
    pub(super) fn compile_template(
        text: &str,
        compiler: &mut ExpressionCompiler<'_>,
        scope: &[&str],
    ) -> Result<Self, CelError> {
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once("{{") {
            let source = compiler.next_source_number();
            let Some((hole, behind)) = after.split_once("}}") else {
                let message = "`{{` has no closing `}}`".to_owned();
                return Err(CelError::with_span(source, 0..0, message));
            };
            pieces.push(TemplatePiece::Text(before.to_owned()));
            pieces.push(TemplatePiece::Hole(compiler.compile_expression(hole.trim(), scope)?));
            rest = behind;
        }
        pieces.push(TemplatePiece::Text(rest.to_owned()));
        Ok(MessageTemplate(pieces))
    }

    /// Returns the message for one event. If an expression fails, its placeholder shows the error
    /// without any values of the event, because messages are sent by e-mail.
    pub(super) fn fill_template(&self, scope: &EventScope<'_>, sources: &SourceTexts) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                TemplatePiece::Text(text) => out.push_str(text),
                TemplatePiece::Hole(hole) => match hole.evaluate_in(scope, sources) {
                    Ok(ExpressionValue::Text(text)) => out.push_str(&text),
                    Ok(ExpressionValue::Bool(truth)) => {
                        out.push_str(if truth { "true" } else { "false" });
                    }
                    Ok(ExpressionValue::List(list)) => {
                        out.push_str(&serde_json::Value::Array(list).to_string());
                    }
                    Ok(ExpressionValue::Other(value, _)) => out.push_str(&value.to_string()),
                    Err(CelError { missing_key: Some(_), expression: Some(field), .. }) => {
                        out.push_str(&format!("(unknown: {field})"));
                    }
                    Err(failure) => {
                        out.push('<');
                        out.push_str(&failure.full_message());
                        out.push('>');
                    }
                },
            }
        }
        out
    }
}
