//! Reports types of resources that do not exist.

use super::locate_word;
use crate::services::config_types::records_type;
use crate::services::resource_types::{is_known_type, similar_types};
use evenkeel_engine::suggest_name;
use evenkeel_rules::Diagnostic;
use evenkeel_rules::policy::Policy;

/// Warns if the type of the resource does not exist, or if AWS Config records no items of a type in
/// `match.resourceType`.
pub(super) fn lint_resource_types(policy: &Policy) -> Vec<Diagnostic> {
    let kind = policy.resource_type.as_str();
    let wrong = |prefix, kind: &str, message: String, help| {
        let span = locate_word(policy.file_text(), prefix, kind);
        Diagnostic::new_warning("unknown-type", &policy.file, span, message).with_help(help)
    };
    let mut found = Vec::new();
    if !is_known_type(kind) {
        let message = format!("neither CloudFormation nor AWS Config has the type `{kind}`");
        found.push(wrong("resource:", kind, message, suggest_name(kind, similar_types(kind))));
    }
    for kind in policy.matches.resource_type.iter().filter(|kind| !records_type(kind)) {
        let message = format!("AWS Config records no resources of the type `{kind}`");
        found.push(wrong("match:", kind, message, suggest_name(kind, similar_types(kind))));
    }
    found
}
