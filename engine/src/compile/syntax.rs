//! An expression as its author wrote it: loops by their names, calls not expanded, each part with its place.

use super::names::namespaced;
use crate::ast::sources::Sources;
use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators,
};
use serde_json::Value;
use std::ops::Range;

/// A part of an expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Syntax {
    /// Where it stands, in bytes of the expression.
    pub span: Range<usize>,
    /// What it is.
    pub kind: SyntaxKind,
}

/// What a part of an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum SyntaxKind {
    /// A name.
    Name(String),
    /// A literal: null, a truth, a number, or text; bytes are text too.
    Literal(Value),
    /// `of.field`, or `of.?field`.
    Field {
        /// What has the field.
        of: Box<Syntax>,
        /// Its name.
        field: String,
        /// Whether it may be absent.
        optional: bool,
    },
    /// `has(of.field)`.
    Has {
        /// What may have the field.
        of: Box<Syntax>,
        /// Its name.
        field: String,
    },
    /// A call of a function or an operator, which is named as CEL does: `_&&_`, `!_`, `_[_]`, `_?_:_`, `in`.
    Call {
        /// The receiver.
        target: Option<Box<Syntax>>,
        /// The function; with its namespace, where it has one: `sets.contains`.
        function: String,
        /// The arguments.
        args: Vec<Syntax>,
    },
    /// A list.
    List(Vec<Syntax>),
    /// A map.
    Map(Vec<(Syntax, Syntax)>),
    /// A loop over `range`.
    Loop {
        /// `exists`, `all`, `existsOne`, `filter`, `map`, or another.
        name: &'static str,
        /// What is gone through.
        range: Box<Syntax>,
        /// What an element is called.
        variable: String,
        /// The expressions about an element: its test, and what is made of it.
        parts: Vec<Syntax>,
    },
    /// `cel.bind(name, value, body)`.
    Bind {
        /// The name.
        name: String,
        /// What it stands for.
        value: Box<Syntax>,
        /// Where it stands for it.
        body: Box<Syntax>,
    },
}

impl Syntax {
    /// Reads a tree in which no function is expanded.
    pub(super) fn of(ast: &IdedExpr, sources: &Sources) -> Syntax {
        Reader { sources }.read(ast)
    }

    /// Its direct parts, in the order they were written.
    pub fn parts(&self) -> Vec<&Syntax> {
        match &self.kind {
            SyntaxKind::Name(_) | SyntaxKind::Literal(_) => Vec::new(),
            SyntaxKind::Field { of, .. } | SyntaxKind::Has { of, .. } => vec![of],
            SyntaxKind::Call { target, args, .. } => {
                target.as_deref().into_iter().chain(args).collect()
            }
            SyntaxKind::List(elements) => elements.iter().collect(),
            SyntaxKind::Map(entries) => {
                entries.iter().flat_map(|(key, value)| [key, value]).collect()
            }
            SyntaxKind::Loop { range, parts, .. } => {
                std::iter::once(&**range).chain(parts).collect()
            }
            SyntaxKind::Bind { value, body, .. } => vec![value, body],
        }
    }

    /// Calls `visit` on it and on every part of it.
    pub fn walk<'s>(&'s self, visit: &mut dyn FnMut(&'s Syntax)) {
        visit(self);
        for part in self.parts() {
            part.walk(visit);
        }
    }
}

struct Reader<'s> {
    sources: &'s Sources,
}

