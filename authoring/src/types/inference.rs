//! Infers the type of each expression of a policy, and reports type errors, unknown fields and
//! unknown values.

mod calls;
mod operators;

use super::{ExpressionType, FieldLookup, build_scope, is_certain, with_article};
use crate::services::models::CallSide;
use evenkeel_engine::{FunctionSet, SyntaxKind, SyntaxNode, suggest_name};
use evenkeel_rules::DiagnosticLevel;
use evenkeel_rules::policy::{ExpressionRole, Policy};
use serde_json::Value;
use std::collections::BTreeSet;
use std::ops::Range;

/// A diagnostic of one expression, with a position within that expression.
#[derive(Clone, Debug)]
pub(crate) struct TypeIssue {
    pub(crate) code: &'static str,
    pub(crate) level: DiagnosticLevel,
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// The type inference for one policy's expressions.
pub(crate) struct TypeInference<'f> {
    functions: &'f FunctionSet,
    scope: Vec<(String, ExpressionType)>,
    /// The paths of fields whose presence an expression of the policy checks.
    guarded_fields: BTreeSet<String>,
    /// True if AWS's models are reliable for the policy's events.
    certain: bool,
    issues: Vec<TypeIssue>,
    /// The parameters that the expressions read, and their types.
    read_parameters: Vec<(String, ExpressionType)>,
    /// The number of enclosing function bodies. If it is not 0, issues are not reported, because
    /// the body of a function does not belong to the policy.
    quiet_depth: usize,
}

impl<'f> TypeInference<'f> {
    /// Creates the inference for a policy with these expressions.
    pub(crate) fn new(
        policy: &Policy,
        functions: &'f FunctionSet,
        expressions: &[&SyntaxNode],
    ) -> Self {
        let mut guarded_fields = BTreeSet::new();
        for expression in expressions {
            expression.walk_tree(&mut |part| guarded_fields.extend(guarded_path(part)));
        }
        TypeInference {
            functions,
            scope: build_scope(policy),
            guarded_fields,
            certain: is_certain(&policy.matches),
            issues: Vec::new(),
            read_parameters: Vec::new(),
            quiet_depth: 0,
        }
    }

    /// Infers the type of an expression and returns its issues. If the expression is a variable,
    /// the following expressions can use its name.
    pub(crate) fn infer_expression(
        &mut self,
        role: &ExpressionRole,
        syntax: &SyntaxNode,
    ) -> Vec<TypeIssue> {
        let found = self.infer_type(syntax);
        self.check_expression_type(role, syntax, &found);
        if let ExpressionRole::Variable(name) = role {
            self.scope.push((name.clone(), found));
        }
        std::mem::take(&mut self.issues)
    }

    /// Returns the parameters that the expressions have read so far, by name, with their types.
    pub(crate) fn into_read_parameters(self) -> Vec<(String, ExpressionType)> {
        self.read_parameters
    }

    /// Sets the type of a name that the following expressions can use.
    pub(crate) fn set_name_type(&mut self, name: &str, kind: ExpressionType) {
        self.scope.push((name.to_owned(), kind));
    }

    /// Infers the type of the elements of a list expression.
    pub(crate) fn infer_element_type(&mut self, list: &SyntaxNode) -> ExpressionType {
        self.infer_type(list).element_type()
    }

    /// Checks that the type of an expression is valid for its role.
    fn check_expression_type(
        &mut self,
        role: &ExpressionRole,
        syntax: &SyntaxNode,
        found: &ExpressionType,
    ) {
        let name = found.type_name();
        let wrong = match role {
            ExpressionRole::Body => (!["bool", "list", "dyn"].contains(&name)).then(|| {
                let found = with_article(name);
                format!("the body is {found}; it must be a bool or a list of violations")
            }),
            ExpressionRole::ResourceId | ExpressionRole::ResourceArn => {
                ["bool", "list", "map", "null", "optional"].contains(&name).then(|| {
                    let found = with_article(name);
                    format!("this expression must identify the resource, but it is {found}")
                })
            }
            ExpressionRole::Message => (name == "optional")
                .then(|| "the message shows `null` if this value is absent".to_owned()),
            ExpressionRole::Patch => (name == "optional")
                .then(|| "the patch sets `null` if this value is absent".to_owned()),
            ExpressionRole::ResourceList => (!["list", "dyn"].contains(&name)).then(|| {
                let found = with_article(name);
                format!(
                    "`resource.each` is {found}; it must be a list with an element per resource"
                )
            }),
            ExpressionRole::Variable(_) => None,
        };
        if let Some(message) = wrong {
            let help =
                (name == "optional").then(|| "add a default value: `.orValue('')`".to_owned());
            let level = if *role == ExpressionRole::Message {
                DiagnosticLevel::Warning
            } else {
                DiagnosticLevel::Error
            };
            self.report_issue("type", level, &syntax.span, message, help);
        }
    }

    fn report_issue(
        &mut self,
        code: &'static str,
        level: DiagnosticLevel,
        span: &Range<usize>,
        message: String,
        help: Option<String>,
    ) {
        if self.quiet_depth == 0 {
            self.issues.push(TypeIssue { code, level, span: span.clone(), message, help });
        }
    }

