//! From a policy's file to a policy that can judge: header read, expressions compiled.

use super::file::PolicyFile;
use super::header::{self, Header, Match, Parameter, RemediationHeader, Severity};
use super::message::Template;
use super::patch::{Patch, broken, hole, whole};
use crate::diagnostic::Diagnostic;
use crate::event::Scope;
use evenkeel_engine::ast::Sources;
use evenkeel_engine::{AstPass, Compiler, Expression, Failure, Functions, Prepared};
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::ops::Range;

/// The names that every expression of a policy may use.
const SCOPE: &[&str] = &["account", "event", "now", "params", "request", "resource", "response"];

/// A policy, ready to judge events and resources.
#[derive(Debug)]
pub struct Policy {
    /// The file's name without its ending.
    pub id: String,
    /// The file it was read from.
    pub file: String,
    /// What is wrong when it finds something.
    pub title: String,
    /// Why that matters.
    pub description: String,
    /// How much it matters.
    pub severity: Severity,
    /// What it looks at.
    pub matches: Match,
    /// The CloudFormation type of the resource it is about.
    pub resource_type: String,
    /// What can be set.
    pub parameters: BTreeMap<String, Parameter>,
    /// What is set: values that hold instead of the parameters' defaults.
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// A framework's name and its controls that this policy shows to be broken.
    pub controls: BTreeMap<String, Vec<String>>,
    /// Pages to read.
    pub references: Vec<String>,
    /// What repairs it.
    pub remediation: Option<RemediationHeader>,
    pub(crate) params: Prepared,
    pub(crate) resource_id: Expression,
    pub(crate) resource_arn: Option<Expression>,
    /// Whether it finds something.
    pub body: Expression,
    message: Template,
    message_text: String,
    patch: Option<Patch>,
    with: Option<Patch>,
    /// What its expressions were compiled from.
    pub sources: Sources,
    places: Vec<Place>,
    text: String,
}

/// Where a source of a policy stands in its file.
#[derive(Clone, Debug)]
struct Place {
    role: Role,
    at: usize,
    text: String,
}

/// What an expression of a policy is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// The variable of this name.
    Variable(String),
    /// The resource's id.
    ResourceId,
    /// The resource's ARN.
    ResourceArn,
    /// Whether the policy finds something.
    Body,
    /// A hole of the message.
    Message,
    /// A value of the patch, or of what the remediator is told.
    Patch,
}

/// A policy has no such parameter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{policy}` has no parameter `{parameter}`")]
pub struct UnknownParameterError {
    /// The policy's id.
    pub policy: String,
    /// The name that is none of its parameters.
    pub parameter: String,
}

/// An expression of a policy could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {}", failure.explain())]
pub struct ExpressionError {
    /// The policy's file.
    pub file: String,
    /// Where in it, counted from 1.
    pub line: usize,
    /// Where in that line, counted in characters from 1.
    pub column: usize,
    /// Why.
    pub failure: Box<Failure>,
}

/// Values that a policy's header gives a remediator, filled in for one event; or why they cannot be.
pub type FilledValues = Result<serde_json::Map<String, serde_json::Value>, ExpressionError>;

/// An expression of a policy as it was written.
#[derive(Clone, Debug)]
pub struct Written<'p> {
    /// What it is for.
    pub role: &'p Role,
    /// Its text.
    pub text: &'p str,
    policy: &'p Policy,
    source: usize,
}

impl Written<'_> {
    /// The bytes of the policy's file that bytes of the text came from.
    pub fn span(&self, span: &Range<usize>) -> Range<usize> {
        self.policy.span_of(self.source, span)
    }
}

impl Policy {
    /// Reads and compiles a policy. Its work belongs on a
    /// [large stack](evenkeel_engine::on_large_stack).
    ///
    /// # Errors
    /// Whatever is wrong with the file.
    pub fn load(file: &PolicyFile, functions: &Functions) -> Result<Policy, Diagnostic> {
        Self::load_with(file, functions, &[])
    }

