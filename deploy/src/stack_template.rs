//! Renders the CloudFormation templates of the stack, with the parts that depend on policies and
//! remediators.

use std::collections::BTreeSet;

use evenkeel_remediators::catalog::CatalogEntry;
use evenkeel_remediators::{PermissionStatement, RefusalCode, RemediationResult};
use evenkeel_rules::policy::PolicySet;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;
use serde_json::Value;

use crate::aws_limits::{OverLimit, TEMPLATE, find_over_limits};
use crate::event_patterns::build_event_patterns;
use crate::flow_style::format_flow;
use crate::role_permissions::{group_by_family, list_patched_types, role_statements};

/// A template of the stack.
///
/// ```
/// use evenkeel_deploy::{RenderError, StackTemplate};
/// use evenkeel_rules::policy::PolicySet;
///
/// # fn main() -> Result<(), RenderError> {
/// let text = StackTemplate::MemberAccount.render_template(&PolicySet::default())?;
/// assert!(text.contains("AWSTemplateFormatVersion"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackTemplate {
    /// The AWS SAM template for the audit account, in which Evenkeel runs.
    AuditAccount,
    /// The CloudFormation template for each member account, which a stack set deploys.
    MemberAccount,
    /// The CloudFormation template that imports the evidence of a deleted stack in the audit
    /// account.
    KeptEvidence,
}

/// The reason why a template cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The template source is not valid.
    #[error("the source of the template is not valid: {0:#}")]
    Template(#[from] minijinja::Error),
    /// The rendered text is not valid YAML.
    #[error("the rendered template is not valid YAML: {0}")]
    Yaml(#[from] serde_saphyr::Error),
    /// The template for these policies exceeds limits of AWS.
    #[error(
        "AWS would reject {file} for these policies:\n{}\n\
         Use fewer policies, or policies with fewer remediators",
        over.iter().map(|one| format!("  {one}")).collect::<Vec<_>>().join("\n")
    )]
    Limits {
        /// The file name of the template.
        file: &'static str,
        /// The parts of the template that exceed a limit.
        over: Vec<OverLimit>,
    },
}

/// The values that are inserted into the templates.
#[derive(Serialize)]
struct TemplateContext {
    families: Vec<RemediatorFamily>,
    /// The event patterns as JSON.
    patterns: Vec<String>,
    boundaries: Vec<PermissionsBoundary>,
    codes: MetricFilterCodes,
    /// The YAML of the resources that store the evidence. Two templates contain them: the template
    /// for the audit account, and the template that imports kept evidence.
    evidence: &'static str,
    evidence_parameters: &'static str,
}

/// The codes in the logs of the remediate functions that metric filters match.
#[derive(Serialize)]
struct MetricFilterCodes {
    failed: &'static str,
    rolled_back: &'static str,
    circuit_open: &'static str,
}

impl MetricFilterCodes {
    fn new() -> MetricFilterCodes {
        MetricFilterCodes {
            failed: RemediationResult::Failed(String::new()).result_code(),
            rolled_back: RemediationResult::RolledBack(String::new()).result_code(),
            circuit_open: RefusalCode::CircuitOpen.as_str(),
        }
    }
}

/// The YAML of the resources that remain when the stack is deleted.
const EVIDENCE: &str = include_str!("../templates/evidence.yaml");
const EVIDENCE_PARAMETERS: &str = include_str!("../templates/evidence-parameters.yaml");

/// The permissions boundary of one or more families. There are two boundaries, because a boundary
/// is a managed policy of at most 6,144 characters, and the actions of all families are longer.
#[derive(Serialize)]
struct PermissionsBoundary {
    name: &'static str,
    title: &'static str,
    actions: BTreeSet<String>,
}

/// A family of remediators, which share a function and a role.
#[derive(Serialize)]
struct RemediatorFamily {
    name: &'static str,
    /// The name with an upper-case first letter, for logical ids.
    title: String,
    /// The logical id of the permissions boundary.
    boundary: &'static str,
    statements: Vec<PermissionStatement>,
}

impl StackTemplate {
    /// All templates.
    pub const ALL: [StackTemplate; 3] =
        [StackTemplate::AuditAccount, StackTemplate::MemberAccount, StackTemplate::KeptEvidence];