    fn infer_type(&mut self, syntax: &SyntaxNode) -> ExpressionType {
        match &syntax.kind {
            SyntaxKind::Name(name) => {
                let known = self.scope.iter().rev().find(|known| known.0 == *name);
                known.map_or(ExpressionType::Any, |known| known.1.clone())
            }
            SyntaxKind::Literal(value) => literal_type(value),
            SyntaxKind::Field { of, field, optional } => {
                self.infer_field(syntax, of, field, *optional)
            }
            SyntaxKind::Has { of, field } => {
                let of = self.infer_type(of);
                self.check_field(syntax, &of.present_type(), field);
                ExpressionType::Bool
            }
            SyntaxKind::List(elements) => {
                let types: Vec<ExpressionType> =
                    elements.iter().map(|one| self.infer_type(one).present_type()).collect();
                ExpressionType::List(Box::new(common_type(&types)))
            }
            SyntaxKind::Map(entries) => {
                for (key, value) in entries {
                    self.infer_type(key);
                    self.infer_type(value);
                }
                ExpressionType::Map(Box::new(ExpressionType::Any))
            }
            SyntaxKind::Bind { name, value, body } => {
                let value = self.infer_type(value);
                self.infer_with_binding(name, value, |inference| inference.infer_type(body))
            }
            SyntaxKind::Loop { name, range, variable, parts } => {
                self.infer_loop(name, range, variable, parts)
            }
            SyntaxKind::Call { target, function, args } => {
                self.infer_call(syntax, target.as_deref(), function, args)
            }
        }
    }

    /// Calls `work` while a name has a type.
    fn infer_with_binding<T>(
        &mut self,
        name: &str,
        bound_type: ExpressionType,
        work: impl FnOnce(&mut Self) -> T,
    ) -> T {
        self.scope.push((name.to_owned(), bound_type));
        let done = work(self);
        self.scope.pop();
        done
    }

    fn infer_field(
        &mut self,
        syntax: &SyntaxNode,
        of: &SyntaxNode,
        field: &str,
        optional: bool,
    ) -> ExpressionType {
        let whole = self.infer_type(of);
        // A field of an optional value is optional too.
        let may_be_absent = optional || matches!(whole, ExpressionType::Optional(_));
        let found = self.check_field(syntax, &whole.present_type(), field);
        let kind = match found {
            FieldLookup::Always(kind) => kind,
            FieldLookup::Sometimes(kind) => {
                let guarded =
                    dotted_path(syntax).is_some_and(|path| self.guarded_fields.contains(&path));
                if !may_be_absent && !guarded && !matches!(whole, ExpressionType::Map(_)) {
                    let message = format!("the field `{field}` can be absent in some events");
                    let help =
                        format!("write `.?{field}` and `.orValue(...)`, or check `has(...)` first");
                    self.report_issue(
                        "unguarded-field",
                        DiagnosticLevel::Warning,
                        &syntax.span,
                        message,
                        Some(help),
                    );
                }
                kind
            }
            FieldLookup::Never(_) | FieldLookup::Unknown => ExpressionType::Any,
        };
        if may_be_absent { kind.into_optional() } else { kind }
    }

    /// Searches for a field, and reports an issue if the value cannot have it.
    fn check_field(
        &mut self,
        syntax: &SyntaxNode,
        of: &ExpressionType,
        field: &str,
    ) -> FieldLookup {
        let found = of.find_field(field);
        if let FieldLookup::Always(kind) | FieldLookup::Sometimes(kind) = &found
            && is_of_request(of)
        {
            self.read_parameters.push((field.to_owned(), kind.clone()));
        }
        let plain = of.plain_type();
        if let FieldLookup::Never(names) = &found {
            let help = suggest_name(field, names.iter().map(String::as_str));
            let (owner, certain) = match of {
                ExpressionType::NamedFields(owner, _) => ((*owner).to_owned(), true),
                ExpressionType::View(views) => (calls::describe_views(views), self.certain),
                _ => (describe_owner(syntax), self.certain),
            };
            let level = if certain { DiagnosticLevel::Error } else { DiagnosticLevel::Warning };
            let message = format!("there is no field `{field}` in {owner}");
            self.report_issue("unknown-field", level, &syntax.span, message, help);
        } else if matches!(
            plain,
            ExpressionType::Bool
                | ExpressionType::Int
                | ExpressionType::Double
                | ExpressionType::Text
                | ExpressionType::Time
                | ExpressionType::List(_)
        ) {
            let list = matches!(plain, ExpressionType::List(_));
            let help = (list && field == "items")
                .then(|| "`request` and `response` already unwrap `items`; remove it".to_owned());
            let message = format!("{} has no field `{field}`", with_article(plain.type_name()));
            self.report_issue("type", issue_level(of), &syntax.span, message, help);
        }
        found
    }

