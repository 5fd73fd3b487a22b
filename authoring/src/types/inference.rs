//! Finds out the type of each expression of a policy, and remarks what cannot be as its author meant it.

mod calls;
mod operators;

use super::{Found, Type, a, is_certain, scope};
use evenkeel_engine::{Functions, Syntax, SyntaxKind, nearest};
use evenkeel_rules::Level;
use evenkeel_rules::policy::{Policy, Role};
use serde_json::Value;
use std::collections::BTreeSet;
use std::ops::Range;

/// Something that cannot be as meant, within one expression.
#[derive(Clone, Debug)]
pub(crate) struct Remark {
    pub(crate) code: &'static str,
    pub(crate) level: Level,
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// Infers the types of one policy's expressions.
pub(crate) struct Inference<'f> {
    functions: &'f Functions,
    scope: Vec<(String, Type)>,
    /// Fields that some expression of the policy asks for before it uses them.
    asked: BTreeSet<String>,
    /// Whether AWS's models are right about the policy's events.
    certain: bool,
    remarks: Vec<Remark>,
    /// In a function's body, which is not the policy's, nothing is remarked.
    quiet: usize,
}

impl<'f> Inference<'f> {
    /// For one policy, whose expressions are these.
    pub(crate) fn new(policy: &Policy, functions: &'f Functions, expressions: &[&Syntax]) -> Self {
        let mut asked = BTreeSet::new();
        for expression in expressions {
            expression.walk(&mut |part| asked.extend(question(part)));
        }
        Inference {
            functions,
            scope: scope(policy),
            asked,
            certain: is_certain(&policy.matches),
            remarks: Vec::new(),
            quiet: 0,
        }
    }

    /// The type of an expression, and what is to be said of it; a variable's name then has that type.
    pub(crate) fn expression(&mut self, role: &Role, syntax: &Syntax) -> Vec<Remark> {
        let found = self.infer(syntax);
        self.fits(role, syntax, &found);
        if let Role::Variable(name) = role {
            self.scope.push((name.clone(), found));
        }
        std::mem::take(&mut self.remarks)
    }

    /// Whether an expression gives what its place wants.
    fn fits(&mut self, role: &Role, syntax: &Syntax, found: &Type) {
        let name = found.name();
        let wrong = match role {
            Role::Body => (!["bool", "list", "dyn"].contains(&name)).then(|| {
                format!("the body gives {}, and not a bool or a list of what is wrong", a(name))
            }),
            Role::ResourceId | Role::ResourceArn => ["bool", "list", "map", "null", "optional"]
                .contains(&name)
                .then(|| format!("this names a resource, and gives {}", a(name))),
            Role::Message => (name == "optional")
                .then(|| "the message would show null where this is absent".to_owned()),
            Role::Patch => (name == "optional")
                .then(|| "the patch would set null where this is absent".to_owned()),
            Role::Variable(_) => None,
        };
        if let Some(message) = wrong {
            let help =
                (name == "optional").then(|| "say what it is without: `.orValue('')`".to_owned());
            let level = if *role == Role::Message { Level::Warning } else { Level::Error };
            self.say("type", level, &syntax.span, message, help);
        }
    }

    fn say(
        &mut self,
        code: &'static str,
        level: Level,
        span: &Range<usize>,
        message: String,
        help: Option<String>,
    ) {
        if self.quiet == 0 {
            self.remarks.push(Remark { code, level, span: span.clone(), message, help });
        }
    }

    fn infer(&mut self, syntax: &Syntax) -> Type {
        match &syntax.kind {
            SyntaxKind::Name(name) => {
                let known = self.scope.iter().rev().find(|known| known.0 == *name);
                known.map_or(Type::Any, |known| known.1.clone())
            }
            SyntaxKind::Literal(value) => literal(value),
            SyntaxKind::Field { of, field, optional } => self.field(syntax, of, field, *optional),
            SyntaxKind::Has { of, field } => {
                let of = self.infer(of);
                self.known_field(syntax, &of.present(), field);
                Type::Bool
            }
            SyntaxKind::List(elements) => {
                let types: Vec<Type> =
                    elements.iter().map(|one| self.infer(one).present()).collect();
                Type::List(Box::new(common(&types)))
            }
            SyntaxKind::Map(entries) => {
                for (key, value) in entries {
                    self.infer(key);
                    self.infer(value);
                }
                Type::Map(Box::new(Type::Any))
            }
            SyntaxKind::Bind { name, value, body } => {
                let value = self.infer(value);
                self.within(name, value, |inference| inference.infer(body))
            }
            SyntaxKind::Loop { name, range, variable, parts } => {
                self.each(name, range, variable, parts)
            }
            SyntaxKind::Call { target, function, args } => {
                self.call(syntax, target.as_deref(), function, args)
            }
        }
    }

    /// Infers while a name stands for a type.
    fn within<T>(&mut self, name: &str, stands_for: Type, work: impl FnOnce(&mut Self) -> T) -> T {
        self.scope.push((name.to_owned(), stands_for));
        let done = work(self);
        self.scope.pop();
        done
    }

    fn field(&mut self, syntax: &Syntax, of: &Syntax, field: &str, optional: bool) -> Type {
        let whole = self.infer(of);
        // A field of what may be absent may be absent.
        let may_be_absent = optional || matches!(whole, Type::Optional(_));
        let found = self.known_field(syntax, &whole.present(), field);
        let kind = match found {
            Found::Always(kind) => kind,
            Found::Sometimes(kind) => {
                let asked = path(syntax).is_some_and(|path| self.asked.contains(&path));
                if !may_be_absent && !asked && !matches!(whole, Type::Map(_)) {
                    let message = format!("not every event has `{field}` here");
                    let help =
                        format!("write `.?{field}` with `.orValue(...)`, or ask `has(...)` before");
                    self.say("unguarded-field", Level::Warning, &syntax.span, message, Some(help));
                }
                kind
            }
            Found::Never(_) | Found::Unknown => Type::Any,
        };
        if may_be_absent { kind.optional() } else { kind }
    }