impl Reader<'_> {
    fn read(&self, expr: &IdedExpr) -> Syntax {
        let kind = match &expr.expr {
            Expr::Ident(name) => SyntaxKind::Name(name.trim_start_matches('.').to_owned()),
            Expr::Literal(literal) => SyntaxKind::Literal(literal_value(literal)),
            Expr::Select(select) => {
                let (of, field) = (Box::new(self.read(&select.operand)), select.field.clone());
                if select.test {
                    SyntaxKind::Has { of, field }
                } else {
                    SyntaxKind::Field { of, field, optional: false }
                }
            }
            Expr::Call(call) => self.call(call),
            Expr::List(list) => SyntaxKind::List(self.all(&list.elements)),
            Expr::Map(map) => SyntaxKind::Map(
                map.entries
                    .iter()
                    .filter_map(|entry| match &entry.expr {
                        EntryExpr::MapEntry(entry) => {
                            Some((self.read(&entry.key), self.read(&entry.value)))
                        }
                        EntryExpr::StructField(_) => None,
                    })
                    .collect(),
            ),
            Expr::Comprehension(c) => self.comprehension(c),
            Expr::Struct(_) | Expr::Unspecified => SyntaxKind::Literal(Value::Null),
        };
        Syntax { span: self.sources.span(expr).1, kind }
    }

    fn all(&self, expressions: &[IdedExpr]) -> Vec<Syntax> {
        expressions.iter().map(|expr| self.read(expr)).collect()
    }

    fn call(&self, call: &CallExpr) -> SyntaxKind {
        if let (operators::OPT_SELECT, [of, field]) =
            (call.func_name.as_str(), call.args.as_slice())
            && let Expr::Literal(field) = &field.expr
            && let Value::String(field) = literal_value(field)
        {
            return SyntaxKind::Field { of: Box::new(self.read(of)), field, optional: true };
        }
        let args = self.all(&call.args);
        if let Some(function) = namespaced(call) {
            return SyntaxKind::Call { target: None, function, args };
        }
        let target = call.target.as_ref().map(|target| Box::new(self.read(target)));
        let function = call.func_name.trim_start_matches('@').to_owned();
        SyntaxKind::Call { target, function, args }
    }

    fn comprehension(&self, c: &ComprehensionExpr) -> SyntaxKind {
        let nothing = matches!(&c.iter_range.expr, Expr::List(list) if list.elements.is_empty());
        if nothing {
            return SyntaxKind::Bind {
                name: c.accu_var.clone(),
                value: Box::new(self.read(&c.accu_init)),
                body: Box::new(self.read(&c.result)),
            };
        }
        let (name, parts) = loop_of(c);
        SyntaxKind::Loop {
            name,
            range: Box::new(self.read(&c.iter_range)),
            variable: c.iter_var.clone(),
            parts: parts.into_iter().map(|part| self.read(part)).collect(),
        }
    }
}

/// Which loop it is, and what its author wrote of it.
fn loop_of(c: &ComprehensionExpr) -> (&'static str, Vec<&IdedExpr>) {
    let unknown = ("loop", vec![&c.loop_step, &c.result]);
    let Expr::Call(step) = &c.loop_step.expr else { return unknown };
    match (&c.accu_init.expr, step.func_name.as_str(), step.args.as_slice()) {
        (Expr::Literal(LiteralValue::Boolean(_)), operators::LOGICAL_OR, [_, test]) => {
            ("exists", vec![test])
        }
        (Expr::Literal(LiteralValue::Boolean(_)), operators::LOGICAL_AND, [_, test]) => {
            ("all", vec![test])
        }
        (Expr::Literal(LiteralValue::Int(_)), operators::CONDITIONAL, [test, ..]) => {
            ("existsOne", vec![test])
        }
        (Expr::List(_), operators::CONDITIONAL, [test, kept, _]) => match collected(kept) {
            Some(Expr::Ident(name)) if *name == c.iter_var => ("filter", vec![test]),
            _ => match collected_node(kept) {
                Some(made) => ("map", vec![test, made]),
                None => unknown,
            },
        },
        (Expr::List(_), operators::ADD, [_, made]) => match &made.expr {
            Expr::List(list) => ("map", list.elements.iter().collect()),
            _ => unknown,
        },
        _ => unknown,
    }
}

fn collected(kept: &IdedExpr) -> Option<&Expr> {
    collected_node(kept).map(|node| &node.expr)
}

/// `x` of `@result + [x]`.
fn collected_node(kept: &IdedExpr) -> Option<&IdedExpr> {
    let Expr::Call(add) = &kept.expr else { return None };
    let Expr::List(list) = &add.args.get(1)?.expr else { return None };
    list.elements.first()
}

fn literal_value(literal: &LiteralValue) -> Value {
    match literal {
        LiteralValue::Boolean(truth) => (*truth.inner()).into(),
        LiteralValue::Int(int) => (*int.inner()).into(),
        LiteralValue::UInt(int) => (*int.inner()).into(),
        LiteralValue::Double(double) => (*double.inner()).into(),
        LiteralValue::String(text) => text.inner().into(),
        LiteralValue::Bytes(bytes) => String::from_utf8_lossy(bytes.inner()).into(),
        LiteralValue::Null => Value::Null,
    }
}