    fn infer_loop(
        &mut self,
        name: &str,
        range: &SyntaxNode,
        variable: &str,
        parts: &[SyntaxNode],
    ) -> ExpressionType {
        let whole = self.infer_type(range);
        let plain = whole.plain_type();
        if !matches!(
            plain,
            ExpressionType::Any
                | ExpressionType::List(_)
                | ExpressionType::Map(_)
                | ExpressionType::Aws(_)
                | ExpressionType::View(_)
                | ExpressionType::NamedFields(..)
        ) {
            let message = format!(
                "`{name}` needs a list or a map, but this is {}",
                with_article(plain.type_name())
            );
            let help = matches!(plain, ExpressionType::Optional(_))
                .then(|| "add a default value: `.orValue([])`".to_owned());
            self.report_issue("type", issue_level(&whole), &range.span, message, help);
        }
        let element = match plain {
            ExpressionType::Map(_) => ExpressionType::Text,
            _ => whole.element_type(),
        };
        let types: Vec<ExpressionType> =
            self.infer_with_binding(variable, element.clone(), |inference| {
                parts.iter().map(|part| inference.infer_type(part)).collect()
            });
        let tests = match name {
            "map" => types.len().saturating_sub(1),
            "loop" => 0,
            _ => types.len(),
        };
        for (part, found) in parts.iter().zip(&types).take(tests) {
            self.check_bool(part, found, name);
        }
        match name {
            "exists" | "all" | "existsOne" => ExpressionType::Bool,
            "filter" => ExpressionType::List(Box::new(element)),
            "map" => {
                ExpressionType::List(Box::new(types.last().cloned().unwrap_or(ExpressionType::Any)))
            }
            _ => ExpressionType::Any,
        }
    }

    /// Reports an issue if an operand of `operator` is not a bool.
    fn check_bool(&mut self, part: &SyntaxNode, found: &ExpressionType, operator: &str) {
        let name = found.type_name();
        if !["bool", "dyn"].contains(&name) {
            let help =
                (name == "optional").then(|| "add a default value: `.orValue(false)`".to_owned());
            let message = format!("`{operator}` needs a bool, but this is {}", with_article(name));
            self.report_issue("type", issue_level(found), &part.span, message, help);
        }
    }
}

/// Returns whether a value is the request, or a part of a modeled structure.
fn is_of_request(value: &ExpressionType) -> bool {
    match value {
        ExpressionType::View(views) => views.iter().all(|view| view.side == CallSide::Request),
        other => matches!(other, ExpressionType::Aws(_)),
    }
}

/// Returns the path of the value that should have a field, for messages.
fn describe_owner(field: &SyntaxNode) -> String {
    let path = dotted_path(field);
    let of = path.as_deref().and_then(|path| path.rsplit_once('.'));
    of.map_or_else(|| "this value".to_owned(), |(of, _)| format!("`{of}`"))
}

/// Returns the level of an issue about a value of this type. For types from AWS's models, the level
/// is a warning, because some services record other types than the models state.
fn issue_level(of: &ExpressionType) -> DiagnosticLevel {
    if matches!(of, ExpressionType::Aws(_)) {
        DiagnosticLevel::Warning
    } else {
        DiagnosticLevel::Error
    }
}

fn literal_type(value: &Value) -> ExpressionType {
    match value {
        Value::Null => ExpressionType::Null,
        Value::Bool(_) => ExpressionType::Bool,
        Value::Number(number) if number.is_f64() => ExpressionType::Double,
        Value::Number(_) => ExpressionType::Int,
        Value::String(_) => ExpressionType::Text,
        Value::Array(_) => ExpressionType::List(Box::new(ExpressionType::Any)),
        Value::Object(_) => ExpressionType::Map(Box::new(ExpressionType::Any)),
    }
}

/// Returns the type that all elements of `types` have. The result is unknown if the types differ.
fn common_type(types: &[ExpressionType]) -> ExpressionType {
    let mut types = types.iter();
    let first = types.next().cloned().unwrap_or(ExpressionType::Any);
    if types.all(|other| *other == first) { first } else { ExpressionType::Any }
}

/// Returns the path of an expression that consists only of a name and fields, such as
/// `request.a.b`.
pub(crate) fn dotted_path(syntax: &SyntaxNode) -> Option<String> {
    match &syntax.kind {
        SyntaxKind::Name(name) => Some(name.clone()),
        SyntaxKind::Field { of, field, .. } | SyntaxKind::Has { of, field } => {
            Some(format!("{}.{field}", dotted_path(of)?))
        }
        _ => None,
    }
}

/// Returns the path of the field whose presence a part checks: with `has`, with `.?`, or with `in`.
fn guarded_path(part: &SyntaxNode) -> Option<String> {
    match &part.kind {
        SyntaxKind::Has { .. } | SyntaxKind::Field { optional: true, .. } => dotted_path(part),
        SyntaxKind::Call { function, args, .. } if function == "in" => match args.as_slice() {
            [SyntaxNode { kind: SyntaxKind::Literal(Value::String(key)), .. }, map] => {
                Some(format!("{}.{key}", dotted_path(map)?))
            }
            _ => None,
        },
        _ => None,
    }
}
