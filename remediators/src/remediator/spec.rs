//! The static properties of a remediator, from which its IAM role, documentation and limits derive.

use evenkeel_rules::policy::{RemediationMode, SafetyTier};

use crate::remediator::permission::{PermissionStatement, is_read_action};
use crate::violation::TargetResource;

/// The static properties of a remediator.
#[derive(Clone, Copy, Debug)]
pub struct RemediatorSpec {
    /// The id of the remediator, as policy headers name it. The text before the first `-` is the
    /// family.
    pub id: &'static str,
    /// The IAM actions that the remediator uses. Its role is rendered from them.
    pub permissions: &'static [&'static str],
    /// The safety tier of the remediator. `None` if the policy defines the tier together with the
    /// change.
    pub tier: Option<SafetyTier>,
    /// A description of the precondition check. With such a check, a remediation of tier B is as
    /// safe as one of tier A.
    pub precondition: Option<&'static str>,
    /// The names of the parameters that a policy header can set in `with`.
    pub parameter_names: &'static [&'static str],
    /// Returns the ARNs that the calls use. The session of a remediation is restricted to them.
    pub resource_arns: fn(&TargetResource) -> Vec<String>,
    /// Returns the ARNs of other resources, which the remediator only reads.
    pub read_only_arns: fn(&TargetResource) -> Vec<String>,
    /// Returns the permissions that AWS needs because it makes calls on behalf of the caller.
    pub passthrough_permissions: fn(&TargetResource) -> Vec<PermissionStatement>,
}

impl RemediatorSpec {
    /// A remediator without any permission. Its values are the defaults of the other remediators.
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

    /// Returns the family of the remediator. The remediators of a family share a Lambda function
    /// and a role.
    pub fn family_name(&self) -> &'static str {
        self.id.split_once('-').map_or(self.id, |(family, _)| family)
    }

    /// Returns the maximum mode of the remediation. `stated` is the tier that the policy defines.
    pub fn maximum_mode(&self, stated: Option<SafetyTier>) -> RemediationMode {
        self.tier.or(stated).unwrap_or(SafetyTier::C).max_mode(self.precondition.is_some())
    }

    /// Returns the IAM statements that the remediation of a target needs.
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

/// Allows those `actions` that exist for a resource. A statement with the same actions is extended.
fn add_statement(statements: &mut Vec<PermissionStatement>, actions: &[&str], resource: String) {
    let applicable = actions.iter().filter(|action| applies_to_resource(action, &resource));
    let action: Vec<String> = applicable.map(|action| (*action).to_owned()).collect();
    if action.is_empty() {
        return;
    }
    match statements.iter_mut().find(|statement| statement.action == action) {
        Some(statement) => statement.resource.push(resource),
        None => statements.push(PermissionStatement { action, resource: vec![resource] }),
    }
}

/// Returns whether an action exists for a resource: `POST` creates something below a resource, a
/// list call names the parent resource, and `UpdateRestApiPolicy` names the API itself.
fn applies_to_resource(action: &str, resource: &str) -> bool {
    let is_below = resource.ends_with("/*") || resource.ends_with(":*");
    match action.split_once(':') {
        Some((_, "POST")) => is_below,
        Some((_, name)) if name.starts_with("List") => !is_below,
        Some((_, "UpdateRestApiPolicy")) => !is_below,
        _ => true,
    }
}

/// Returns whether an action needs the resource `*`. Actions that describe an attribute support
/// resource ARNs.
///
/// Source: Service Authorization Reference, "Actions defined by Amazon EC2", "by AWS Config" and
/// "by AWS Cloud Control API".
fn requires_all_resources(action: &str) -> bool {
    action.starts_with("cloudformation:")
        || action.starts_with("config:")
        || action.starts_with("ec2:Describe") && !action.ends_with("Attribute")
}
