//! Infers the result types of operators, and reports texts that AWS never uses for a field.

use super::{TypeInference, common_type, issue_level};
use crate::types::{ExpressionType, with_article};
use evenkeel_engine::{SyntaxKind, SyntaxNode, suggest_name};
use evenkeel_rules::DiagnosticLevel;
use serde_json::Value;

impl TypeInference<'_> {
    /// Infers the result type of an operator, or returns `None` if the function is not an operator.
    pub(super) fn infer_operator(
        &mut self,
        syntax: &SyntaxNode,
        function: &str,
        args: &[SyntaxNode],
        types: &[ExpressionType],
    ) -> Option<ExpressionType> {
        match (function, args, types) {
            ("_&&_" | "_||_" | "!_", ..) => {
                for (part, found) in args.iter().zip(types) {
                    self.check_bool(part, found, operator_sign(function));
                }
                Some(ExpressionType::Bool)
            }
            ("_==_" | "_!=_", [left, right], [a, b]) => {
                self.check_same_type(syntax, operator_sign(function), a, b);
                self.check_allowed_value(left, b);
                self.check_allowed_value(right, a);
                Some(ExpressionType::Bool)
            }
            ("_<_" | "_<=_" | "_>_" | "_>=_", _, [a, b]) => {
                self.check_same_type(syntax, operator_sign(function), a, b);
                Some(ExpressionType::Bool)
            }
            ("in", [left, right], [a, b]) => {
                self.check_membership(syntax, left, right, a, b);
                Some(ExpressionType::Bool)
            }
            ("_?_:_", [condition, ..], [test, yes, no]) => {
                self.check_bool(condition, test, "?");
                Some(common_type(&[yes.clone(), no.clone()]))
            }
            ("_+_", _, [a, b]) => {
                self.check_same_type(syntax, "+", a, b);
                Some(if a.plain_type() == b.plain_type() {
                    a.plain_type()
                } else {
                    ExpressionType::Any
                })
            }
            ("_-_" | "_*_" | "_/_" | "_%_", _, [a, b]) => {
                Some(if a.plain_type() == b.plain_type() {
                    a.plain_type()
                } else {
                    ExpressionType::Any
                })
            }
            ("-_", _, [a]) => Some(a.plain_type()),
            ("_[_]" | "_[?_]", [_, key], [whole, _]) => {
                Some(self.infer_index(syntax, function, key, whole))
            }
            _ => None,
        }
    }

    fn infer_index(
        &mut self,
        syntax: &SyntaxNode,
        function: &str,
        key: &SyntaxNode,
        whole: &ExpressionType,
    ) -> ExpressionType {
        let of = whole.present_type();
        let kind = match (&key.kind, of.plain_type()) {
            (SyntaxKind::Literal(Value::String(name)), plain)
                if !matches!(plain, ExpressionType::List(_)) =>
            {
                match self.check_field(syntax, &of, name) {
                    crate::types::FieldLookup::Always(kind)
                    | crate::types::FieldLookup::Sometimes(kind) => kind,
                    _ => ExpressionType::Any,
                }
            }
            _ => of.element_type(),
        };
        let absent = function == "_[?_]" || matches!(whole, ExpressionType::Optional(_));
        if absent { kind.into_optional() } else { kind }
    }

    /// Checks that two values that are compared or added have the same type.
    fn check_same_type(
        &mut self,
        syntax: &SyntaxNode,
        sign: &str,
        a: &ExpressionType,
        b: &ExpressionType,
    ) {
        let (left, right) = (a.type_name(), b.type_name());
        let free = |name: &str| ["dyn", "null"].contains(&name);
        let number = |name: &str| ["int", "double"].contains(&name);
        if left == right || free(left) || free(right) || (number(left) && number(right)) {
            return;
        }
        let optional = left == "optional" || right == "optional";
        let help = optional
            .then(|| "add a default value to the optional value: `.orValue(...)`".to_owned());
        let level = issue_level(a).min(issue_level(b));
        let (left, right) = (with_article(left), with_article(right));
        let message = format!("`{sign}` needs two values of the same type, not {left} and {right}");
        self.report_issue("type", level, &syntax.span, message, help);
    }

    /// Checks that a text that is compared with a field is one of the field's possible values.
    fn check_allowed_value(&mut self, literal: &SyntaxNode, with: &ExpressionType) {
        let SyntaxKind::Literal(Value::String(text)) = &literal.kind else { return };
        let Some(values) = with.clone().present_type().allowed_values() else { return };
        if !text.is_empty() && !values.contains(&text.as_str()) {
            let list = || format!("the values are {}", values.join(", "));
            let help = suggest_name(text, values.iter().copied())
                .or_else(|| (values.len() < 8).then(list));
            self.report_issue(
                "unknown-value",
                DiagnosticLevel::Warning,
                &literal.span,
                format!("AWS does not use the value `{text}` for this field"),
                help,
            );
        }
    }

    fn check_membership(
        &mut self,
        syntax: &SyntaxNode,
        left: &SyntaxNode,
        right: &SyntaxNode,
        a: &ExpressionType,
        b: &ExpressionType,
    ) {
        let plain = b.plain_type();
        if !matches!(
            plain,
            ExpressionType::Any
                | ExpressionType::Aws(_)
                | ExpressionType::List(_)
                | ExpressionType::Map(_)
                | ExpressionType::View(_)
                | ExpressionType::NamedFields(..)
        ) {
            let message = format!(
                "`in` needs a list or a map, but this is {}",
                with_article(plain.type_name())
            );
            self.report_issue("type", issue_level(b), &right.span, message, None);
        }
        if let SyntaxKind::List(elements) = &right.kind {
            for element in elements {
                self.check_allowed_value(element, a);
            }
            if let ExpressionType::List(element) = b {
                self.check_same_type(syntax, "in", a, element);
            }
        }
        if let ExpressionType::List(_) | ExpressionType::Aws(_) = b {
            self.check_allowed_value(left, &b.element_type());
        }
    }
}

/// Returns an operator as it is written in CEL.
pub(super) fn operator_sign(function: &str) -> &str {
    function.trim_matches('_')
}
