//! The checks that a policy header can name in `checks`. They run before Cloud Control sets
//! properties.

mod https_listener;
mod managed_key;
mod pending_modifications;

use evenkeel_client::ServiceClient;

use super::ResourceProperties;
use crate::access::connection::AwsConnection;
use crate::remediator::{AwsFailure, PlanRefusal, PrecheckResult};
use crate::violation::TargetResource;

/// A check that policy headers can name.
#[derive(Clone, Copy, Debug)]
pub(super) struct NamedCheck {
    /// The name in the policy header.
    name: &'static str,
    /// The CloudFormation types to which the check applies.
    kinds: &'static [&'static str],
    /// The IAM actions with which the check reads.
    permissions: &'static [&'static str],
    kind: CheckKind,
}

/// The function of a check.
#[derive(Clone, Copy, Debug)]
enum CheckKind {
    HttpsListener,
    ManagedKey,
    PendingModifications,
}

/// All checks.
const CHECKS: &[NamedCheck] = &[
    NamedCheck {
        name: "https-listener",
        kinds: &["AWS::ElasticLoadBalancingV2::Listener"],
        permissions: &["elasticloadbalancing:DescribeListeners"],
        kind: CheckKind::HttpsListener,
    },
    NamedCheck {
        name: "managed-key-users",
        kinds: &["AWS::Kinesis::Stream", "AWS::SNS::Topic", "AWS::SQS::Queue"],
        permissions: &[
            "kinesis:GetResourcePolicy",
            "sns:GetTopicAttributes",
            "sqs:GetQueueAttributes",
        ],
        kind: CheckKind::ManagedKey,
    },
    NamedCheck {
        name: "rds-pending-modifications",
        kinds: &["AWS::RDS::DBCluster", "AWS::RDS::DBInstance"],
        permissions: &["rds:DescribeDBClusters", "rds:DescribeDBInstances"],
        kind: CheckKind::PendingModifications,
    },
];

/// Returns the names of the checks that apply to a CloudFormation type.
pub fn check_names(kind: &str) -> Vec<&'static str> {
    list_checks(kind).map(|check| check.name).collect()
}

/// Returns the IAM actions that the checks for a CloudFormation type need. The actions belong to
/// the service of the type.
pub(super) fn list_permissions(kind: &str) -> Vec<&'static str> {
    let service = kind.split("::").nth(1).unwrap_or_default().to_lowercase();
    let all = list_checks(kind).flat_map(|check| check.permissions.iter().copied());
    all.filter(|action| {
        let prefix = action.split_once(':').unwrap_or_default().0;
        service.starts_with(prefix)
    })
    .collect()
}

fn list_checks(kind: &str) -> impl Iterator<Item = &'static NamedCheck> {
    CHECKS.iter().filter(move |check| check.kinds.contains(&kind))
}

/// Returns the checks that the policy header names.
///
/// # Errors
/// [`PlanRefusal::InvalidSetting`] if there is no check with a name for the type of the resource.
pub(super) fn find_named_checks(
    target: &TargetResource,
) -> Result<Vec<&'static NamedCheck>, PlanRefusal> {
    let find = |name: &String| {
        list_checks(&target.kind).find(|check| check.name == name).ok_or_else(|| {
            PlanRefusal::InvalidSetting(format!(
                "there is no check `{name}` for `{}`; correct `checks` in the policy header",
                target.kind
            ))
        })
    };
    target.checks.iter().map(find).collect()
}

/// The clients of the services that the checks read.
#[derive(Clone, Debug)]
pub(super) struct CheckClients {
    elastic_load_balancing: ServiceClient,
    kinesis: ServiceClient,
    rds: ServiceClient,
    sns: ServiceClient,
    sqs: ServiceClient,
}

impl From<&AwsConnection> for CheckClients {
    fn from(aws: &AwsConnection) -> Self {
        CheckClients {
            elastic_load_balancing: ServiceClient::elastic_load_balancing_v2(&aws.config),
            kinesis: ServiceClient::kinesis(&aws.config),
            rds: ServiceClient::rds(&aws.config),
            sns: ServiceClient::sns(&aws.config),
            sqs: ServiceClient::sqs(&aws.config),
        }
    }
}

impl CheckClients {
    /// Runs a check of the change from `before` to `after`.
    ///
    /// # Errors
    /// [`AwsFailure`] if AWS does not return what the check needs.
    pub(super) async fn run_check(
        &self,
        check: &NamedCheck,
        target: &TargetResource,
        before: &ResourceProperties,
        after: &ResourceProperties,
    ) -> Result<PrecheckResult, AwsFailure> {
        match check.kind {
            CheckKind::HttpsListener => self.check_https_listener(target, before, after).await,
            CheckKind::ManagedKey => self.check_managed_key(target, after).await,
            CheckKind::PendingModifications => self.check_pending_modifications(target).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_has_the_permissions_of_its_service() {
        for (kind, permissions) in [
            ("AWS::Kinesis::Stream", vec!["kinesis:GetResourcePolicy"]),
            ("AWS::SNS::Topic", vec!["sns:GetTopicAttributes"]),
            ("AWS::SQS::Queue", vec!["sqs:GetQueueAttributes"]),
            ("AWS::RDS::DBInstance", vec!["rds:DescribeDBClusters", "rds:DescribeDBInstances"]),
            (
                "AWS::ElasticLoadBalancingV2::Listener",
                vec!["elasticloadbalancing:DescribeListeners"],
            ),
            ("AWS::DynamoDB::Table", Vec::new()),
        ] {
            assert_eq!(list_permissions(kind), permissions, "{kind}");
        }
    }
}
