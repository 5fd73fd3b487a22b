//! Compiles a policy file to a policy with compiled expressions.

use super::header::{
    self, ANY, PolicyHeader, PolicyMatch, PolicyParameter, RemediationHeader, Severity,
};
use super::message_template::MessageTemplate;
use super::policy_file::PolicyFile;
use super::remediation_values::{ValueTemplate, find_partial_hole, select_hole, select_whole_text};
use crate::diagnostic::Diagnostic;
use crate::event::EventScope;
use crate::text::{line_and_column, locate_span, start_offset};
use evenkeel_engine::ast::SourceTexts;
use evenkeel_engine::{
    AstPass, CelError, CompiledExpression, ConstantValue, ExpressionCompiler, FunctionSet,
};
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::ops::Range;

/// The names that each expression of a policy may use.
const SCOPE_NAMES: &[&str] =
    &["account", "event", "now", "params", "request", "resource", "response"];

/// The names that an expression may use after `resource.each` is evaluated: `each` is the element.
const ELEMENT_SCOPE_NAMES: &[&str] =
    &["account", "each", "event", "now", "params", "request", "resource", "response"];

/// A compiled policy, which the evaluator applies to events and configuration items.
#[derive(Debug)]
pub struct Policy {
    /// The id of the policy: the file name without `.cel`.
    pub id: String,
    /// The path of the policy file.
    pub file: String,
    /// The title, which describes the violation.
    pub title: String,
    /// The description, which explains the risk.
    pub description: String,
    /// The severity of the findings.
    pub severity: Severity,
    /// The reason why the severity differs from the one that a framework publishes, if the author
    /// states one.
    pub severity_reason: Option<String>,
    /// The events and resource types to which the policy applies.
    pub matches: PolicyMatch,
    /// The CloudFormation type of the resource that the policy evaluates.
    pub resource_type: String,
    /// The parameters by name.
    pub parameters: BTreeMap<String, PolicyParameter>,
    /// The values from the settings file, which replace the defaults of the parameters.
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// The ids of the controls that a finding violates, by the name of the framework.
    pub controls: BTreeMap<String, Vec<String>>,
    /// The ids of the controls that the policy implements, because they require that
    /// changes are monitored, by the name of the framework. A finding does not violate them.
    pub implements: BTreeMap<String, Vec<String>>,
    /// The URLs of pages with more information.
    pub references: Vec<String>,
    /// The remediation of a finding, if the policy defines one.
    pub remediation: Option<RemediationHeader>,
    pub(crate) params: ConstantValue,
    /// The list with one element for each resource of the event, if the policy defines one.
    pub(crate) resource_list: Option<CompiledExpression>,
    pub(crate) resource_id: CompiledExpression,
    pub(crate) resource_arn: Option<CompiledExpression>,
    /// The body. It returns true or a list with elements if the resource violates the policy.
    pub body: CompiledExpression,
    message: MessageTemplate,
    message_text: String,
    patch: Option<ValueTemplate>,
    remediator_inputs: Option<ValueTemplate>,
    /// The source texts of the compiled expressions.
    pub sources: SourceTexts,
    expression_sources: Vec<ExpressionSource>,
    text: String,
}

/// The position of a source text in the policy file.
#[derive(Clone, Debug)]
struct ExpressionSource {
    role: ExpressionRole,
    offset: usize,
    text: String,
}

/// The purpose of an expression in a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpressionRole {
    /// The variable with this name.
    Variable(String),
    /// The list with one element for each resource of the event.
    ResourceList,
    /// The id of the resource.
    ResourceId,
    /// The ARN of the resource.
    ResourceArn,
    /// The body of the policy.
    Body,
    /// A `{{ CEL }}` placeholder of the message.
    Message,
    /// A value of the patch, or a setting of the remediator in `with`.
    Patch,
}

/// The error for a parameter that the policy does not define.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("policy `{policy}` has no parameter `{parameter}`")]
pub struct UnknownParameterError {
    /// The id of the policy.
    pub policy: String,
    /// The unknown name.
    pub parameter: String,
}

/// The error of an expression that could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {}", failure.full_message())]
pub struct ExpressionError {
    /// The path of the policy file.
    pub file: String,
    /// The line in the file, counted from 1.
    pub line: usize,
    /// The column in the line, in characters, counted from 1.
    pub column: usize,
    /// The error that the CEL engine returned.
    pub failure: Box<CelError>,
}