    /// What is known of a field; says so where it cannot be.
    fn known_field(&mut self, syntax: &Syntax, of: &Type, field: &str) -> Found {
        let found = of.field(field);
        let plain = of.plain();
        if let Found::Never(names) = &found {
            let help = nearest(field, names.iter().map(String::as_str));
            let (owner, certain) = match of {
                Type::Known(owner, _) => ((*owner).to_owned(), true),
                Type::View(views) => (calls::of_views(views), self.certain),
                _ => (owner(syntax), self.certain),
            };
            let level = if certain { Level::Error } else { Level::Warning };
            let message = format!("there is no field `{field}` in {owner}");
            self.say("unknown-field", level, &syntax.span, message, help);
        } else if matches!(
            plain,
            Type::Bool | Type::Int | Type::Double | Type::Text | Type::Time | Type::List(_)
        ) {
            let list = matches!(plain, Type::List(_));
            let help = (list && field == "items")
                .then(|| "`request` and `response` open `items` by themselves".to_owned());
            let message = format!("{} has no field `{field}`", a(plain.name()));
            self.say("type", level(of), &syntax.span, message, help);
        }
        found
    }

    fn each(&mut self, name: &str, range: &Syntax, variable: &str, parts: &[Syntax]) -> Type {
        let whole = self.infer(range);
        let plain = whole.plain();
        if !matches!(
            plain,
            Type::Any
                | Type::List(_)
                | Type::Map(_)
                | Type::Aws(_)
                | Type::View(_)
                | Type::Known(..)
        ) {
            let message =
                format!("`{name}` goes through a list or a map, and this is {}", a(plain.name()));
            let help = matches!(plain, Type::Optional(_))
                .then(|| "say what it is without: `.orValue([])`".to_owned());
            self.say("type", level(&whole), &range.span, message, help);
        }
        let element = match plain {
            Type::Map(_) => Type::Text,
            _ => whole.element(),
        };
        let types: Vec<Type> = self.within(variable, element.clone(), |inference| {
            parts.iter().map(|part| inference.infer(part)).collect()
        });
        let tests = match name {
            "map" => types.len().saturating_sub(1),
            "loop" => 0,
            _ => types.len(),
        };
        for (part, found) in parts.iter().zip(&types).take(tests) {
            self.truth(part, found, name);
        }
        match name {
            "exists" | "all" | "existsOne" => Type::Bool,
            "filter" => Type::List(Box::new(element)),
            "map" => Type::List(Box::new(types.last().cloned().unwrap_or(Type::Any))),
            _ => Type::Any,
        }
    }

    /// Says so where something that should hold or not is neither.
    fn truth(&mut self, part: &Syntax, found: &Type, wanted_by: &str) {
        let name = found.name();
        if !["bool", "dyn"].contains(&name) {
            let help = (name == "optional")
                .then(|| "say what it is without: `.orValue(false)`".to_owned());
            let message = format!("`{wanted_by}` wants a bool, and this is {}", a(name));
            self.say("type", level(found), &part.span, message, help);
        }
    }
}

/// What has the field that a part is, as it was written.
fn owner(field: &Syntax) -> String {
    let path = path(field);
    let of = path.as_deref().and_then(|path| path.rsplit_once('.'));
    of.map_or_else(|| "this".to_owned(), |(of, _)| format!("`{of}`"))
}

/// How sure it is what is said of a value of this type.
fn level(of: &Type) -> Level {
    if matches!(of, Type::Aws(_)) { Level::Warning } else { Level::Error }
}

fn literal(value: &Value) -> Type {
    match value {
        Value::Null => Type::Null,
        Value::Bool(_) => Type::Bool,
        Value::Number(number) if number.is_f64() => Type::Double,
        Value::Number(_) => Type::Int,
        Value::String(_) => Type::Text,
        Value::Array(_) => Type::List(Box::new(Type::Any)),
        Value::Object(_) => Type::Map(Box::new(Type::Any)),
    }
}

/// The type that all have; anything, where they differ.
fn common(types: &[Type]) -> Type {
    let mut types = types.iter();
    let first = types.next().cloned().unwrap_or(Type::Any);
    if types.all(|other| *other == first) { first } else { Type::Any }
}

/// Names and fields that follow each other: `request.a.b`.
pub(crate) fn path(syntax: &Syntax) -> Option<String> {
    match &syntax.kind {
        SyntaxKind::Name(name) => Some(name.clone()),
        SyntaxKind::Field { of, field, .. } | SyntaxKind::Has { of, field } => {
            Some(format!("{}.{field}", path(of)?))
        }
        _ => None,
    }
}

/// The field that a part asks for: by `has`, by `.?`, or as a key of `in`.
fn question(part: &Syntax) -> Option<String> {
    match &part.kind {
        SyntaxKind::Has { .. } | SyntaxKind::Field { optional: true, .. } => path(part),
        SyntaxKind::Call { function, args, .. } if function == "in" => match args.as_slice() {
            [Syntax { kind: SyntaxKind::Literal(Value::String(key)), .. }, map] => {
                Some(format!("{}.{key}", path(map)?))
            }
            _ => None,
        },
        _ => None,
    }
}
