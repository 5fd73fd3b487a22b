//! Tests `evenkeel schema`: fields of events, and the JSON schemas of policy headers and test
//! files.

use crate::support::evenkeel;
use serde_json::Value;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_fields_of_an_event_are_listed_with_their_types() {
    let run = evenkeel(["schema", "apigateway.amazonaws.com:PutIntegration"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let line = |name: &str| {
        run.out
            .lines()
            .find(|line| line.trim_start().starts_with(name))
            .unwrap_or_default()
            .to_owned()
    };
    assert!(line("restApiId").ends_with("string  required"), "{}", run.out);
    assert!(line("connectionType").ends_with("INTERNET | VPC_LINK"), "{}", run.out);
    assert!(
        line("insecureSkipVerification").starts_with("    ")
            && line("insecureSkipVerification").ends_with("bool")
    );
    assert!(run.out.contains("apigateway-integration-http"), "{}", run.out);

    let run = evenkeel(["schema", "apigateway.amazonaws.com:PutIntegration", "--format", "json"]);
    let document: Value = serde_json::from_str(&run.out).unwrap();
    let request = document["request"].as_array().unwrap();
    let tls = request.iter().find(|field| field["name"] == "tlsConfig").unwrap();
    assert_eq!(tls["fields"][0]["name"], "insecureSkipVerification");
}

#[test]
fn services_and_their_events_are_listed() {
    let sources = evenkeel(["schema"]);
    assert!(sources.out.lines().any(|line| line == "kms.amazonaws.com"), "{}", sources.out);
    let events = evenkeel(["schema", "kms.amazonaws.com"]);
    assert!(events.out.lines().any(|line| line == "PutKeyPolicy"), "{}", events.out);
    assert!(!events.out.contains("ListKeys"), "a read-only call is listed: {}", events.out);
    for (what, help) in
        [("kms", "kms.amazonaws.com"), ("kms.amazonaws.com:PutKeyPolcy", "PutKeyPolicy")]
    {
        let run = evenkeel(["schema", what]);
        assert!(
            run.code == 2 && run.err.contains(&format!("did you mean `{help}`?")),
            "{}",
            run.err
        );
    }
}

fn files(ending: &str) -> Vec<PathBuf> {
    walkdir::WalkDir::new(Path::new(ROOT).join("policies"))
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.to_str().unwrap().ends_with(ending))
        .collect()
}

fn schema(name: &str) -> Value {
    serde_json::from_str(&evenkeel(["schema", name]).out).unwrap()
}

/// Returns whether a value matches a schema. Supports only the keywords of our schemas, because a
/// complete validator needs many crates.
fn matches_schema(schema: &Value, value: &Value) -> bool {
    let keyword = |name: &str| schema.get(name);
    let all = |name: &str, holds: &dyn Fn(&Value) -> bool| keyword(name).is_none_or(holds);
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let has = |name: &Value| value.get(name.as_str().unwrap()).is_some();
    let is = |kind: &Value| match kind.as_str().unwrap() {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("no such type: {other}"),
    };
    let member = |(name, member): (&String, &Value)| {
        let own = keyword("properties").and_then(|properties| properties.get(name));
        match (own, keyword("additionalProperties")) {
            (Some(schema), _) | (None, Some(schema @ Value::Object(_))) => {
                matches_schema(schema, member)
            }
            (None, Some(Value::Bool(free))) => *free,
            _ => true,
        }
    };
    all("type", &|kinds| if kinds.is_array() { list(kinds).iter().any(is) } else { is(kinds) })
        && all("enum", &|values| list(values).contains(value))
        && all("required", &|names| list(names).iter().all(has))
        && all("oneOf", &|schemas| {
            list(schemas).iter().filter(|schema| matches_schema(schema, value)).count() == 1
        })
        && all("anyOf", &|schemas| list(schemas).iter().any(|schema| matches_schema(schema, value)))
        && all("items", &|schema| list(value).iter().all(|element| matches_schema(schema, element)))
        && all("pattern", &|pattern| {
            let pattern = regex::Regex::new(pattern.as_str().unwrap()).unwrap();
            value.as_str().is_none_or(|text| pattern.is_match(text))
        })
        && value.as_object().is_none_or(|members| members.iter().all(member))
}

/// Returns the header of a policy as YAML.
fn header(text: &str) -> String {
    let lines = text.lines().skip(1).map_while(|line| line.strip_prefix("//"));
    lines.filter(|line| !line.trim_start().starts_with("lint: ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_shipped_policies_match_the_schemas() {
    let (headers, cases) = (schema("header"), schema("test"));
    let (policies, tests) = (files(".cel"), files(".test.yaml"));
    assert!(policies.len() > 40 && tests.len() == policies.len());
    for path in policies {
        let yaml = header(&std::fs::read_to_string(&path).unwrap());
        let value: Value = serde_saphyr::from_str(&yaml).unwrap();
        assert!(matches_schema(&headers, &value), "{}", path.display());
    }
    for path in tests {
        let value: Value =
            serde_saphyr::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert!(matches_schema(&cases, &value), "{}", path.display());
    }
}

#[test]
fn the_schemas_reject_what_the_program_rejects() {
    let (headers, cases) = (schema("header"), schema("test"));
    let right = "title: t\ndescription: d\nseverity: LOW\nmatch: {eventSource: s3.amazonaws.com, eventName: A}\nresource: {type: T, id: i}\nmessage: m\n";
    let is_valid =
        |yaml: &str| matches_schema(&headers, &serde_saphyr::from_str::<Value>(yaml).unwrap());
    assert!(is_valid(right));
    for (from, to) in [
        ("severity: LOW", "severity: AWFUL"),
        ("severity", "severty"),
        (", eventName: A", ""),
        ("eventName", "eventNames"),
        ("message: m\n", ""),
        ("message: m", "message: m\nremediation: {run: a}"),
        ("message: m", "message: m\nparameters: {a: {type: text, default: a}}"),
    ] {
        assert!(!is_valid(&right.replace(from, to)), "{to}");
    }
    let case = "base: {a: {}}\ncases: [{name: some, expect: COMPLIANT}]\n";
    let is_valid =
        |yaml: &str| matches_schema(&cases, &serde_saphyr::from_str::<Value>(yaml).unwrap());
    assert!(
        is_valid(case)
            && !is_valid(&case.replace("COMPLIANT", "FINE"))
            && !is_valid(&case.replace("name", "nome"))
    );
}