/// The evaluated values of a patch or of `with` for one event, or the error of an expression in
/// them.
pub type FilledValues = Result<serde_json::Map<String, serde_json::Value>, ExpressionError>;

/// An expression of a policy with its source text.
#[derive(Clone, Debug)]
pub struct PolicyExpression<'p> {
    /// The purpose of the expression.
    pub role: &'p ExpressionRole,
    /// The source text.
    pub text: &'p str,
    policy: &'p Policy,
    source: usize,
}

impl PolicyExpression<'_> {
    /// Converts a byte range of the text to the byte range of the policy file.
    pub fn file_span(&self, span: &Range<usize>) -> Range<usize> {
        self.policy.file_span(self.source, span)
    }
}

impl Policy {
    /// Compiles a policy file. The compiler recurses deeply: call it on a
    /// [large stack](evenkeel_engine::on_large_stack).
    ///
    /// # Errors
    /// Returns the first error in the file.
    pub fn compile_file(file: &PolicyFile, functions: &FunctionSet) -> Result<Policy, Diagnostic> {
        Self::compile_with_passes(file, functions, &[])
    }

    /// Compiles a policy file as [`Policy::compile_file`] does, and runs `passes` on the syntax
    /// tree of each expression.
    ///
    /// # Errors
    /// Returns the first error in the file.
    pub fn compile_with_passes(
        file: &PolicyFile,
        functions: &FunctionSet,
        passes: &[&dyn AstPass],
    ) -> Result<Policy, Diagnostic> {
        let id = policy_id_from_name(&file.name)?;
        let (header, body_at) = header::parse_header(&file.name, &file.text)?;
        check_match(&file.name, &header)?;
        let mut loader = PolicyCompiler {
            file,
            compiler: ExpressionCompiler::with_passes(functions, passes),
            expression_sources: Vec::new(),
        };
        let scope = loader.compile_variables(&header)?;
        let resource_list = loader.compile_resource_list(&header)?;
        let resource_id =
            loader.compile_expression(ExpressionRole::ResourceId, &header.resource.id, &scope)?;
        let resource_arn = header.resource.arn.as_ref();
        let resource_arn = resource_arn
            .map(|arn| loader.compile_expression(ExpressionRole::ResourceArn, arn, &scope))
            .transpose()?;
        let body_text = file.text.get(body_at..).unwrap_or_default();
        let body = loader.compile_source(ExpressionRole::Body, body_at, body_text, |c| {
            c.compile_expression(body_text, &scope)
        })?;
        let mut with_evidence = scope.clone();
        with_evidence.push("violations");
        let message = loader.compile_message(&header.message, &with_evidence)?;
        let patch = loader.compile_patch(&header, &with_evidence)?;
        let with = loader.compile_remediator_inputs(&header, &with_evidence)?;
        let parameters = check_parameters(&file.name, &header)?;
        let defaults = parameters.iter().map(|(name, p)| (name.clone(), p.default.clone()));
        let sources = loader.compiler.into_sources();
        Ok(Policy {
            id,
            file: file.name.clone(),
            title: header.title,
            description: header.description,
            severity: header.severity,
            severity_reason: header.severity_reason,
            matches: header.matches.value.to_policy_match(),
            resource_type: header.resource.kind,
            params: ConstantValue::new(&serde_json::Value::Object(defaults.collect())),
            parameters,
            settings: serde_json::Map::new(),
            controls: header.controls,
            implements: header.implements,
            references: header.references,
            remediation: header.remediation,
            resource_list,
            resource_id,
            resource_arn,
            body,
            message,
            message_text: header.message.value,
            patch,
            remediator_inputs: with,
            expression_sources: loader.expression_sources,
            text: file.text.clone(),
            sources,
        })
    }

    /// Returns whether one event can be about several resources, which the policy evaluates
    /// separately.
    pub fn evaluates_each_resource(&self) -> bool {
        self.resource_list.is_some()
    }

    /// Returns the list of the resources, if the policy defines one. Like the body, it decides the
    /// status.
    pub fn resource_list(&self) -> Option<&CompiledExpression> {
        self.resource_list.as_ref()
    }

    /// Returns the source text of the message, with its placeholders.
    pub fn message_text(&self) -> &str {
        &self.message_text
    }

    /// Returns the whole text of the policy file.
    pub fn file_text(&self) -> &str {
        &self.text
    }

