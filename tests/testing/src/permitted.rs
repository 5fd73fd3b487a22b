//! Checks that the roles of the templates allow the calls of the functions.

use std::sync::LazyLock;

use serde_json::Value;

use super::asked::Asked;
use super::aws::{ACCOUNT, Aws};
use super::iam::{allows, denies};
use super::proxy::Proxy;
use super::template::{AUDIT, REGION, audit_account, member_account, named, statements};

/// The template parameters: two families enabled, and a trail with its own bucket.
const PARAMETERS: [&str; 4] = [
    "RepairApigateway=true",
    "RepairS3=true",
    "TrailTopic=arn:aws:sns:eu-central-1:999900001111:trail",
    "TrailBucket=evenkeel-trail",
];

/// Returns whether the role allows a call of a function in the audit account and the bucket policy
/// of the ledger does not deny it.
pub fn may(audit: &Value, (name, role): (&str, &[Value]), asked: &Asked, resource: &str) -> bool {
    let principal = format!("arn:aws:iam::{AUDIT}:role/{name}");
    let mut context = vec![
        ("aws:ResourceOrgID", "o-abcdefghij"),
        ("aws:SecureTransport", "true"),
        ("s3:ObjectCreationOperation", "true"),
        ("aws:PrincipalArn", principal.as_str()),
    ];
    context.extend(asked.if_none_match.then_some(("s3:if-none-match", "*")));
    let ledger = statements(&audit["LedgerPolicy"]["Properties"]);
    allows(role, &asked.action, resource, &context)
        && !denies(&ledger, &asked.action, resource, &context)
}

impl Aws {
    /// Checks the calls of a function: the role `role` must allow the calls in the audit account,
    /// and the assumed roles the calls in member accounts.
    pub fn permits(&self, role: &str, proxy: &Proxy) {
        static AUDIT_ACCOUNT: LazyLock<Value> = LazyLock::new(|| audit_account(&PARAMETERS));
        static ELSEWHERE: LazyLock<Value> =
            LazyLock::new(|| member_account("222233334444", &PARAMETERS[..2]));
        let own = statements(named(&AUDIT_ACCOUNT, role));
        let calls = proxy.calls();
        assert!(!calls.is_empty(), "the proxy received no calls of the function");
        for asked in calls.iter().flat_map(|call| &call.asked) {
            let resource = self.in_the_template(&asked.resource);
            let allowed = match &asked.session {
                None => may(&AUDIT_ACCOUNT, (role, &own), asked, &resource),
                Some(session) => {
                    let there = named(&ELSEWHERE, session.role.rsplit('/').next().unwrap());
                    allows(&statements(there), &asked.action, &asked.resource, &[])
                }
            };
            assert!(allowed, "{role} does not allow {} on {resource}", asked.action);
        }
    }

    /// Returns the ARN of the template's resource that corresponds to a resource of the test.
    fn in_the_template(&self, resource: &str) -> String {
        let ledger = format!("arn:aws:s3:::evenkeel-ledger-{AUDIT}-{REGION}");
        let findings = format!("arn:aws:sns:{REGION}:{AUDIT}:evenkeel-findings");
        let bucket = format!("arn:aws:s3:::{}", self.bucket);
        // The queues of a test have its bucket in their names, because tests share the stand-in.
        let queue = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}-", self.bucket);
        if resource == bucket {
            // A call on the bucket itself lists the ledger.
            return ledger;
        }
        resource
            .replace(&format!("{bucket}/ledger"), &ledger)
            .replace(&bucket, "arn:aws:s3:::evenkeel-trail")
            .replace(&self.topic, &findings)
            .replace(&queue, &format!("arn:aws:sqs:{REGION}:{AUDIT}:evenkeel-remediate-"))
    }
}
