//! Settings: what an organization sets policies' parameters to.

use super::compiled_policy::{Policy, has_parameter_type, start_offset};
use super::policy_file::PolicyFile;
use super::policy_set::PolicySet;
use crate::diagnostic::Diagnostic;
use evenkeel_engine::suggest_name;
use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;

/// The values for one policy's parameters.
type ParameterValues = BTreeMap<String, Spanned<Value>>;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSettings {
    #[serde(default)]
    parameters: BTreeMap<String, Spanned<ParameterValues>>,
}

impl PolicySet {
    /// The same policies, with the values that the file of settings gives to their parameters. Cases are
    /// judged by the defaults all the same.
    ///
    /// # Errors
    /// Everything that is wrong with the file: a policy or a parameter that there is not, a value of another
    /// type than the parameter's. Also a second file: which of the two holds could not be told.
    pub fn with_settings(mut self, files: &[PolicyFile]) -> Result<PolicySet, Vec<Diagnostic>> {
        let [first, others @ ..] = files else { return Ok(self) };
        if let Some(second) = others.first() {
            let message = format!("the settings are in `{}` already", first.name);
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
        settings_diagnostic(file, id, before, format!("no policy is called `{id}`")).with_help(help)
    }
}

/// Sets a policy's parameters; what is wrong with the values.
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
            let message = format!("`{}` has no parameter `{name}`", policy.id);
            errors.push(settings_diagnostic(file, &name, at, message).with_help(help));
            continue;
        };
        if has_parameter_type(&value.value, &parameter.kind) {
            policy.settings.insert(name, value.value);
        } else {
            let message = format!("parameter `{name}`: {} is no {}", value.value, parameter.kind);
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

/// Points to the name that stands last before a place: the key of the value there.
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