    /// Returns the values of all parameters: those in `set`, and the defaults for the others.
    ///
    /// # Errors
    /// Returns [`UnknownParameterError`] if a name in `set` is not a parameter of the policy.
    pub fn parameters_with(
        &self,
        set: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<ConstantValue, UnknownParameterError> {
        let mut values: serde_json::Map<_, _> =
            self.parameters.iter().map(|(n, p)| (n.clone(), p.default.clone())).collect();
        for (name, value) in set {
            if !values.contains_key(name) {
                let (policy, parameter) = (self.id.clone(), name.clone());
                return Err(UnknownParameterError { policy, parameter });
            }
            values.insert(name.clone(), value.clone());
        }
        Ok(ConstantValue::new(&serde_json::Value::Object(values)))
    }

    /// Returns the message for an event that the policy evaluated.
    pub(crate) fn fill_message(&self, scope: &EventScope<'_>) -> String {
        self.message.fill_template(scope, &self.sources)
    }

    /// Returns the patch for an event that the policy evaluated, or `None` if the policy defines no
    /// patch. The inner result is the error of an expression that cannot be evaluated.
    pub(crate) fn fill_patch(&self, scope: &EventScope<'_>) -> Option<FilledValues> {
        self.patch.as_ref().map(|patch| self.fill_values(patch, scope))
    }

    /// Returns the settings of the remediator for an event that the policy evaluated, or `None` if
    /// the policy defines no `with`. The inner result is the error of an expression that cannot be
    /// evaluated.
    pub(crate) fn fill_remediator_inputs(&self, scope: &EventScope<'_>) -> Option<FilledValues> {
        self.remediator_inputs.as_ref().map(|with| self.fill_values(with, scope))
    }

    fn fill_values(&self, patch: &ValueTemplate, scope: &EventScope<'_>) -> FilledValues {
        patch.fill_values(scope, &self.sources).map_err(|failure| self.locate_failure(failure))
    }

    /// Adds the position in the policy file to the error of an evaluation.
    pub(crate) fn locate_failure(&self, failure: CelError) -> ExpressionError {
        let (line, column) = self.failure_position(&failure);
        ExpressionError { file: self.file.clone(), line, column, failure: Box::new(failure) }
    }

    /// Returns the expressions with their source texts, in the order in which they were compiled.
    /// Variables come first.
    pub fn list_expressions(&self) -> impl Iterator<Item = PolicyExpression<'_>> {
        self.expression_sources.iter().enumerate().map(|(source, place)| PolicyExpression {
            role: &place.role,
            text: &place.text,
            policy: self,
            source,
        })
    }

    /// Converts a byte range of a source text to the byte range of the policy file. `source` is the
    /// index of the source text.
    pub fn file_span(&self, source: usize, span: &Range<usize>) -> Range<usize> {
        let place = self.expression_sources.get(source);
        place.map_or(0..0, |place| place.locate_span(&self.text, span))
    }

    /// Returns the line and the column in the policy file at which an evaluation failed. Both are
    /// counted from 1, the column in characters.
    pub fn failure_position(&self, failure: &CelError) -> (usize, usize) {
        let at = self.file_span(failure.source_number, &failure.span).start;
        line_and_column(&self.text, at)
    }
}

impl ExpressionSource {
    /// Converts a byte range of this source text to the byte range of the file.
    fn locate_span(&self, file: &str, span: &Range<usize>) -> Range<usize> {
        locate_span(file, self.offset, &self.text, span)
    }
}

/// Returns the id of a policy, which is its file name without `.cel`.
fn policy_id_from_name(name: &str) -> Result<String, Diagnostic> {
    let stem = name.rsplit(['/', '\\']).next().and_then(|file| file.strip_suffix(".cel"));
    let kebab = |id: &str| {
        !id.is_empty()
            && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    stem.filter(|id| kebab(id)).map(str::to_owned).ok_or_else(|| {
        let message = "the name of a policy file must be `<id>.cel`, with an id of lower-case \
                       letters, digits and hyphens";
        Diagnostic::new_error("name", name, 0..0, message.to_owned())
    })
}

/// The compiler for the expressions of one policy file. It stores the position of each expression.
struct PolicyCompiler<'a> {
    file: &'a PolicyFile,
    compiler: ExpressionCompiler<'a>,
    expression_sources: Vec<ExpressionSource>,
}

