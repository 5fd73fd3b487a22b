//! Whether there is a remediator of the name that a policy's header says, and what may be told to it.

use super::Remediator;
use evenkeel_rules::Diagnostic;
use evenkeel_rules::engine::nearest;
use evenkeel_rules::policy::Policy;

/// What is wrong with a policy's `remediation`.
pub(super) fn lint(policy: &Policy, remediators: &[Remediator<'_>]) -> Vec<Diagnostic> {
    let Some(header) = &policy.remediation else { return Vec::new() };
    let wrong = |code, word: &str, message: String, help| {
        let span = super::place(policy.text(), "remediation:", word);
        Diagnostic::error(code, &policy.file, span, message).with_help(help)
    };
    let Some(remediator) = remediators.iter().find(|one| one.id == header.run) else {
        let help = nearest(&header.run, remediators.iter().map(|one| one.id));
        let message = format!("there is no remediator `{}`", header.run);
        return vec![wrong("unknown-remediator", &header.run, message, help)];
    };
    let unknown = header.with.keys().filter(|name| !remediator.with.contains(&name.as_str()));
    unknown
        .map(|name| {
            let help = nearest(name, remediator.with.iter().copied());
            let help = help
                .or_else(|| remediator.with.is_empty().then(|| "it is told nothing".to_owned()));
            let message = format!("`{}` is not told `{name}`", header.run);
            wrong("unknown-with", name, message, help)
        })
        .collect()
}
