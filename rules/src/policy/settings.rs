//! The settings file, in which an organization sets the parameters of policies.

use super::compiled_policy::{Policy, has_parameter_type};
use super::policy_file::PolicyFile;
use super::policy_set::PolicySet;
use crate::diagnostic::Diagnostic;
use crate::text::start_offset;
use evenkeel_engine::suggest_name;
use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;

/// The values of the parameters of one policy.
type ParameterValues = BTreeMap<String, Spanned<Value>>;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSettings {
    #[serde(default)]
    parameters: BTreeMap<String, Spanned<ParameterValues>>,
}

impl PolicySet {
    /// Sets the parameters of the policies to the values in the settings file. Test cases do not
    /// use these values: they use the defaults of the parameters.
    ///
    /// # Errors
    /// Returns a diagnostic for each unknown policy, each unknown parameter and each value of a
    /// wrong type. Also returns a diagnostic if there are several settings files, because their
    /// order is not defined.
    pub fn with_settings(mut self, files: &[PolicyFile]) -> Result<PolicySet, Vec<Diagnostic>> {
        let [first, others @ ..] = files else { return Ok(self) };
        if let Some(second) = others.first() {
            let message = format!("there is another settings file, `{}`; delete one", first.name);
            return Err(vec![Diagnostic::new_error("settings", &second.name, 0..0, message)]);
        }
        let written: Option<WrittenSettings> =
            serde_saphyr::from_str(&first.text).map_err(|error| {
                vec![Diagnostic::from_yaml_error("settings", &first.name, &first.text, &error)]
            })?;
        let mut errors = Vec::new();
        for (id, values) in written.unwrap_or_default().parameters {
            match self.find_policy_mut(&id) {
                Some(policy) => errors.extend(apply_values(policy, values.value, first)),
                None => {
                    errors.push(self.unknown_policy_diagnostic(&id, start_offset(&values), first));
                }
            }
        }
        if errors.is_empty() { Ok(self) } else { Err(errors) }
    }

    fn unknown_policy_diagnostic(&self, id: &str, before: usize, file: &PolicyFile) -> Diagnostic {
        let help = suggest_name(id, self.policies().iter().map(|policy| policy.id.as_str()));
        settings_diagnostic(file, id, before, format!("there is no policy `{id}`")).with_help(help)
    }
}

/// Sets the parameters of a policy. Returns a diagnostic for each value that is not valid.
fn apply_values(
    policy: &mut Policy,
    values: ParameterValues,
    file: &PolicyFile,
) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    for (name, value) in values {
        let at = start_offset(&value);
        let Some(parameter) = policy.parameters.get(&name) else {
            let help = suggest_name(&name, policy.parameters.keys().map(String::as_str));
            let message = format!("policy `{}` has no parameter `{name}`", policy.id);
            errors.push(settings_diagnostic(file, &name, at, message).with_help(help));
            continue;
        };
        if has_parameter_type(&value.value, &parameter.kind) {
            policy.settings.insert(name, value.value);
        } else {
            let (value, kind) = (&value.value, &parameter.kind);
            let message =
                format!("parameter `{name}`: the value `{value}` is not of type `{kind}`");
            errors.push(settings_diagnostic(file, &name, at, message));
        }
    }
    match policy.parameters_with(&policy.settings) {
        Ok(params) => policy.params = params,
        Err(error) => {
            errors.push(settings_diagnostic(file, &policy.id, file.text.len(), error.to_string()));
        }
    }
    errors
}

/// Returns a diagnostic that marks the last occurrence of `name` before the offset `before`. This
/// occurrence is the key of the value at the offset.
fn settings_diagnostic(
    file: &PolicyFile,
    name: &str,
    before: usize,
    message: String,
) -> Diagnostic {
    let text = file.text.get(..before).unwrap_or(&file.text);
    let span = text.rfind(name).map_or(0..0, |at| at..at.saturating_add(name.len()));
    Diagnostic::new_error("settings", &file.name, span, message)
}
