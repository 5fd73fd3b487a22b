//! The static facts of a remediator: what its role, its documentation and its bounds are made of.

use evenkeel_rules::policy::{Mode, Tier};

use crate::remediator::permission::{Statement, is_read};
use crate::violation::Target;

/// What is known of a remediator without running it.
#[derive(Clone, Copy, Debug)]
pub struct RemediatorSpec {
    /// Its name in policies' headers. What stands before the first `-` is its family.
    pub id: &'static str,
    /// The IAM actions that it uses: its role is rendered from these.
    pub permissions: &'static [&'static str],
    /// How safe it is by itself; none where the policy says it, which says what is repaired.
    pub tier: Option<Tier>,
    /// What is asked of the world before anything is written, and makes a repair of tier B as safe as one of tier A.
    pub check: Option<&'static str>,
    /// What a policy's header may tell it.
    pub with: &'static [&'static str],
    /// The ARNs that its calls are on: a session for one repair is confined to these.
    pub arns: fn(&Target) -> Vec<String>,
    /// The ARNs of other resources that are only read.
    pub reads: fn(&Target) -> Vec<String>,
    /// What AWS does in the caller's name for its calls, and must therefore be allowed too.
    pub forwarded: fn(&Target) -> Vec<Statement>,
}

impl RemediatorSpec {
    /// A remediator that may do nothing: what one does not say of itself is taken from here.
    pub const EMPTY: RemediatorSpec = RemediatorSpec {
        id: "",
        permissions: &[],
        tier: None,
        check: None,
        with: &[],
        arns: |_| Vec::new(),
        reads: |_| Vec::new(),
        forwarded: |_| Vec::new(),
    };

    /// The remediators of one family share a function and a role.
    pub fn family(&self) -> &'static str {
        self.id.split_once('-').map_or(self.id, |(family, _)| family)
    }

    /// The most that may be done without a person, of a repair whose policy says that it is of this tier.
    pub fn most(&self, stated: Option<Tier>) -> Mode {
        self.tier.or(stated).unwrap_or(Tier::C).most(self.check.is_some())
    }

    /// What repairing a target takes.
    pub fn statements(&self, target: &Target) -> Vec<Statement> {
        let (lists, others): (Vec<&str>, Vec<&str>) =
            self.permissions.iter().partition(|action| is_of_all(action));
        let reads = others.iter().copied().filter(|action| is_read(action)).collect::<Vec<_>>();
        let mut statements = Vec::new();
        for arn in (self.arns)(target) {
            allow(&mut statements, &others, arn);
        }
        for arn in (self.reads)(target) {
            allow(&mut statements, &reads, arn);
        }
        allow(&mut statements, &lists, "*".to_owned());
        statements.extend((self.forwarded)(target));
        statements
    }
}

/// Allows those of the actions that there are on a resource, beside what else they are allowed on.
fn allow(statements: &mut Vec<Statement>, actions: &[&str], resource: String) {
    let fitting = actions.iter().filter(|action| is_on(action, &resource));
    let action: Vec<String> = fitting.map(|action| (*action).to_owned()).collect();
    if action.is_empty() {
        return;
    }
    match statements.iter_mut().find(|statement| statement.action == action) {
        Some(statement) => statement.resource.push(resource),
        None => statements.push(Statement { action, resource: vec![resource] }),
    }
}

/// What is made is below something; what is listed is asked of what it belongs to, and a policy is an API's own.
fn is_on(action: &str, resource: &str) -> bool {
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
fn is_of_all(action: &str) -> bool {
    action.starts_with("cloudformation:")
        || action.starts_with("config:")
        || action.starts_with("ec2:Describe") && !action.ends_with("Attribute")
}