    /// The same; these passes see each of its expressions.
    ///
    /// # Errors
    /// Whatever is wrong with the file.
    pub fn load_with(
        file: &PolicyFile,
        functions: &Functions,
        passes: &[&dyn AstPass],
    ) -> Result<Policy, Diagnostic> {
        let id = id_of(&file.name)?;
        let (header, body_at) = header::read(&file.name, &file.text)?;
        check_match(&file.name, &header)?;
        let mut loader =
            Loader { file, compiler: Compiler::with_passes(functions, passes), places: Vec::new() };
        let scope = loader.scope(&header)?;
        let resource_id = loader.expression(Role::ResourceId, &header.resource.id, SCOPE)?;
        let resource_arn = header.resource.arn.as_ref();
        let resource_arn = resource_arn
            .map(|arn| loader.expression(Role::ResourceArn, arn, &scope))
            .transpose()?;
        let body_text = file.text.get(body_at..).unwrap_or_default();
        let body =
            loader.compile(Role::Body, body_at, body_text, |c| c.expression(body_text, &scope))?;
        let mut with_evidence = scope.clone();
        with_evidence.push("violations");
        let message = loader.message(&header.message, &with_evidence)?;
        let patch = loader.patch(&header, &with_evidence)?;
        let with = loader.with(&header, &with_evidence)?;
        let parameters = parameters(&file.name, &header)?;
        let defaults = parameters.iter().map(|(name, p)| (name.clone(), p.default.clone()));
        let sources = loader.compiler.into_sources();
        Ok(Policy {
            id,
            file: file.name.clone(),
            title: header.title,
            description: header.description,
            severity: header.severity,
            matches: header.matches.value.plain(),
            resource_type: header.resource.kind,
            params: Prepared::new(&serde_json::Value::Object(defaults.collect())),
            parameters,
            settings: serde_json::Map::new(),
            controls: header.controls,
            references: header.references,
            remediation: header.remediation,
            resource_id,
            resource_arn,
            body,
            message,
            message_text: header.message.value,
            patch,
            with,
            places: loader.places,
            text: file.text.clone(),
            sources,
        })
    }

    /// The message as it was written, with its holes.
    pub fn message_text(&self) -> &str {
        &self.message_text
    }

    /// The file's whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The parameters with some of them set anew.
    ///
    /// # Errors
    /// When a name is no parameter of the policy.
    pub fn parameters_with(
        &self,
        set: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<Prepared, UnknownParameterError> {
        let mut values: serde_json::Map<_, _> =
            self.parameters.iter().map(|(n, p)| (n.clone(), p.default.clone())).collect();
        for (name, value) in set {
            if !values.contains_key(name) {
                let (policy, parameter) = (self.id.clone(), name.clone());
                return Err(UnknownParameterError { policy, parameter });
            }
            values.insert(name.clone(), value.clone());
        }
        Ok(Prepared::new(&serde_json::Value::Object(values)))
    }

    /// The message about an event that the policy has judged.
    pub(crate) fn message(&self, scope: &Scope<'_>) -> String {
        self.message.fill(scope, &self.sources)
    }

    /// What the resource's properties must be, after the policy has judged an event; none where it says nothing.
    ///
    /// # Errors
    /// Where a value cannot be told, and why.
    pub(crate) fn patch(&self, scope: &Scope<'_>) -> Option<FilledValues> {
        self.patch.as_ref().map(|patch| self.filled(patch, scope))
    }

    /// What the remediator is told, after the policy has judged an event; none where it is told nothing.
    ///
    /// # Errors
    /// Where a value cannot be told, and why.
    pub(crate) fn with(&self, scope: &Scope<'_>) -> Option<FilledValues> {
        self.with.as_ref().map(|with| self.filled(with, scope))
    }

    fn filled(&self, patch: &Patch, scope: &Scope<'_>) -> FilledValues {
        patch.fill(scope, &self.sources).map_err(|failure| self.locate(failure))
    }

    /// Where and why an evaluation failed.
    pub(crate) fn locate(&self, failure: Failure) -> ExpressionError {
        let (line, column) = self.place_of(&failure);
        ExpressionError { file: self.file.clone(), line, column, failure: Box::new(failure) }
    }

    /// The expressions as they were written, variables first.
    pub fn expressions(&self) -> impl Iterator<Item = Written<'_>> {
        self.places.iter().enumerate().map(|(source, place)| Written {
            role: &place.role,
            text: &place.text,
            policy: self,
            source,
        })
    }

    /// The bytes of the policy's file that bytes of one of its sources came from.
    pub fn span_of(&self, source: usize, span: &Range<usize>) -> Range<usize> {
        let at = self.places.get(source).map_or(0, |place| place.locate(&self.text, span.start));
        let end = at.saturating_add(span.len()).min(self.text.len());
        self.text.floor_char_boundary(at)..self.text.ceil_char_boundary(end)
    }