impl<'a> PolicyCompiler<'a> {
    /// Compiles one source text that begins at the byte offset `at` of the file.
    fn compile_source<T>(
        &mut self,
        role: ExpressionRole,
        at: usize,
        text: &str,
        work: impl FnOnce(&mut ExpressionCompiler<'a>) -> Result<T, CelError>,
    ) -> Result<T, Diagnostic> {
        let place = ExpressionSource { role, offset: at, text: text.to_owned() };
        let result = work(&mut self.compiler);
        while self.expression_sources.len() < self.compiler.next_source_number() {
            self.expression_sources.push(place.clone());
        }
        result.map_err(|failure| self.failure_diagnostic(&place, failure))
    }

    fn failure_diagnostic(&self, place: &ExpressionSource, failure: CelError) -> Diagnostic {
        let span = place.locate_span(&self.file.text, &failure.span);
        let wrong = Diagnostic::new_error("expression", &self.file.name, span, failure.message);
        wrong.with_help(failure.help)
    }

    fn compile_expression(
        &mut self,
        role: ExpressionRole,
        text: &Spanned<String>,
        scope: &[&str],
    ) -> Result<CompiledExpression, Diagnostic> {
        self.compile_source(role, start_offset(text), &text.value, |compiler| {
            compiler.compile_expression(&text.value, scope)
        })
    }

    /// Compiles the variables. Returns the names that later expressions may use.
    fn compile_variables(
        &mut self,
        header: &PolicyHeader,
    ) -> Result<Vec<&'static str>, Diagnostic> {
        let scope = match header.resource.each {
            Some(_) => ELEMENT_SCOPE_NAMES,
            None => SCOPE_NAMES,
        };
        for (name, text) in &header.variables.0 {
            let at = start_offset(text);
            if ELEMENT_SCOPE_NAMES.contains(&name.as_str()) || name == "violations" {
                let message = format!("`{name}` is a reserved name; choose another name");
                return Err(Diagnostic::new_error("variable", &self.file.name, at..at, message));
            }
            let role = ExpressionRole::Variable(name.clone());
            self.compile_source(role, at, &text.value, |compiler| {
                compiler.define_variable(name, &text.value, scope)
            })?;
        }
        Ok(scope.to_vec())
    }

    /// Compiles `resource.each`. Its element does not exist yet, so that the expression cannot use
    /// `each`, not even in a variable.
    fn compile_resource_list(
        &mut self,
        header: &PolicyHeader,
    ) -> Result<Option<CompiledExpression>, Diagnostic> {
        let Some(text) = &header.resource.each else { return Ok(None) };
        let list = self.compile_expression(ExpressionRole::ResourceList, text, SCOPE_NAMES)?;
        if list.uses_name("each") {
            let at = start_offset(text);
            let message = "`resource.each` uses a variable that uses `each`; `each` exists only \
                           after the list was evaluated"
                .to_owned();
            return Err(Diagnostic::new_error("expression", &self.file.name, at..at, message));
        }
        Ok(Some(list))
    }

    fn compile_message(
        &mut self,
        text: &Spanned<String>,
        scope: &[&str],
    ) -> Result<MessageTemplate, Diagnostic> {
        let role = ExpressionRole::Message;
        let place = ExpressionSource { role, offset: start_offset(text), text: text.value.clone() };
        let result = MessageTemplate::compile_template(&text.value, &mut self.compiler, scope);
        let rest = self.file.text.get(place.offset..).unwrap_or_default();
        while self.expression_sources.len() < self.compiler.next_source_number() {
            let hole = self.compiler.source_text(self.expression_sources.len()).to_owned();
            let at = place.offset.saturating_add(rest.find(&hole).unwrap_or_default());
            self.expression_sources.push(ExpressionSource {
                offset: at,
                text: hole,
                ..place.clone()
            });
        }
        // The position in the error is relative to the placeholder. The diagnostic marks the start
        // of the message instead.
        let here = ExpressionSource { text: String::new(), ..place };
        result.map_err(|failure| self.failure_diagnostic(&here, CelError { span: 0..1, ..failure }))
    }

    /// Compiles the expressions of the patch.
    fn compile_patch(
        &mut self,
        header: &PolicyHeader,
        scope: &[&str],
    ) -> Result<Option<ValueTemplate>, Diagnostic> {
        let patch = header.remediation.as_ref().and_then(|one| one.patch.as_ref());
        let Some(patch) = patch else { return Ok(None) };
        // The YAML reader reports no positions for nested values, so the search for the expressions
        // begins at the key.
        let at = self.file.text.find("// remediation:").unwrap_or_default();
        let compiled = ValueTemplate::compile_values(patch, select_whole_text, &mut |text| {
            self.compile_source(ExpressionRole::Patch, at, text, |compiler| {
                compiler.compile_expression(text, scope)
            })
        })?;
        Ok(Some(compiled))
    }

