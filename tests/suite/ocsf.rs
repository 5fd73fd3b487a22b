//! Checks that findings have the required attributes of the OCSF class Compliance Finding.
//!
//! Source: schema.ocsf.io, version 1.8.0, class `compliance_finding`, profile `cloud`.

use crate::support::{Folder, evenkeel, violation, with};
use serde_json::{Value, json};

/// A JSON pointer, and a function that checks the type of the value.
type Required = (&'static str, fn(&Value) -> bool);

/// The attributes that the schema requires.
const REQUIRED: [Required; 12] = [
    ("/activity_id", Value::is_i64),
    ("/category_uid", Value::is_i64),
    ("/class_uid", Value::is_i64),
    ("/type_uid", Value::is_i64),
    ("/severity_id", Value::is_i64),
    ("/time", Value::is_i64),
    ("/metadata/version", Value::is_string),
    ("/metadata/product/name", Value::is_string),
    ("/finding_info/uid", Value::is_string),
    ("/compliance", Value::is_object),
    ("/cloud/provider", Value::is_string),
    ("/resources/0/uid", Value::is_string),
];

/// The attributes whose values the schema restricts to a list.
const LISTED: [(&str, &[i64]); 5] = [
    ("/activity_id", &[0, 1, 2, 3, 99]),
    ("/category_uid", &[2]),
    ("/class_uid", &[2003]),
    ("/severity_id", &[0, 1, 2, 3, 4, 5, 6, 99]),
    ("/compliance/status_id", &[0, 1, 2, 3, 99]),
];

fn check(finding: &Value) {
    for (path, is) in REQUIRED {
        let found = finding.pointer(path);
        assert!(found.is_some_and(is), "{path}: {found:?}");
    }
    for (path, values) in LISTED {
        let value = finding.pointer(path).and_then(Value::as_i64).unwrap();
        assert!(values.contains(&value), "{path}: {value}");
    }
    let number = |path| finding.pointer(path).and_then(Value::as_i64).unwrap();
    let type_uid = format!("{}{:02}", number("/class_uid"), number("/activity_id"));
    assert_eq!(number("/type_uid").to_string(), type_uid);
    assert_eq!(finding["metadata"]["version"], "1.8.0");
    // The finding must name each profile whose attributes it uses.
    assert_eq!(finding["metadata"]["profiles"], json!(["cloud"]));
}

#[test]
fn every_finding_has_the_attributes_that_the_schema_requires() {
    let folder = Folder::new();
    let omitted = with(violation(2), json!({"requestParameters": {"omitted": true}}));
    let anonymous = with(violation(3), json!({"userIdentity": null, "recipientAccountId": null}));
    let forged = with(violation(4), json!({"eventID": "mine"}));
    folder.log("a.json", &[violation(1), omitted, anonymous, forged]);
    let run = evenkeel(["replay", &folder.path().display().to_string(), "--format", "ocsf"]);
    let findings = run.findings();
    assert_eq!(findings.len(), 4, "{}", run.err);
    findings.iter().for_each(check);
    let statuses: Vec<&Value> =
        findings.iter().map(|finding| &finding["compliance"]["status_code"]).collect();
    assert!(statuses.contains(&&json!("INSUFFICIENT_DATA")), "{statuses:?}");
    let examples = evenkeel(["replay", "examples/trail", "--format", "ocsf"]);
    examples.findings().iter().for_each(check);
}