    /// Where in the policy's file an evaluation failed: line and column, both counted from 1.
    pub fn place_of(&self, failure: &Failure) -> (usize, usize) {
        let place = self.places.get(failure.source_number);
        let at = place.map_or(0, |place| place.locate(&self.text, failure.span.start));
        crate::text::line_and_column(&self.text, at)
    }
}

impl Place {
    /// The byte of the file that the byte `at` of this source came from. A source that the YAML
    /// reader unfolded is found again by the text of its line.
    fn locate(&self, file: &str, at: usize) -> usize {
        let rest = file.get(self.at..).unwrap_or_default();
        if rest.starts_with(&self.text) {
            return self.at.saturating_add(at);
        }
        let at = self.text.floor_char_boundary(at.min(self.text.len()));
        let (before, after) = self.text.split_at(at);
        let start = before.rfind('\n').map_or(0, |newline| newline.saturating_add(1));
        let line = self.text.get(start..).and_then(|text| text.lines().next()).unwrap_or(after);
        let found = rest.find(line.trim_end()).unwrap_or_default();
        self.at.saturating_add(found).saturating_add(at.saturating_sub(start))
    }
}

/// The policy's id, which is the name of its file.
fn id_of(name: &str) -> Result<String, Diagnostic> {
    let stem = name.rsplit(['/', '\\']).next().and_then(|file| file.strip_suffix(".cel"));
    let kebab = |id: &str| {
        !id.is_empty()
            && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    stem.filter(|id| kebab(id)).map(str::to_owned).ok_or_else(|| {
        let message = "a policy's file is named `<id>.cel`, in lower case with hyphens";
        Diagnostic::error("name", name, 0..0, message.to_owned())
    })
}

/// Compiles a header's expressions, and remembers where each stood.
struct Loader<'a> {
    file: &'a PolicyFile,
    compiler: Compiler<'a>,
    places: Vec<Place>,
}

impl<'a> Loader<'a> {
    /// Compiles one source that stands at `at` in the file.
    fn compile<T>(
        &mut self,
        role: Role,
        at: usize,
        text: &str,
        work: impl FnOnce(&mut Compiler<'a>) -> Result<T, Failure>,
    ) -> Result<T, Diagnostic> {
        let place = Place { role, at, text: text.to_owned() };
        let result = work(&mut self.compiler);
        while self.places.len() < self.compiler.source() {
            self.places.push(place.clone());
        }
        result.map_err(|failure| self.diagnostic(&place, failure))
    }

    fn diagnostic(&self, place: &Place, failure: Failure) -> Diagnostic {
        let text = &self.file.text;
        let start = place.locate(text, failure.span.start);
        let end = start.saturating_add(failure.span.len()).min(text.len());
        let span = text.floor_char_boundary(start)..text.ceil_char_boundary(end);
        let wrong = Diagnostic::error("expression", &self.file.name, span, failure.message);
        wrong.with_help(failure.help)
    }

    fn expression(
        &mut self,
        role: Role,
        text: &Spanned<String>,
        scope: &[&str],
    ) -> Result<Expression, Diagnostic> {
        self.compile(role, start(text), &text.value, |compiler| {
            compiler.expression(&text.value, scope)
        })
    }

    /// Compiles the variables; the names that later expressions may use.
    fn scope(&mut self, header: &Header) -> Result<Vec<&'static str>, Diagnostic> {
        for (name, text) in &header.variables.0 {
            let at = start(text);
            if SCOPE.contains(&name.as_str()) || name == "violations" {
                let message = format!("`{name}` already has a meaning here");
                return Err(Diagnostic::error("variable", &self.file.name, at..at, message));
            }
            let role = Role::Variable(name.clone());
            self.compile(role, at, &text.value, |compiler| {
                compiler.variable(name, &text.value, SCOPE)
            })?;
        }
        Ok(SCOPE.to_vec())
    }

    fn message(&mut self, text: &Spanned<String>, scope: &[&str]) -> Result<Template, Diagnostic> {
        let role = Role::Message;
        let place = Place { role, at: start(text), text: text.value.clone() };
        let result = Template::compile(&text.value, &mut self.compiler, scope);
        let rest = self.file.text.get(place.at..).unwrap_or_default();
        while self.places.len() < self.compiler.source() {
            let hole = self.compiler.text(self.places.len()).to_owned();
            let at = place.at.saturating_add(rest.find(&hole).unwrap_or_default());
            self.places.push(Place { at, text: hole, ..place.clone() });
        }
        // A hole's own position is within the message's text, not within the file's.
        let here = Place { text: String::new(), ..place };
        result.map_err(|failure| self.diagnostic(&here, Failure { span: 0..1, ..failure }))
    }

