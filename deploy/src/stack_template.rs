//! The templates of AWS CloudFormation: written by hand, but for what follows from policies and remediators.

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

/// One of the templates of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackTemplate {
    /// For the account that judges: AWS SAM.
    AuditAccount,
    /// For each account that is judged: AWS CloudFormation, as a stack set.
    MemberAccount,
    /// For the account that judges, when an earlier stack left its evidence: AWS CloudFormation, to import it.
    KeptEvidence,
}

/// Why a template cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// It is wrong itself.
    #[error("the template is wrong: {0:#}")]
    Template(#[from] minijinja::Error),
    /// What was rendered is no YAML.
    #[error("the template is wrong: {0}")]
    Yaml(#[from] serde_saphyr::Error),
    /// For these policies it would be more than AWS takes.
    #[error(
        "AWS would refuse {file} for these policies:\n{}\nRender it from fewer policies, or from policies that name \
         fewer remediators",
        over.iter().map(|one| format!("  {one}")).collect::<Vec<_>>().join("\n")
    )]
    Limits {
        /// The template's file.
        file: &'static str,
        /// What is over which limit.
        over: Vec<OverLimit>,
    },
}

/// What the templates are rendered with.
#[derive(Serialize)]
struct TemplateContext {
    families: Vec<RemediatorFamily>,
    /// In JSON.
    patterns: Vec<String>,
    boundaries: Vec<PermissionsBoundary>,
    codes: MetricFilterCodes,
    /// The bucket of the evidence and its key, which two templates have.
    evidence: &'static str,
    evidence_parameters: &'static str,
}

/// What metric filters match in the logs of the remediate functions: as they write it.
#[derive(Serialize)]
struct MetricFilterCodes {
    failed: &'static str,
    set_back: &'static str,
    circuit_open: &'static str,
}

impl MetricFilterCodes {
    fn new() -> MetricFilterCodes {
        MetricFilterCodes {
            failed: RemediationResult::Failed(String::new()).result_code(),
            set_back: RemediationResult::RolledBack(String::new()).result_code(),
            circuit_open: RefusalCode::CircuitOpen.as_str(),
        }
    }
}

/// What stays when the stack is deleted.
const EVIDENCE: &str = include_str!("../templates/evidence.yaml");
const EVIDENCE_PARAMETERS: &str = include_str!("../templates/evidence-parameters.yaml");

/// All that some families may do: a managed policy has no room for more than one of them with many actions.
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
    /// For logical ids, which are of letters and digits.
    title: String,
    /// The title of its boundary.
    boundary: &'static str,
    statements: Vec<PermissionStatement>,
}

impl StackTemplate {
    /// All of them.
    pub const ALL: [StackTemplate; 3] =
        [StackTemplate::AuditAccount, StackTemplate::MemberAccount, StackTemplate::KeptEvidence];

    /// The name of its file.
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

    /// The template for these policies, in YAML.
    ///
    /// # Errors
    /// When the template is wrong, which a test of the project sees; or when AWS would refuse it, because these policies
    /// need more than it takes.
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
            let of = families.iter().filter(|family| family.boundary == title);
            let all = of.flat_map(|family| family.statements.iter().flat_map(|one| &one.action));
            let actions = boundary_actions(&all.map(String::as_str).collect());
            PermissionsBoundary { name, title, actions }
        };
        let boundaries: Vec<PermissionsBoundary> =
            named.map(boundary).into_iter().filter(|one| !one.actions.is_empty()).collect();
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

/// What of a template's text AWS would not take.
fn check_limits(text: &str) -> Result<Vec<OverLimit>, RenderError> {
    // Its text where it names pseudo parameters is never shorter than what AWS puts there.
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

/// Services that get nothing but settings: of others, what is got may be data or credentials.
const SETTINGS_ONLY_SERVICES: &[&str] = &["cloudfront", "cloudtrail", "guardduty", "macie2"];

/// The family of `cloud-control`, whose actions are those of many services.
const CLOUD_FAMILY: &str = "cloud";

/// What bounds roles. What only describes stands by its verb where a service has several of the kind: a managed policy
/// has 6,144 characters, and the roles themselves say which.
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

/// Where patterns stand in the templates.
const PATTERN_INDENT: usize = 6;