    /// Returns the file name of the template.
    pub fn file_name(self) -> &'static str {
        match self {
            StackTemplate::AuditAccount => "audit-account.yaml",
            StackTemplate::MemberAccount => "member-account.yaml",
            StackTemplate::KeptEvidence => "kept-evidence.yaml",
        }
    }

    fn template_text(self) -> &'static str {
        match self {
            StackTemplate::AuditAccount => include_str!("../templates/audit-account.yaml.j2"),
            StackTemplate::MemberAccount => include_str!("../templates/member-account.yaml.j2"),
            StackTemplate::KeptEvidence => include_str!("../templates/kept-evidence.yaml.j2"),
        }
    }

    /// Renders the template for these policies as YAML.
    ///
    /// # Errors
    /// Returns [`RenderError::Limits`] if the template exceeds a limit of AWS. Returns
    /// [`RenderError::Template`] or [`RenderError::Yaml`] if the template source is not valid. The
    /// tests of this repository render each template, so that these two errors are not expected.
    pub fn render_template(self, set: &PolicySet) -> Result<String, RenderError> {
        let patched = list_patched_types(set);
        let family = |(name, entries): (&'static str, Vec<&CatalogEntry>)| RemediatorFamily {
            name,
            title: capitalize_name(name),
            boundary: if name == CLOUD_FAMILY { "CloudBoundary" } else { "Boundary" },
            statements: role_statements(&entries, &patched),
        };
        let families: Vec<RemediatorFamily> =
            group_by_family(set).into_iter().map(family).collect();
        let named =
            [("evenkeel-boundary", "Boundary"), ("evenkeel-boundary-cloud", "CloudBoundary")];
        let boundary = |(name, title)| {
            let own_families = families.iter().filter(|family| family.boundary == title);
            let all = own_families.flat_map(|family| {
                family.statements.iter().flat_map(|statement| &statement.action)
            });
            let actions = boundary_actions(&all.map(String::as_str).collect());
            PermissionsBoundary { name, title, actions }
        };
        let boundaries: Vec<PermissionsBoundary> = named
            .map(boundary)
            .into_iter()
            .filter(|boundary| !boundary.actions.is_empty())
            .collect();
        let patterns = build_event_patterns(set.policies().iter().map(|policy| &policy.matches));
        let patterns =
            patterns.iter().map(|pattern| format_flow(pattern, PATTERN_INDENT)).collect();
        let (evidence, evidence_parameters) = (EVIDENCE, EVIDENCE_PARAMETERS);
        let stack = TemplateContext {
            families,
            patterns,
            boundaries,
            codes: MetricFilterCodes::new(),
            evidence,
            evidence_parameters,
        };
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut syntax = SyntaxConfig::builder();
        syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
        environment.set_syntax(syntax.build()?);
        let text =
            environment.render_named_str(self.file_name(), self.template_text(), Serde(stack))?;
        let over = check_limits(&text)?;
        if over.is_empty() {
            Ok(text)
        } else {
            Err(RenderError::Limits { file: self.file_name(), over })
        }
    }
}

/// Returns the parts of a template that exceed a limit of AWS.
fn check_limits(text: &str) -> Result<Vec<OverLimit>, RenderError> {
    // The text contains the names of pseudo parameters instead of their values. A name is never
    // shorter than its value, so that no excess is missed.
    let template: Value = serde_saphyr::from_str(text)?;
    let mut over = find_over_limits(&template);
    if text.len() > TEMPLATE.maximum {
        over.push(OverLimit {
            place: "the template".to_owned(),
            limit: TEMPLATE,
            count: text.len(),
        });
    }
    Ok(over)
}

/// The services whose `Get` actions return only settings. The `Get` actions of other services can
/// return data or credentials.
const SETTINGS_ONLY_SERVICES: &[&str] = &["cloudfront", "cloudtrail", "guardduty", "macie2"];

/// The family of the remediator `cloud-control`, which needs the actions of many services.
const CLOUD_FAMILY: &str = "cloud";

/// Returns the actions of a permissions boundary. If a service has several read actions with the
/// same verb, the boundary contains the verb with a wildcard, because a managed policy is limited
/// to 6,144 characters. The roles themselves contain the exact actions.
///
/// Source: IAM User Guide, "IAM and AWS STS quotas".
fn boundary_actions(actions: &BTreeSet<&str>) -> BTreeSet<String> {
    let verb = |action: &str| {
        let (service, name) = action.split_once(':')?;
        let verbs = ["Describe", "List", "Get"].into_iter();
        let mut verbs =
            verbs.filter(|verb| *verb != "Get" || SETTINGS_ONLY_SERVICES.contains(&service));
        let verb = verbs.find(|verb| name.starts_with(verb))?;
        Some(format!("{service}:{verb}"))
    };
    let shared = |action: &str| {
        let start = verb(action)?;
        let several = actions.iter().filter(|other| other.starts_with(&start)).count() > 1;
        several.then(|| format!("{start}*"))
    };
    actions.iter().map(|action| shared(action).unwrap_or_else(|| (*action).to_owned())).collect()
}

fn capitalize_name(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// The indentation of event patterns in the templates, in characters.
const PATTERN_INDENT: usize = 6;