    /// Compiles the values of the patch.
    fn patch(&mut self, header: &Header, scope: &[&str]) -> Result<Option<Patch>, Diagnostic> {
        let patch = header.remediation.as_ref().and_then(|one| one.patch.as_ref());
        let Some(patch) = patch else { return Ok(None) };
        // What is nested has no positions of its own: its text is looked for behind the key.
        let at = self.file.text.find("// remediation:").unwrap_or_default();
        let compiled = Patch::compile(patch, whole, &mut |text| {
            self.compile(Role::Patch, at, text, |compiler| compiler.expression(text, scope))
        })?;
        Ok(Some(compiled))
    }

    /// Compiles what the remediator is told.
    fn with(&mut self, header: &Header, scope: &[&str]) -> Result<Option<Patch>, Diagnostic> {
        let with = header.remediation.as_ref().map(|one| &one.with);
        let Some(with) = with.filter(|with| !with.is_empty()) else { return Ok(None) };
        let at = self.file.text.find("// remediation:").unwrap_or_default();
        if let Some(text) = with.values().find_map(broken) {
            let at = self.file.text.find(text).unwrap_or(at);
            let message =
                "a text of `with` is CEL as a whole, `{{ CEL }}`, or not at all".to_owned();
            return Err(Diagnostic::error("header", &self.file.name, at..at, message));
        }
        let compiled = Patch::compile(with, hole, &mut |text| {
            self.compile(Role::Patch, at, text, |compiler| compiler.expression(text, scope))
        })?;
        Ok(Some(compiled))
    }
}

/// Where a value begins in the file.
pub(super) fn start<T>(value: &Spanned<T>) -> usize {
    let at = value.referenced.span().byte_offset();
    at.and_then(|at| usize::try_from(at).ok()).unwrap_or_default()
}

fn check_match(file: &str, header: &Header) -> Result<(), Diagnostic> {
    let at = start(&header.matches);
    let fail = |message: &str| Err(Diagnostic::error("match", file, at..at, message.to_owned()));
    let Match { event_source, event_name, resource_type, .. } = header.matches.value.plain();
    match (event_source.is_empty(), event_name.is_empty(), resource_type.is_empty()) {
        (true, true, true) => fail("a policy matches events, resource types, or both"),
        (true, false, _) => fail("`eventName` needs an `eventSource`"),
        (false, true, _) => fail("`eventSource` needs an `eventName`"),
        _ => match event_source.iter().find(|source| !source.ends_with(".amazonaws.com")) {
            Some(source) => {
                fail(&format!("`{source}` is no event source: they end in `.amazonaws.com`"))
            }
            None => Ok(()),
        },
    }
}

/// The parameters, each with a default of the type it names.
fn parameters(file: &str, header: &Header) -> Result<BTreeMap<String, Parameter>, Diagnostic> {
    let mut parameters = BTreeMap::new();
    for (name, parameter) in &header.parameters {
        let at = start(parameter);
        let parameter = &parameter.value;
        if !is_of(&parameter.default, &parameter.kind) {
            let message =
                format!("parameter `{name}`: {} is no {}", parameter.default, parameter.kind);
            let help = "types are bool, int, double, string, map and list(...)".to_owned();
            let wrong = Diagnostic::error("parameter", file, at..at, message);
            return Err(wrong.with_help(Some(help)));
        }
        parameters.insert(name.clone(), parameter.clone());
    }
    Ok(parameters)
}

/// Whether a value is of a parameter's type.
pub(super) fn is_of(value: &serde_json::Value, kind: &str) -> bool {
    let element = kind.strip_prefix("list(").and_then(|rest| rest.strip_suffix(')'));
    match (kind, element) {
        (_, Some(element)) => {
            value.as_array().is_some_and(|list| list.iter().all(|value| is_of(value, element)))
        }
        ("bool", _) => value.is_boolean(),
        ("int", _) => value.is_i64(),
        ("double", _) => value.is_f64() || value.is_i64(),
        ("string", _) => value.is_string(),
        ("map", _) => value.is_object(),
        _ => false,
    }
}
