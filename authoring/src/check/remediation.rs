//! Reports errors in the `remediation` of a policy: the remediator, its settings and its mode.

use super::RemediatorSummary;
use evenkeel_engine::suggest_name;
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::{Policy, RemediationHeader, SafetyTier};

/// Returns an error for each problem of a policy's `remediation`.
pub(super) fn lint_remediation(
    policy: &Policy,
    remediators: &[RemediatorSummary<'_>],
) -> Vec<Diagnostic> {
    let Some(header) = &policy.remediation else { return Vec::new() };
    let check = RemediationCheck { policy, header };
    let Some(remediator) = remediators.iter().find(|one| one.id == header.run) else {
        let help = suggest_name(&header.run, remediators.iter().map(|one| one.id));
        let message = format!("there is no remediator `{}`", header.run);
        return vec![check.build_error("unknown-remediator", &header.run, message, help)];
    };
    let unsafe_mode = check.check_mode_safety(remediator).into_iter().collect();
    [
        check.find_unknown_inputs(remediator),
        check.find_missing_inputs(remediator),
        check.check_patch_settings(remediator),
        unsafe_mode,
    ]
    .concat()
}

struct RemediationCheck<'p> {
    policy: &'p Policy,
    header: &'p RemediationHeader,
}

impl RemediationCheck<'_> {
    fn build_error(
        &self,
        code: &'static str,
        word: &str,
        message: String,
        help: Option<String>,
    ) -> Diagnostic {
        let span = super::locate_word(self.policy.file_text(), "remediation:", word);
        Diagnostic::new_error(code, &self.policy.file, span, message).with_help(help)
    }

    /// Returns an error for each setting in `with` that the remediator does not have.
    fn find_unknown_inputs(&self, remediator: &RemediatorSummary<'_>) -> Vec<Diagnostic> {
        let unknown = self.header.with.keys();
        let unknown = unknown.filter(|name| !remediator.with.contains(&name.as_str()));
        let wrong = |name: &String| {
            let help = suggest_name(name, remediator.with.iter().copied());
            let no_settings = || "this remediator has no settings; remove `with`".to_owned();
            let help = help.or_else(|| remediator.with.is_empty().then(no_settings));
            let message = format!("remediator `{}` has no setting `{name}`", self.header.run);
            self.build_error("unknown-with", name, message, help)
        };
        unknown.map(wrong).collect()
    }

    /// Returns an error for each parameter of the policy that is also a setting of the remediator,
    /// but is missing in `with`. Without the setting, the remediation could set another value than
    /// the policy requires.
    fn find_missing_inputs(&self, remediator: &RemediatorSummary<'_>) -> Vec<Diagnostic> {
        let named =
            remediator.with.iter().filter(|name| self.policy.parameters.contains_key(**name));
        let missing = named.filter(|name| !self.header.with.contains_key(**name));
        let wrong = |name: &&str| {
            let message = format!(
                "remediator `{}` does not receive the policy's parameter `{name}`",
                self.header.run
            );
            let help = format!("add `{name}: \"{{{{params.{name}}}}}\"` to `with`");
            self.build_error("parameter-not-passed", &self.header.run, message, Some(help))
        };
        missing.map(wrong).collect()
    }

    /// Returns an error if the remediator needs a `patch` and the policy defines none. Also returns
    /// an error for each key with which the policy changes a remediator that defines its own
    /// change.
    fn check_patch_settings(&self, remediator: &RemediatorSummary<'_>) -> Vec<Diagnostic> {
        let RemediationHeader { run, tier, patch, actions, checks, ask, .. } = self.header;
        if remediator.tier.is_some() {
            let keys = [
                ("patch", patch.is_some()),
                ("tier", tier.is_some()),
                ("actions", !actions.is_empty()),
                ("checks", !checks.is_empty()),
                ("ask", ask.is_some()),
            ];
            let wrong = |key| {
                let message = format!(
                    "remediator `{run}` does not accept `{key}`: it defines its own change and tier"
                );
                self.build_error("patch", key, message, Some(format!("remove `{key}`")))
            };
            return keys.iter().filter(|one| one.1).map(|one| wrong(one.0)).collect();
        }
        let mut found = self.find_unknown_checks(remediator);
        if tier.is_none() {
            let message = format!("`tier` is missing: `{run}` needs the safety tier of the change");
            let help = "add `tier`: A for a harmless change that can be undone, B for a change \
                        that needs a check first, C for a change that a person must approve";
            found.push(self.build_error("patch", run, message, Some(help.to_owned())));
        }
        match patch {
            None => {
                let message = format!("`patch` is missing: `{run}` needs the properties to set");
                let help = "add `patch` with the required properties of the resource".to_owned();
                found.push(self.build_error("patch", run, message, Some(help)));
            }
            Some(patch) => {
                if let Err(error) =
                    (remediator.patch_check)(&self.policy.resource_type, patch, actions)
                {
                    let kind = &self.policy.resource_type;
                    let message = format!("the patch is not valid for `{kind}`: {error}");
                    found.push(self.build_error("patch", "patch", message, None));
                }
            }
        }
        found
    }

    /// Returns an error for each check that does not exist for the type of the resource.
    fn find_unknown_checks(&self, remediator: &RemediatorSummary<'_>) -> Vec<Diagnostic> {
        let kind = &self.policy.resource_type;
        let known = (remediator.check_names)(kind);
        let unknown = self.header.checks.iter().filter(|name| !known.contains(&name.as_str()));
        let wrong = |name: &String| {
            let message = format!("there is no check `{name}` for `{kind}`");
            let help = suggest_name(name, known.iter().copied());
            self.build_error("patch", name, message, help)
        };
        unknown.map(wrong).collect()
    }

    /// Returns an error if the mode exceeds the maximum mode of the remediation's tier.
    fn check_mode_safety(&self, remediator: &RemediatorSummary<'_>) -> Option<Diagnostic> {
        let tier = remediator.tier.or(self.header.tier)?;
        let max_mode = tier.max_mode(remediator.precondition.is_some());
        if self.header.mode <= max_mode {
            return None;
        }
        let reason = match tier {
            SafetyTier::C => "the change can interrupt a service, cost money or lose data",
            SafetyTier::A | SafetyTier::B => {
                "the remediator does not check first that the change is safe"
            }
        };
        let message = format!("a remediation of tier {tier} cannot be automatic: {reason}");
        let help = Some("write `mode: approve`; a person then approves each plan".to_owned());
        Some(self.build_error("unsafe-mode", "auto", message, help))
    }
}
