//! The static facts of a remediator: what its role, its documentation and its bounds are made of.

use evenkeel_rules::policy::{RemediationMode, SafetyTier};

use crate::remediator::permission::{PermissionStatement, is_read_action};
use crate::violation::TargetResource;

/// What is known of a remediator without running it.
#[derive(Clone, Copy, Debug)]
pub struct RemediatorSpec {
    /// Its name in policies' headers. What stands before the first `-` is its family.
    pub id: &'static str,
    /// The IAM actions that it uses: its role is rendered from these.
    pub permissions: &'static [&'static str],
    /// How safe it is by itself; none where the policy says it, which says what is repaired.
    pub tier: Option<SafetyTier>,
    /// What is asked of the world before anything is written, and makes a repair of tier B as safe as one of tier A.
    pub precondition: Option<&'static str>,
    /// What a policy's header may tell it.
    pub parameter_names: &'static [&'static str],
    /// The ARNs that its calls are on: a session for one repair is confined to these.
    pub resource_arns: fn(&TargetResource) -> Vec<String>,
    /// The ARNs of other resources that are only read.
    pub read_only_arns: fn(&TargetResource) -> Vec<String>,
    /// What AWS does in the caller's name for its calls, and must therefore be allowed too.
    pub passthrough_permissions: fn(&TargetResource) -> Vec<PermissionStatement>,
}

impl RemediatorSpec {
    /// A remediator that may do nothing: what one does not say of itself is taken from here.
    pub const EMPTY: RemediatorSpec = RemediatorSpec {
        id: "",
        permissions: &[],
        tier: None,
        precondition: None,
        parameter_names: &[],
        resource_arns: |_| Vec::new(),
        read_only_arns: |_| Vec::new(),
        passthrough_permissions: |_| Vec::new(),
    };

    /// The remediators of one family share a function and a role.
    pub fn family_name(&self) -> &'static str {
        self.id.split_once('-').map_or(self.id, |(family, _)| family)
    }

    /// The most that may be done without a person, of a repair whose policy says that it is of this tier.
    pub fn maximum_mode(&self, stated: Option<SafetyTier>) -> RemediationMode {
        self.tier.or(stated).unwrap_or(SafetyTier::C).max_mode(self.precondition.is_some())
    }

    /// What repairing a target takes.
    pub fn build_statements(&self, target: &TargetResource) -> Vec<PermissionStatement> {
        let (lists, others): (Vec<&str>, Vec<&str>) =
            self.permissions.iter().partition(|action| requires_all_resources(action));
        let reads =
            others.iter().copied().filter(|action| is_read_action(action)).collect::<Vec<_>>();
        let mut statements = Vec::new();
        for arn in (self.resource_arns)(target) {
            add_statement(&mut statements, &others, arn);
        }
        for arn in (self.read_only_arns)(target) {
            add_statement(&mut statements, &reads, arn);
        }
        add_statement(&mut statements, &lists, "*".to_owned());
        statements.extend((self.passthrough_permissions)(target));
        statements
    }
}

/// Allows those of the actions that there are on a resource, beside what else they are allowed on.
fn add_statement(statements: &mut Vec<PermissionStatement>, actions: &[&str], resource: String) {
    let fitting = actions.iter().filter(|action| applies_to_resource(action, &resource));
    let action: Vec<String> = fitting.map(|action| (*action).to_owned()).collect();
    if action.is_empty() {
        return;
    }
    match statements.iter_mut().find(|statement| statement.action == action) {
        Some(statement) => statement.resource.push(resource),
        None => statements.push(PermissionStatement { action, resource: vec![resource] }),
    }
}

/// What is made is below something; what is listed is asked of what it belongs to, and a policy is an API's own.
fn applies_to_resource(action: &str, resource: &str) -> bool {
    let is_below = resource.ends_with("/*") || resource.ends_with(":*");
    match action.split_once(':') {
        Some((_, "POST")) => is_below,
        Some((_, name)) if name.starts_with("List") => !is_below,
        Some((_, "UpdateRestApiPolicy")) => !is_below,
        _ => true,
    }
}

/// Whether an action cannot be confined to a resource. Those that describe an attribute can.
///
/// Source: Service Authorization Reference, "Actions defined by Amazon EC2", "by AWS Config" and "by AWS Cloud
/// Control API".
fn requires_all_resources(action: &str) -> bool {
    action.starts_with("cloudformation:")
        || action.starts_with("config:")
        || action.starts_with("ec2:Describe") && !action.ends_with("Attribute")
}
