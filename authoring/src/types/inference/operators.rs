//! Operators: what they take, what they give, and texts that a value of AWS can never be.

use super::{Inference, common, level};
use crate::types::{Type, a as article};
use evenkeel_engine::{Syntax, SyntaxKind, nearest};
use evenkeel_rules::Level;
use serde_json::Value;

impl Inference<'_> {
    /// The type that an operator gives; none where the function is none.
    pub(super) fn operator(
        &mut self,
        syntax: &Syntax,
        function: &str,
        args: &[Syntax],
        types: &[Type],
    ) -> Option<Type> {
        match (function, args, types) {
            ("_&&_" | "_||_" | "!_", ..) => {
                for (part, found) in args.iter().zip(types) {
                    self.truth(part, found, sign(function));
                }
                Some(Type::Bool)
            }
            ("_==_" | "_!=_", [left, right], [a, b]) => {
                self.alike(syntax, sign(function), a, b);
                self.among(left, b);
                self.among(right, a);
                Some(Type::Bool)
            }
            ("_<_" | "_<=_" | "_>_" | "_>=_", _, [a, b]) => {
                self.alike(syntax, sign(function), a, b);
                Some(Type::Bool)
            }
            ("in", [left, right], [a, b]) => {
                self.member(syntax, left, right, a, b);
                Some(Type::Bool)
            }
            ("_?_:_", [condition, ..], [test, yes, no]) => {
                self.truth(condition, test, "?");
                Some(common(&[yes.clone(), no.clone()]))
            }
            ("_+_", _, [a, b]) => {
                self.alike(syntax, "+", a, b);
                Some(if a.plain() == b.plain() { a.plain() } else { Type::Any })
            }
            ("_-_" | "_*_" | "_/_" | "_%_", _, [a, b]) => {
                Some(if a.plain() == b.plain() { a.plain() } else { Type::Any })
            }
            ("-_", _, [a]) => Some(a.plain()),
            ("_[_]" | "_[?_]", [_, key], [whole, _]) => {
                Some(self.index(syntax, function, key, whole))
            }
            _ => None,
        }
    }

    fn index(&mut self, syntax: &Syntax, function: &str, key: &Syntax, whole: &Type) -> Type {
        let of = whole.present();
        let kind = match (&key.kind, of.plain()) {
            (SyntaxKind::Literal(Value::String(name)), plain)
                if !matches!(plain, Type::List(_)) =>
            {
                match self.known_field(syntax, &of, name) {
                    crate::types::Found::Always(kind) | crate::types::Found::Sometimes(kind) => {
                        kind
                    }
                    _ => Type::Any,
                }
            }
            _ => of.element(),
        };
        let absent = function == "_[?_]" || matches!(whole, Type::Optional(_));
        if absent { kind.optional() } else { kind }
    }

    /// Two values that are compared or added are of one type.
    fn alike(&mut self, syntax: &Syntax, sign: &str, a: &Type, b: &Type) {
        let (left, right) = (a.name(), b.name());
        let free = |name: &str| ["dyn", "null"].contains(&name);
        let number = |name: &str| ["int", "double"].contains(&name);
        if left == right || free(left) || free(right) || (number(left) && number(right)) {
            return;
        }
        let optional = left == "optional" || right == "optional";
        let help =
            optional.then(|| "an optional value is not its value: `.orValue(...)`".to_owned());
        let level = level(a).min(level(b));
        self.say(
            "type",
            level,
            &syntax.span,
            format!("`{sign}` of {} and {}", article(left), article(right)),
            help,
        );
    }

    /// A text that is compared with a value of AWS is one that it can have.
    fn among(&mut self, literal: &Syntax, with: &Type) {
        let SyntaxKind::Literal(Value::String(text)) = &literal.kind else { return };
        let Some(values) = with.clone().present().values() else { return };
        if !text.is_empty() && !values.contains(&text.as_str()) {
            let help = nearest(text, values.iter().copied());
            let help = help
                .or_else(|| (values.len() < 8).then(|| format!("there are {}", values.join(", "))));
            self.say(
                "unknown-value",
                Level::Warning,
                &literal.span,
                format!("AWS has no value `{text}` here"),
                help,
            );
        }
    }

    fn member(&mut self, syntax: &Syntax, left: &Syntax, right: &Syntax, a: &Type, b: &Type) {
        let plain = b.plain();
        if !matches!(
            plain,
            Type::Any
                | Type::Aws(_)
                | Type::List(_)
                | Type::Map(_)
                | Type::View(_)
                | Type::Known(..)
        ) {
            let message =
                format!("`in` wants a list or a map, and this is {}", article(plain.name()));
            self.say("type", level(b), &right.span, message, None);
        }
        if let SyntaxKind::List(elements) = &right.kind {
            for element in elements {
                self.among(element, a);
            }
            if let Type::List(element) = b {
                self.alike(syntax, "in", a, element);
            }
        }
        if let Type::List(_) | Type::Aws(_) = b {
            self.among(left, &b.element());
        }
    }
}

/// An operator as it is written.
pub(super) fn sign(function: &str) -> &str {
    function.trim_matches('_')
}
