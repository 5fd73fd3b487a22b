//! Whether a policy's remediation can be carried out: by a remediator that there is, told what it knows, as far as is safe.

use super::RemediatorSummary;
use evenkeel_engine::suggest_name;
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::{Policy, RemediationHeader, SafetyTier};

/// What is wrong with a policy's `remediation`.
pub(super) fn lint_remediation(
    policy: &Policy,
    remediators: &[RemediatorSummary<'_>],
) -> Vec<Diagnostic> {
    let Some(header) = &policy.remediation else { return Vec::new() };
    let repair = RemediationCheck { policy, header };
    let Some(remediator) = remediators.iter().find(|one| one.id == header.run) else {
        let help = suggest_name(&header.run, remediators.iter().map(|one| one.id));
        let message = format!("there is no remediator `{}`", header.run);
        return vec![repair.build_error("unknown-remediator", &header.run, message, help)];
    };
    let safe = repair.check_mode_safety(remediator).into_iter().collect();
    [
        repair.find_unknown_inputs(remediator),
        repair.find_missing_inputs(remediator),
        repair.check_patch_settings(remediator),
        safe,
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

    /// What the remediator is told and does not know.
    fn find_unknown_inputs(&self, remediator: &RemediatorSummary<'_>) -> Vec<Diagnostic> {
        let unknown = self.header.with.keys();
        let unknown = unknown.filter(|name| !remediator.with.contains(&name.as_str()));
        let wrong = |name: &String| {
            let help = suggest_name(name, remediator.with.iter().copied());
            let help = help
                .or_else(|| remediator.with.is_empty().then(|| "it is told nothing".to_owned()));
            let message = format!("`{}` is not told `{name}`", self.header.run);
            self.build_error("unknown-with", name, message, help)
        };
        unknown.map(wrong).collect()
    }

    /// Parameters of the policy that the remediator knows by the same name, and is not told: then what is repaired is not
    /// what was found.
    fn find_missing_inputs(&self, remediator: &RemediatorSummary<'_>) -> Vec<Diagnostic> {
        let named =
            remediator.with.iter().filter(|name| self.policy.parameters.contains_key(**name));
        let untold = named.filter(|name| !self.header.with.contains_key(**name));
        let wrong = |name: &&str| {
            let message = format!("`{}` is not told the parameter `{name}`", self.header.run);
            let help = format!("say `with: {{{name}: \"{{{{params.{name}}}}}\"}}`");
            self.build_error("parameter-not-told", &self.header.run, message, Some(help))
        };
        untold.map(wrong).collect()
    }

    /// Whether the policy says what is repaired where it must, and only there.
    fn check_patch_settings(&self, remediator: &RemediatorSummary<'_>) -> Vec<Diagnostic> {
        let RemediationHeader { run, tier, patch, actions, ask, .. } = self.header;
        if remediator.tier.is_some() {
            let said = [
                ("patch", patch.is_some()),
                ("tier", tier.is_some()),
                ("actions", !actions.is_empty()),
                ("ask", ask.is_some()),
            ];
            let wrong = |word| {
                let message = format!("`{run}` knows itself what it repairs, and how safe that is");
                self.build_error("patch", word, message, Some(format!("leave `{word}` out")))
            };
            return said.iter().filter(|one| one.1).map(|one| wrong(one.0)).collect();
        }
        let mut found = Vec::new();
        if tier.is_none() {
            let message = format!("`{run}` is not told how safe the repair is");
            let help = "say `tier`: A is harmless and can be undone, B needs something checked first, C a person";
            found.push(self.build_error("patch", run, message, Some(help.to_owned())));
        }
        match patch {
            None => {
                let message = format!("`{run}` is not told what to repair");
                let help =
                    "say `patch`: the properties of the resource, as they must be".to_owned();
                found.push(self.build_error("patch", run, message, Some(help)));
            }
            Some(patch) => {
                if let Err(why) =
                    (remediator.patch_check)(&self.policy.resource_type, patch, actions)
                {
                    let kind = &self.policy.resource_type;
                    let message = format!("the patch does not fit `{kind}`: {why}");
                    found.push(self.build_error("patch", "patch", message, None));
                }
            }
        }
        found
    }

    /// Whether the mode goes further than is safe.
    fn check_mode_safety(&self, remediator: &RemediatorSummary<'_>) -> Option<Diagnostic> {
        let tier = remediator.tier.or(self.header.tier)?;
        let most = tier.max_mode(remediator.precondition.is_some());
        if self.header.mode <= most {
            return None;
        }
        let why = match tier {
            SafetyTier::C => "it can stop what works, cost money or lose data",
            SafetyTier::A | SafetyTier::B => "nothing checks first whether it is",
        };
        let message = format!("a repair of tier {tier} is not safe by itself: {why}");
        let help = Some("`mode: approve` lets a person say yes to the plan".to_owned());
        Some(self.build_error("unsafe-mode", "auto", message, help))
    }
}
