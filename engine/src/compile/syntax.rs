//! The syntax of an expression as its author wrote it: macros such as `exists` and calls of
//! functions are not expanded, and each part has its position.

use super::name_resolution::qualified_name;
use crate::ast::sources::SourceTexts;
use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators,
};
use serde_json::Value;
use std::ops::Range;

/// A part of an expression.
#[derive(Clone, Debug, PartialEq)]
pub struct SyntaxNode {
    /// The byte range of the part in the expression.
    pub span: Range<usize>,
    /// The kind of the part.
    pub kind: SyntaxKind,
}

/// The kind of a part of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum SyntaxKind {
    /// A name.
    Name(String),
    /// A literal: null, a boolean, a number or a string. Bytes are represented as a string.
    Literal(Value),
    /// `of.field`, or `of.?field`.
    Field {
        /// The expression that has the field.
        of: Box<SyntaxNode>,
        /// The name of the field.
        field: String,
        /// `true` for `of.?field`, whose field may be missing.
        optional: bool,
    },
    /// `has(of.field)`.
    Has {
        /// The expression that may have the field.
        of: Box<SyntaxNode>,
        /// The name of the field.
        field: String,
    },
    /// A call of a function or an operator. Operators have the names that CEL uses: `_&&_`, `!_`,
    /// `_[_]`, `_?_:_`, `in`.
    Call {
        /// The receiver, for a call such as `x.size()`.
        target: Option<Box<SyntaxNode>>,
        /// The name of the function, with its namespace if it has one: `sets.contains`.
        function: String,
        /// The arguments.
        args: Vec<SyntaxNode>,
    },
    /// A list.
    List(Vec<SyntaxNode>),
    /// A map.
    Map(Vec<(SyntaxNode, SyntaxNode)>),
    /// A loop over `range`.
    Loop {
        /// The name of the loop: `exists`, `all`, `existsOne`, `filter`, `map`, or `loop` for any
        /// other loop.
        name: &'static str,
        /// The list or map over which the loop iterates.
        range: Box<SyntaxNode>,
        /// The name of the loop variable.
        variable: String,
        /// The expressions that are evaluated for an element: its test, and the value made from it.
        parts: Vec<SyntaxNode>,
    },
    /// `cel.bind(name, value, body)`.
    Bind {
        /// The bound name.
        name: String,
        /// The bound value.
        value: Box<SyntaxNode>,
        /// The expression that can use the name.
        body: Box<SyntaxNode>,
    },
}

impl SyntaxNode {
    /// Converts a tree in which no function is expanded.
    pub(super) fn from_ast(ast: &IdedExpr, sources: &SourceTexts) -> SyntaxNode {
        SyntaxReader { sources }.read_node(ast)
    }

    /// Returns the direct parts of the node, in source order.
    pub fn direct_parts(&self) -> Vec<&SyntaxNode> {
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

    /// Calls `visit` on the node and on every part of it.
    pub fn walk_tree<'s>(&'s self, visit: &mut dyn FnMut(&'s SyntaxNode)) {
        visit(self);
        for part in self.direct_parts() {
            part.walk_tree(visit);
        }
    }
}

struct SyntaxReader<'s> {
    sources: &'s SourceTexts,
}

impl SyntaxReader<'_> {
    fn read_node(&self, expr: &IdedExpr) -> SyntaxNode {
        let kind = match &expr.expr {
            Expr::Ident(name) => SyntaxKind::Name(name.trim_start_matches('.').to_owned()),
            Expr::Literal(literal) => SyntaxKind::Literal(literal_value(literal)),
            Expr::Select(select) => {
                let (of, field) = (Box::new(self.read_node(&select.operand)), select.field.clone());
                if select.test {
                    SyntaxKind::Has { of, field }
                } else {
                    SyntaxKind::Field { of, field, optional: false }
                }
            }
            Expr::Call(call) => self.read_call(call),
            Expr::List(list) => SyntaxKind::List(self.read_nodes(&list.elements)),
            Expr::Map(map) => SyntaxKind::Map(
                map.entries
                    .iter()
                    .filter_map(|entry| match &entry.expr {
                        EntryExpr::MapEntry(entry) => {
                            Some((self.read_node(&entry.key), self.read_node(&entry.value)))
                        }
                        EntryExpr::StructField(_) => None,
                    })
                    .collect(),
            ),
            Expr::Comprehension(c) => self.read_comprehension(c),
            Expr::Struct(_) | Expr::Unspecified => SyntaxKind::Literal(Value::Null),
        };
        SyntaxNode { span: self.sources.node_span(expr).1, kind }
    }

    fn read_nodes(&self, expressions: &[IdedExpr]) -> Vec<SyntaxNode> {
        expressions.iter().map(|expr| self.read_node(expr)).collect()
    }

    fn read_call(&self, call: &CallExpr) -> SyntaxKind {
        if let (operators::OPT_SELECT, [of, field]) =
            (call.func_name.as_str(), call.args.as_slice())
            && let Expr::Literal(field) = &field.expr
            && let Value::String(field) = literal_value(field)
        {
            return SyntaxKind::Field { of: Box::new(self.read_node(of)), field, optional: true };
        }
        let args = self.read_nodes(&call.args);
        if let Some(function) = qualified_name(call) {
            return SyntaxKind::Call { target: None, function, args };
        }
        let target = call.target.as_ref().map(|target| Box::new(self.read_node(target)));
        let function = call.func_name.trim_start_matches('@').to_owned();
        SyntaxKind::Call { target, function, args }
    }

    fn read_comprehension(&self, c: &ComprehensionExpr) -> SyntaxKind {
        let nothing = matches!(&c.iter_range.expr, Expr::List(list) if list.elements.is_empty());
        if nothing {
            return SyntaxKind::Bind {
                name: c.accu_var.clone(),
                value: Box::new(self.read_node(&c.accu_init)),
                body: Box::new(self.read_node(&c.result)),
            };
        }
        let (name, parts) = classify_loop(c);
        SyntaxKind::Loop {
            name,
            range: Box::new(self.read_node(&c.iter_range)),
            variable: c.iter_var.clone(),
            parts: parts.into_iter().map(|part| self.read_node(part)).collect(),
        }
    }
}

/// Returns the name of a loop, and the parts of it that its author wrote.
fn classify_loop(c: &ComprehensionExpr) -> (&'static str, Vec<&IdedExpr>) {
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
        (Expr::List(_), operators::CONDITIONAL, [test, kept, _]) => match appended_expression(kept)
        {
            Some(Expr::Ident(name)) if *name == c.iter_var => ("filter", vec![test]),
            _ => match appended_node(kept) {
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

fn appended_expression(kept: &IdedExpr) -> Option<&Expr> {
    appended_node(kept).map(|node| &node.expr)
}

/// Returns `x` of `@result + [x]`.
fn appended_node(kept: &IdedExpr) -> Option<&IdedExpr> {
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