    /// Compiles the expressions of `with`, the settings of the remediator.
    fn compile_remediator_inputs(
        &mut self,
        header: &PolicyHeader,
        scope: &[&str],
    ) -> Result<Option<ValueTemplate>, Diagnostic> {
        let with = header.remediation.as_ref().map(|one| &one.with);
        let Some(with) = with.filter(|with| !with.is_empty()) else { return Ok(None) };
        let at = self.file.text.find("// remediation:").unwrap_or_default();
        if let Some(text) = with.values().find_map(find_partial_hole) {
            let at = self.file.text.find(text).unwrap_or(at);
            let message = "a string in `with` must be either one placeholder `{{ CEL }}` or text \
                           without a placeholder"
                .to_owned();
            return Err(Diagnostic::new_error("header", &self.file.name, at..at, message));
        }
        let compiled = ValueTemplate::compile_values(with, select_hole, &mut |text| {
            self.compile_source(ExpressionRole::Patch, at, text, |compiler| {
                compiler.compile_expression(text, scope)
            })
        })?;
        Ok(Some(compiled))
    }
}

fn check_match(file: &str, header: &PolicyHeader) -> Result<(), Diagnostic> {
    let at = start_offset(&header.matches);
    let fail =
        |message: &str| Err(Diagnostic::new_error("match", file, at..at, message.to_owned()));
    let matches = header.matches.value.to_policy_match();
    let PolicyMatch { event_source, event_name, identity_type, resource_type, .. } = &matches;
    let mixes_wildcard = |values: &[String]| values.len() > 1 && values.iter().any(|v| v == ANY);
    if mixes_wildcard(event_source) || mixes_wildcard(event_name) {
        return fail("`*` matches every value; remove the other values");
    }
    if matches.matches_any_source() && !matches.matches_any_name() {
        return fail("`eventSource: '*'` needs `eventName: '*'`; name the source of these events");
    }
    if !identity_type.is_empty() && event_name.is_empty() {
        return fail("`identityType` needs an `eventSource` and an `eventName`");
    }
    match (event_source.is_empty(), event_name.is_empty(), resource_type.is_empty()) {
        (true, true, true) => {
            fail("`match` needs `eventSource` and `eventName`, or `resourceType`")
        }
        (true, false, _) => fail("`eventName` needs an `eventSource`"),
        (false, true, _) => fail("`eventSource` needs an `eventName`"),
        _ if matches.matches_any_source() => Ok(()),
        _ => match event_source.iter().find(|source| !source.ends_with(".amazonaws.com")) {
            Some(source) => {
                let rule = "an event source ends in `.amazonaws.com`";
                fail(&format!("`{source}` is not a valid event source; {rule}"))
            }
            None => Ok(()),
        },
    }
}

/// Returns the parameters. Checks that each default value has the type of its parameter.
fn check_parameters(
    file: &str,
    header: &PolicyHeader,
) -> Result<BTreeMap<String, PolicyParameter>, Diagnostic> {
    let mut parameters = BTreeMap::new();
    for (name, parameter) in &header.parameters {
        let at = start_offset(parameter);
        let parameter = &parameter.value;
        if !has_parameter_type(&parameter.default, &parameter.kind) {
            let (default, kind) = (&parameter.default, &parameter.kind);
            let message =
                format!("parameter `{name}`: the default `{default}` is not of type `{kind}`");
            let help = "valid types are bool, int, double, string, map and list(...)".to_owned();
            let wrong = Diagnostic::new_error("parameter", file, at..at, message);
            return Err(wrong.with_help(Some(help)));
        }
        parameters.insert(name.clone(), parameter.clone());
    }
    Ok(parameters)
}

/// Returns whether a value has the type of a parameter.
pub(super) fn has_parameter_type(value: &serde_json::Value, kind: &str) -> bool {
    let element = kind.strip_prefix("list(").and_then(|rest| rest.strip_suffix(')'));
    match (kind, element) {
        (_, Some(element)) => value
            .as_array()
            .is_some_and(|list| list.iter().all(|value| has_parameter_type(value, element))),
        ("bool", _) => value.is_boolean(),
        ("int", _) => value.is_i64(),
        ("double", _) => value.is_f64() || value.is_i64(),
        ("string", _) => value.is_string(),
        ("map", _) => value.is_object(),
        _ => false,
    }
}
