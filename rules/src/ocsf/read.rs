//! A finding read back from its record.

use chrono::{DateTime, SecondsFormat};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

use crate::evaluate::Resource;
use crate::finding::{Action, Actor, Finding};
use crate::policy::Severity;

/// The finding that a record tells of; none if it is not one of ours.
///
/// All of it but the user agent, which records do not hold. Where nothing stands in the record, nothing stands in
/// the finding.
pub fn finding(record: &Value) -> Option<Finding> {
    let text = |path: &str| record.pointer(path).and_then(Value::as_str);
    let owned = |path: &str| text(path).unwrap_or_default().to_owned();
    let unmapped = |name: &str| record.pointer(&format!("/unmapped/{name}")).cloned();
    let name = owned("/resources/0/name");
    Some(Finding {
        uid: Uuid::parse_str(text("/finding_info/uid")?).ok()?,
        policy: text("/finding_info/analytic/uid")?.to_owned(),
        title: owned("/finding_info/title"),
        severity: severity(record.get("severity_id").and_then(Value::as_u64)),
        status: serde_json::from_value(record.pointer("/compliance/status_code")?.clone()).ok()?,
        message: owned("/message"),
        resource: Resource {
            kind: owned("/resources/0/type"),
            arn: text("/resources/0/uid").filter(|uid| *uid != name).map(str::to_owned),
            id: name,
            account: owned("/cloud/account/uid"),
            region: owned("/cloud/region"),
        },
        action: Action {
            id: owned("/evidences/0/data/action_uid"),
            event_id: owned("/evidences/0/api/request/uid"),
            event_source: owned("/evidences/0/api/service/name"),
            event_name: owned("/evidences/0/api/operation"),
            event_time: time(record.get("time").and_then(Value::as_i64)),
            error_code: text("/evidences/0/api/response/error").map(str::to_owned),
        },
        actor: Actor {
            kind: owned("/evidences/0/actor/user/type"),
            principal: owned("/evidences/0/actor/user/uid"),
            account: owned("/evidences/0/actor/user/account/uid"),
            source_address: owned("/evidences/0/src_endpoint/name"),
            user_agent: String::new(),
            remediator: text("/unmapped/remediator").map(str::to_owned),
        },
        evidence: record
            .pointer("/evidences/0/data/violations")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default(),
        controls: controls(record),
        remediation: unmapped("remediation").and_then(|one| serde_json::from_value(one).ok()),
        suspect: text("/unmapped/suspect").map(str::to_owned),
        suppressed: unmapped("waiver").and_then(|one| serde_json::from_value(one).ok()),
    })
}

fn severity(id: Option<u64>) -> Severity {
    match id {
        Some(5) => Severity::Critical,
        Some(4) => Severity::High,
        Some(3) => Severity::Medium,
        Some(2) => Severity::Low,
        _ => Severity::Informational,
    }
}

/// As CloudTrail writes it.
fn time(milliseconds: Option<i64>) -> String {
    let time = milliseconds.filter(|time| *time != 0).and_then(DateTime::from_timestamp_millis);
    time.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true)).unwrap_or_default()
}

fn controls(record: &Value) -> BTreeMap<String, Vec<String>> {
    let list = |path: &str| record.pointer(path).and_then(Value::as_array).into_iter().flatten();
    let requirements: Vec<&str> =
        list("/compliance/requirements").filter_map(Value::as_str).collect();
    let frameworks = list("/compliance/standards").filter_map(Value::as_str);
    frameworks
        .map(|framework| {
            let prefix = format!("{framework}/");
            let ids = requirements.iter().filter_map(|one| one.strip_prefix(&prefix));
            (framework.to_owned(), ids.map(str::to_owned).collect())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::ComplianceStatus;
    use crate::finding::Suppression;
    use crate::policy::{Mode, RemediationHeader, Tier};
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_again() {
        let mut finding = Finding {
            uid: Uuid::from_u128(7),
            policy: "s3-bucket-policy-public".to_owned(),
            title: "t".to_owned(),
            severity: Severity::High,
            status: ComplianceStatus::NonCompliant,
            message: "m".to_owned(),
            resource: Resource {
                kind: "AWS::S3::Bucket".to_owned(),
                id: "b".to_owned(),
                arn: Some("arn:aws:s3:::b".to_owned()),
                account: "111122223333".to_owned(),
                region: "eu-central-1".to_owned(),
            },
            action: Action {
                id: "a".to_owned(),
                event_id: "e".to_owned(),
                event_source: "s3.amazonaws.com".to_owned(),
                event_name: "PutBucketPolicy".to_owned(),
                event_time: "2026-03-11T14:45:33Z".to_owned(),
                error_code: Some("AccessDenied".to_owned()),
            },
            actor: Actor {
                kind: "IAMUser".to_owned(),
                principal: "arn:aws:iam::111122223333:user/mara".to_owned(),
                account: "111122223333".to_owned(),
                source_address: "192.0.2.1".to_owned(),
                user_agent: String::new(),
                remediator: Some("s3".to_owned()),
            },
            evidence: vec![json!({"Sid": "x"})],
            controls: [("NIST".to_owned(), vec!["AC-3".to_owned(), "AC-4".to_owned()])].into(),
            remediation: Some(RemediationHeader {
                run: "s3-x".to_owned(),
                mode: Mode::Auto,
                tier: Some(Tier::A),
                actions: vec!["s3:PutX".to_owned()],
                patch: Some([("P".to_owned(), json!(true))].into_iter().collect()),
                with: [("level".to_owned(), json!("INFO"))].into(),
                ask: Some("q".to_owned()),
            }),
            suspect: Some("s".to_owned()),
            suppressed: Some(Suppression {
                waiver: "w".to_owned(),
                reason: "r".to_owned(),
                ticket: None,
            }),
        };
        let read = |one: &Finding| super::finding(&super::super::compliance_finding(one)).unwrap();
        assert_eq!(read(&finding), finding);
        (finding.resource.arn, finding.suppressed, finding.remediation) = (None, None, None);
        assert_eq!(read(&finding), finding);
        assert_eq!(super::finding(&json!({"class_uid": 2003})), None);
    }
}
