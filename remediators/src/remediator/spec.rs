//! The static properties of a remediator. Its IAM role, its documentation and its limits are
//! derived from them.

use evenkeel_rules::policy::{RemediationMode, SafetyTier};

use crate::remediator::permission::{PermissionStatement, is_read_action};
use crate::violation::TargetResource;

/// The static properties of a remediator.
#[derive(Clone, Copy, Debug)]
pub struct RemediatorSpec {
    /// The id of the remediator, which policy headers contain. The text before the first `-` is the
    /// family of the remediator.
    pub id: &'static str,
    /// The IAM actions that the remediator uses. The role of its family allows these actions.
    pub permissions: &'static [&'static str],
    /// The safety tier of the remediator. `None` if the policy header defines the tier.
    pub tier: Option<SafetyTier>,
    /// A description of the precondition check. `None` if there is no such check. With a check, a
    /// remediator of tier B has the maximum mode `auto`, like a remediator of tier A.
    pub precondition: Option<&'static str>,
    /// The names of the parameters that a policy header can set in `with`.
    pub parameter_names: &'static [&'static str],
    /// Returns the ARNs that the calls use. The session of a remediation is restricted to them.
    pub resource_arns: fn(&TargetResource) -> Vec<String>,
    /// Returns the ARNs of other resources, which the remediator only reads.
    pub read_only_arns: fn(&TargetResource) -> Vec<String>,
    /// Returns the further permissions that the caller needs, because AWS makes further calls on
    /// behalf of the caller.
    pub passthrough_permissions: fn(&TargetResource) -> Vec<PermissionStatement>,
}

/// The IAM actions with which the executor reads who owns a resource.
const OWNERSHIP_READS: &[&str] = &["cloudformation:DescribeStackResources", "tag:GetResources"];

impl RemediatorSpec {
    /// The properties of a remediator without permissions. Other remediators use these values as
    /// defaults.
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

    /// Returns the maximum mode of a remediation. `stated` is the tier in the policy header. It
    /// applies only if the remediator has no tier. Without any tier, the maximum mode is that of
    /// tier C.
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
        let lists = [lists.as_slice(), OWNERSHIP_READS].concat();
        add_statement(&mut statements, &lists, "*".to_owned());
        statements.extend((self.passthrough_permissions)(target));
        statements
    }
}

/// Adds a statement that allows those of the `actions` that IAM supports for `resource`. If a
/// statement with the same actions exists, the function adds the resource to that statement.
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

/// Returns whether IAM supports an action for a resource ARN. `POST` needs an ARN pattern that ends
/// with `*`, because it creates something below a resource. List actions need the ARN of the parent
/// resource, and `UpdateRestApiPolicy` needs the ARN of the API.
fn applies_to_resource(action: &str, resource: &str) -> bool {
    let is_below = resource.ends_with("/*") || resource.ends_with(":*");
    match action.split_once(':') {
        Some((_, "POST")) => is_below,
        Some((_, name)) if name.starts_with("List") => !is_below,
        Some((_, "UpdateRestApiPolicy")) => !is_below,
        _ => true,
    }
}

/// Returns whether IAM requires the resource `*` for an action. The EC2 actions that describe an
/// attribute are an exception: they support resource ARNs.
///
/// Source: Service Authorization Reference, "Actions defined by Amazon EC2", "by AWS Config" and
/// "by AWS Cloud Control API".
fn requires_all_resources(action: &str) -> bool {
    action.starts_with("cloudformation:")
        || action.starts_with("config:")
        || action.starts_with("ec2:Describe") && !action.ends_with("Attribute")
}
