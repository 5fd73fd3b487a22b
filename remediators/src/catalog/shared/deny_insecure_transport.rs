//! The statement of a resource policy that denies unencrypted HTTP to all principals.

use serde_json::{Value, json};

use super::policy_documents::{check_transport_denial, denies_insecure_transport};
use crate::remediator::PlanRefusal;

/// The denial of unencrypted HTTP for a resource.
#[derive(Clone, Debug)]
pub(crate) struct InsecureTransportDenial {
    /// The widest action that the service allows in a policy of such a resource.
    pub(crate) action: &'static str,
    /// The ARNs of the resource. The denial must cover all of them.
    pub(crate) resources: Vec<String>,
    /// The maximum length of a policy in bytes.
    pub(crate) max_bytes: usize,
}

impl InsecureTransportDenial {
    /// Returns the policy with the denial, or `None` if the policy already contains such a denial.
    /// Existing statements stay unchanged.
    ///
    /// # Errors
    /// [`PlanRefusal::NeedsPerson`] if the policy cannot be read or would exceed the limit.
    pub(crate) fn add_to_policy(
        &self,
        policy: Option<&Value>,
    ) -> Result<Option<Value>, PlanRefusal> {
        let before =
            policy.cloned().unwrap_or_else(|| json!({"Version": "2012-10-17", "Statement": []}));
        let mut policy = before.clone();
        let unreadable = || {
            let why = "the resource policy has no readable `Statement`; correct the policy by hand";
            PlanRefusal::NeedsPerson(why.to_owned())
        };
        if let Some(one @ Value::Object(_)) = policy.get_mut("Statement") {
            *one = Value::Array(vec![one.take()]);
        }
        let statements = policy.get_mut("Statement").and_then(Value::as_array_mut);
        let statements = statements.ok_or_else(unreadable)?;
        let resources: Vec<&str> = self.resources.iter().map(String::as_str).collect();
        if denies_insecure_transport(&before, &resources)? {
            return Ok(None);
        }
        let statement = self.build_statement(statements);
        statements.push(statement);
        check_transport_denial(&before, &policy)?;
        let length = policy.to_string().len();
        if length > self.max_bytes {
            let limit = self.max_bytes;
            let why = format!(
                "the resource policy would have {length} bytes, but the limit is {limit}; shorten \
                 the policy by hand"
            );
            return Err(PlanRefusal::NeedsPerson(why));
        }
        Ok(Some(policy))
    }

    /// Returns the statement to add. The statement has no `Sid` if another statement already has
    /// the `Sid` `DenyInsecureTransport`.
    fn build_statement(&self, beside: &[Value]) -> Value {
        const SID: &str = "DenyInsecureTransport";
        let resource = match self.resources.as_slice() {
            [one] => json!(one),
            several => json!(several),
        };
        let mut statement = json!({
            "Sid": SID,
            "Effect": "Deny",
            "Principal": "*",
            "Action": self.action,
            "Resource": resource,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        });
        let taken = beside.iter().any(|one| one.get("Sid").and_then(Value::as_str) == Some(SID));
        if let (true, Some(fields)) = (taken, statement.as_object_mut()) {
            fields.shift_remove("Sid");
        }
        statement
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket() -> InsecureTransportDenial {
        let resources = ["arn:aws:s3:::b", "arn:aws:s3:::b/*"].map(str::to_owned).to_vec();
        InsecureTransportDenial { action: "s3:*", resources, max_bytes: 1000 }
    }

    fn statement(change: &Value) -> Value {
        let mut statement = bucket().build_statement(&[]);
        for (field, value) in change.as_object().unwrap() {
            statement[field] = value.clone();
        }
        statement
    }

    fn is_sufficient(statements: &[Value]) -> bool {
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        bucket().add_to_policy(Some(&policy)).unwrap().is_none()
    }

    #[test]
    fn equivalent_denials_are_sufficient() {
        for change in [
            json!({}),
            json!({"Sid": "another"}),
            json!({"Principal": {"AWS": "*"}}),
            json!({"Principal": {"AWS": ["*"]}}),
            json!({"Action": ["S3:*"]}),
            json!({"Action": "*"}),
            json!({"Resource": "*"}),
            json!({"Resource": "arn:aws:s3:::b*"}),
            json!({"Condition": {"BoolIfExists": {"AWS:securetransport": [false]}}}),
            json!({"Condition": {}}),
        ] {
            assert!(is_sufficient(&[statement(&change)]), "{change}");
        }
        let parts = ["arn:aws:s3:::b", "arn:aws:s3:::b/*"].map(|part| json!({"Resource": part}));
        assert!(is_sufficient(&parts.each_ref().map(statement)));
    }

    #[test]
    fn weaker_denials_are_not_sufficient() {
        for change in [
            json!({"Effect": "Allow"}),
            json!({"Principal": {"AWS": "arn:aws:iam::111122223333:root"}}),
            json!({"Principal": {"Service": "*"}}),
            json!({"Principal": null}),
            json!({"Action": ["s3:GetObject", "s3:Put*"]}),
            json!({"Resource": "arn:aws:s3:::b"}),
            json!({"Resource": "arn:aws:s3:::b/*"}),
            json!({"Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/?"]}),
            json!({"Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/a*"]}),
            json!({"Resource": ["arn:aws:s3:::c", "arn:aws:s3:::c/*"]}),
            json!({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
            json!({"Condition": {"Bool": {"aws:SecureTransport": []}}}),
            json!({"Condition": {"Bool": {"aws:SecureTransport": "false", "aws:MultiFactorAuthPresent": "false"}}}),
            json!({"Condition": {"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"a": "b"}}}),
        ] {
            assert!(!is_sufficient(&[statement(&change)]), "{change}");
        }
    }

    #[test]
    fn a_service_without_wildcard_actions_gets_a_single_action() {
        let topic = InsecureTransportDenial {
            action: "sns:Publish",
            resources: vec!["arn:aws:sns:eu-central-1:111122223333:t".to_owned()],
            max_bytes: 1000,
        };
        let after = topic.add_to_policy(None).unwrap().unwrap();
        assert_eq!(after["Statement"][0]["Action"], "sns:Publish");
        assert_eq!(topic.add_to_policy(Some(&after)), Ok(None), "one denial is sufficient");
        for (action, sufficient) in
            [("SNS:*", true), ("sns:Pub*", true), ("*", true), ("sns:Subscribe", false)]
        {
            let mut policy = after.clone();
            policy["Statement"][0]["Action"] = json!([action]);
            let is_sufficient = topic.add_to_policy(Some(&policy)).unwrap().is_none();
            assert_eq!(is_sufficient, sufficient, "{action}");
        }
        assert!(topic.add_to_policy(Some(&json!({"Statement": 1}))).is_err());
        let long = json!({"Statement": [{"Sid": "x".repeat(1000), "Effect": "Deny"}]});
        assert!(
            topic.add_to_policy(Some(&long)).unwrap_err().to_string().contains("limit is 1000")
        );
    }
}
