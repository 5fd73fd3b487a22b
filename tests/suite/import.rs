//! Tests `evenkeel import sigma`: imported policies follow the Sigma specification and do not fail.

use crate::support::{Chance, Folder, Run, evenkeel};
use evenkeel_rules::event::CloudTrailEvent;
use evenkeel_rules::json::JsonTape;
use evenkeel_rules::policy::{Policy, PolicyFile, PolicySet};
use evenkeel_rules::{ComplianceStatus, ResourceContext, evaluate_event};
use evenkeel_sigma::{ImportOutcome, ImportedPolicy, import_rules};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sigma");

/// Returns the Sigma files whose rules are imported.
fn files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(RULES).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "yml")).collect();
    files.sort();
    files
}

fn imported() -> Vec<ImportedPolicy> {
    let text =
        |path: &PathBuf| (path.display().to_string(), std::fs::read_to_string(path).unwrap());
    let files: Vec<(String, String)> = files().iter().map(text).collect();
    let policy = |document: evenkeel_sigma::DocumentOutcome| match document.outcome {
        ImportOutcome::Imported(new) => *new,
        other => panic!("{}:{}: {other:?}", document.file, document.line),
    };
    import_rules(&files).into_iter().map(policy).collect()
}

fn compiled(all: &[ImportedPolicy]) -> PolicySet {
    let file = |new: &ImportedPolicy| PolicyFile {
        name: format!("{}.cel", new.id),
        text: new.policy.clone(),
    };
    PolicySet::compile_files(&all.iter().map(file).collect::<Vec<_>>(), None).unwrap()
}

/// Merges `patch` into `value`. A null in the patch removes the field; the text `NULL-VALUE`
/// becomes null.
fn merged(mut value: Value, patch: &Value) -> Value {
    fn merge(value: &mut Value, patch: &Value) {
        let Some(fields) = patch.as_object() else {
            *value = patch.clone();
            return;
        };
        if !value.is_object() {
            *value = json!({});
        }
        for (name, field) in fields {
            if field.is_null() {
                value.as_object_mut().unwrap().shift_remove(name);
            } else {
                merge(&mut value[name], field);
            }
        }
    }
    fn nulls(value: &mut Value) {
        match value {
            Value::String(text) if text == "NULL-VALUE" => *value = Value::Null,
            Value::Array(items) => items.iter_mut().for_each(nulls),
            Value::Object(fields) => fields.values_mut().for_each(nulls),
            _ => {}
        }
    }
    merge(&mut value, patch);
    nulls(&mut value);
    value
}

fn status(policy: &Policy, event: &Value) -> (ComplianceStatus, String) {
    let text = event.to_string();
    let mut tape = JsonTape::default();
    let event = CloudTrailEvent::parse_record(&text, &mut tape).unwrap();
    if !policy.matches.matches_event(&event.source, &event.name) {
        return (ComplianceStatus::NotApplicable, String::new());
    }
    let evaluation = evaluate_event(policy, &event, &ResourceContext::default()).remove(0);
    (evaluation.status, evaluation.message)
}

#[test]
fn each_imported_rule_finds_the_expected_events_and_no_others() {
    let table = std::fs::read_to_string(format!("{RULES}/table.yaml")).unwrap();
    let table: BTreeMap<String, Value> = serde_saphyr::from_str(&table).unwrap();
    let all = imported();
    let set = compiled(&all);
    let mut wrong = Vec::new();
    for new in &all {
        let row =
            table.get(&new.id).unwrap_or_else(|| panic!("{} has no row in table.yaml", new.id));
        let policy = set.find_policy(&new.id).unwrap();
        for (column, found) in [("yes", true), ("no", false)] {
            for patch in row[column].as_array().unwrap() {
                let (said, message) = status(policy, &merged(row["base"].clone(), patch));
                let right = match said {
                    ComplianceStatus::NonCompliant => found,
                    ComplianceStatus::Compliant
                    | ComplianceStatus::NotApplicable
                    | ComplianceStatus::InsufficientData => !found,
                    ComplianceStatus::Error => false,
                };
                if !right {
                    wrong.push(format!("{}: {patch} gives {said} {message}", new.id));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(table.len(), all.len(), "table.yaml has a row without a rule");
}

#[test]
fn a_long_list_of_values_is_imported() {
    let names: Vec<String> = (0..700).map(|number| format!("suspicious-user-{number}")).collect();
    let rule = json!({
        "title": "Long", "logsource": {"product": "aws", "service": "cloudtrail"},
        "detection": {"condition": "selection", "selection": {
            "eventSource": "iam.amazonaws.com", "eventName": "CreateUser",
            "requestParameters.userName": names
        }}
    });
    let documents = import_rules(&[("long.yml".to_owned(), rule.to_string())]);
    let ImportOutcome::Imported(new) = documents[0].outcome.clone() else {
        panic!("{documents:?}")
    };
    let set = compiled(std::slice::from_ref(&*new));
    for (name, found) in [("suspicious-USER-699", true), ("suspicious-user-700", false)] {
        let event = json!({
            "eventSource": "iam.amazonaws.com", "eventName": "CreateUser",
            "requestParameters": {"userName": name}
        });
        let (said, _) = status(set.find_policy("long").unwrap(), &event);
        assert_eq!(said == ComplianceStatus::NonCompliant, found, "{name}");
    }
}

/// Returns the literal sources and names of `match`, or a well-known one for `*`.
fn literals<'a>(values: &'a [String], common: &'a str) -> Vec<&'a str> {
    values.iter().map(|value| if value == "*" { common } else { value }).collect()
}

#[test]
fn a_rule_without_an_event_name_matches_every_event_and_names_the_identity_that_it_requires() {
    let set = compiled(&imported());
    let any = ["*"].as_slice();
    for (id, source, name, identity) in [
        ("any-call-by-the-root-user", any, any, ["Root"].as_slice()),
        (
            "any-call-by-an-assumed-role-or-a-federated-user",
            any,
            any,
            ["AssumedRole", "FederatedUser"].as_slice(),
        ),
        ("any-call-of-a-scanner", any, any, &[]),
        ("instance-credentials-outside-systems-manager", any, any, &[]),
        ("changes-by-hand", any, any, &[]),
        ("a-source-or-an-event-name", any, any, &[]),
        ("a-source-without-an-event-name", &["signin.amazonaws.com"], any, &[]),
        // Every event that these rules match is a violation, but the cases need a compliant event.
        ("nothing-but-the-identity", any, any, &[]),
        ("every-call-of-a-service", any, any, &[]),
    ] {
        let matches = &set.find_policy(id).unwrap_or_else(|| panic!("{id}")).matches;
        assert_eq!(
            (&*matches.event_source, &*matches.event_name, &*matches.identity_type),
            (&*owned(source), &*owned(name), &*owned(identity)),
            "{id}"
        );
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn omitted_or_redacted_data_gives_insufficient_data_unless_the_rule_matches() {
    let set = compiled(&imported());
    let event = |parameters: &Value, response: &Value| {
        json!({"eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin",
            "responseElements": response, "additionalEventData": {"MFAUsed": "No"},
            "requestParameters": parameters})
    };
    let (omitted, redacted) = (json!({"omitted": true}), json!("HIDDEN_DUE_TO_SECURITY_REASONS"));
    let policy = set.find_policy("an-event-name-without-a-source").unwrap();
    for (parameters, response, expected) in [
        (&Value::Null, &omitted, ComplianceStatus::InsufficientData),
        (&Value::Null, &redacted, ComplianceStatus::InsufficientData),
        (&omitted, &json!({"ConsoleLogin": "Failure"}), ComplianceStatus::NonCompliant),
        (&omitted, &json!({"ConsoleLogin": "Success"}), ComplianceStatus::Compliant),
        (&Value::Null, &Value::Null, ComplianceStatus::Compliant),
        (&Value::Null, &json!({"omitted": false}), ComplianceStatus::Compliant),
    ] {
        let (said, message) = status(policy, &event(parameters, response));
        assert_eq!(said, expected, "{parameters} {response}: {message}");
    }
}

#[test]
fn a_generated_event_contains_objects_where_aws_writes_objects() {
    for new in imported() {
        let cases: Value = serde_saphyr::from_str(&new.cases).unwrap();
        let base = &cases["base"]["event"];
        let merges = cases["cases"].as_array().unwrap().iter();
        let known = merges.filter(|case| case["expect"] != "INSUFFICIENT_DATA");
        for event in std::iter::once(base).chain(known.map(|case| &case["merge"])) {
            for field in ["requestParameters", "responseElements", "userIdentity"] {
                let value = event.get(field).unwrap_or(&Value::Null);
                assert!(value.is_object() || value.is_null(), "{}: {event}", new.id);
            }
        }
    }
}

#[test]
fn a_copy_of_a_rule_is_skipped_and_another_rule_with_the_same_id_is_refused() {
    let folder = Folder::new();
    let rule = "title: The rule\nid: 00000000-0000-4000-8000-000000000700\nlogsource: {product: aws, \
                service: cloudtrail}\ndetection:\n  selection:\n    eventSource: iam.amazonaws.com\n    \
                eventName: CreateUser\n  condition: selection\n";
    let first = folder.write("rules/a.yml", rule);
    folder.write("rules/b.yml", format!("# a copy\n{rule}"));
    let rules = folder.path().join("rules").display().to_string();
    let out = folder.path().join("out").display().to_string();
    let same = run(&[&rules, "--out", &out]);
    assert_eq!(same.code, 0, "{}", same.err);
    let copied = format!("b.yml:1: the same rule as in {}", first.display());
    assert!(same.err.contains(&copied), "{}", same.err);
    assert!(same.err.contains("1 policy imported, 0 refused, 1 skipped"), "{}", same.err);
    folder.write("rules/b.yml", rule.replace("CreateUser", "DeleteUser"));
    let other = run(&[&rules, "--out", &out]);
    assert_eq!(other.code, 1, "{}", other.err);
    assert!(other.err.contains("`the-rule` is already used"), "{}", other.err);
}

fn run(arguments: &[&str]) -> Run {
    evenkeel(["import", "sigma"].iter().chain(arguments))
}

#[test]
fn imported_policies_pass_check_and_test_and_can_be_replayed() {
    let folder = Folder::new();
    let out = folder.path().join("out").display().to_string();
    let paths: Vec<String> = files().iter().map(|path| path.display().to_string()).collect();
    let mut arguments: Vec<&str> = paths.iter().map(String::as_str).collect();
    arguments.extend(["--out", &out]);
    let first = run(&arguments);
    assert_eq!(first.code, 0, "{}", first.err);
    assert!(!first.err.contains("this condition is"), "{}", first.err);
    for command in ["check", "test"] {
        let run = evenkeel([command, &out]);
        assert_eq!(run.code, 0, "{command}: {}{}", run.out, run.err);
        let is_quiet = command != "check" || run.err.contains("no problems");
        assert!(is_quiet, "{}{}", run.out, run.err);
    }
    let record = json!({
        "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging", "eventID": "1",
        "eventTime": "2026-03-11T12:00:00Z", "recipientAccountId": "111122223333",
        "userIdentity": {"arn": "arn:aws:iam::111122223333:user/jo"}, "awsRegion": "eu-central-1"
    });
    let log = folder.log("log.json.gz", &[record]);
    let replayed =
        evenkeel(["replay", log.to_str().unwrap(), "--policies", &out, "--format", "jsonl"]);
    let mut found: Vec<String> = replayed
        .findings()
        .iter()
        .map(|finding| format!("{} {}", finding["resource"]["id"], finding["message"]))
        .collect();
    found.sort();
    assert_eq!(
        found,
        [
            "\"111122223333\" \"A source or an event name: arn:aws:iam::111122223333:user/jo in account 111122223333\"",
            "\"111122223333\" \"Changes by hand: arn:aws:iam::111122223333:user/jo in account 111122223333\"",
            "\"111122223333\" \"Exact source and name: arn:aws:iam::111122223333:user/jo in account 111122223333\"",
            "\"111122223333\" \"One of several selections: arn:aws:iam::111122223333:user/jo in account 111122223333\"",
        ]
    );
    let names = |folder: &str| {
        let mut all: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.display().to_string(), std::fs::read(path).unwrap()))
            .collect();
        all.sort();
        all
    };
    let before = names(&out);
    let again = run(&arguments);
    assert_eq!(
        (again.code, names(&out)),
        (0, before),
        "a second import of the same rules writes other files"
    );
}

#[test]
fn a_rule_that_cannot_be_imported_is_refused_with_its_line_and_reason() {
    let folder = Folder::new();
    let out = folder.path().join("out");
    let refused = format!("{RULES}/refused");
    let run = run(&[&refused, "--out", out.to_str().unwrap()]);
    assert_eq!(run.code, 1);
    for (place, why) in [
        ("aggregation.yml:7", "`|` counts"),
        ("broken.yml:3", "not valid YAML"),
        ("correlation.yml:10", "correlation rule"),
        ("keywords.yml:7", "selection `keywords`: keywords are searched"),
        ("keywords.yml:16", "keywords are searched"),
        ("modifiers.yml:7", "`nearly` is not a known modifier"),
        ("modifiers.yml:16", "placeholders"),
        ("modifiers.yml:25", "look-around"),
        ("timeframe.yml:1", "`timeframe`"),
        ("twice.yml:9", "`the-same-title`"),
        ("unwatched.yml:3", "`iam` is not a valid event source"),
        ("unwatched.yml:11", "AWS has no event"),
        ("unwatched.yml:18", "contradict itself"),
    ] {
        let line = run
            .err
            .lines()
            .find(|line| line.starts_with("refused") && line.contains(&format!("{place}:")));
        assert!(line.is_some_and(|line| line.contains(why)), "{place} {why}: {}", run.err);
    }
    assert!(run.err.contains("others.yml:1: its log source is not aws/cloudtrail but windows"));
    assert!(run.err.contains("others.yml:8: not a Sigma rule"), "{}", run.err);
    assert!(run.err.contains("2 policies imported, 13 refused, 3 skipped"), "{}", run.err);
    assert!(out.join("a-valid-rule.cel").is_file() && out.join("the-same-title.cel").is_file());
}

#[test]
fn existing_files_are_overwritten_only_with_force() {
    let folder = Folder::new();
    let rule = Path::new(RULES).join("strings.yml");
    let text = std::fs::read_to_string(rule).unwrap();
    let rule = folder.write("rule.yml", text.split("---").next().unwrap());
    let (rule, out) = (rule.to_str().unwrap(), folder.path().join("out"));
    let dry = run(&[rule, "--dry-run", "--out", out.to_str().unwrap()]);
    assert_eq!(dry.code, 0, "{}", dry.err);
    assert!(!out.exists() && dry.out.contains("text-is-compared-without-case.test.yaml"));
    for part in [
        "severity: HIGH",
        "MITRE-ATTACK: [T1098, T1098.001]",
        "Sigma rule 00000000-0000-4000-8000-000000000101",
        "the authors of Evenkeel",
        "False positives: Administrators; A console that: does this.",
        "https://example.com/one",
        "eventName: CreateUser",
        "outcome: any",
    ] {
        let text = dry.out.replace("\n//   ", " ");
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(run(&[rule, "--out", out.to_str().unwrap()]).code, 0);
    let mine = folder.write("out/text-is-compared-without-case.cel", "mine");
    let kept = run(&[rule, "--out", out.to_str().unwrap()]);
    assert!(kept.code == 1 && kept.err.contains("--force"), "{}", kept.err);
    assert_eq!(std::fs::read_to_string(&mine).unwrap(), "mine");
    assert_eq!(run(&[rule, "--out", out.to_str().unwrap(), "--force"]).code, 0);
    assert_ne!(std::fs::read_to_string(&mine).unwrap(), "mine");
    let none = run(&[folder.path().join("out").to_str().unwrap()]);
    assert!(none.code == 0 && none.err.contains("not a Sigma rule"), "{}", none.err);
    assert_eq!(run(&[folder.path().join("gone.yml").to_str().unwrap()]).code, 3);
}

#[test]
fn hostile_texts_in_a_rule_are_escaped() {
    let title = "Evil \\u202e {{event}} '\\\" \\u001b[31m lint: allow unknown-event x";
    let value = "x'); true && ('\\u202e // lint: allow unknown-event y {{1/0}} \\\\ ${} \\n---\\n";
    let text = format!(
        "title: \"{title}\"\ndescription: \"{title}\"\nauthor: \"{title}\"\nid: \"{title}\"\n\
         references: [\"{title}\"]\nfalsepositives: [\"{title}\"]\n\
         logsource: {{product: aws, service: cloudtrail}}\ndetection:\n  \"in{title}\":\n    eventSource: \
         iam.amazonaws.com\n    eventName: CreateUser\n    \"a.{value}\": \"{value}\"\n    \"b.{value}|contains\": \
         \"{value}\"\n    \"c.{value}|re\": \"[']\"\n  condition: all of in*\n"
    );
    let folder = Folder::new();
    let rule = folder.write("rule.yml", text);
    let out = folder.path().join("out").display().to_string();
    let run = run(&[rule.to_str().unwrap(), "--out", &out]);
    assert_eq!(run.code, 0, "{}", run.err);
    for command in ["check", "test"] {
        let run = evenkeel([command, &out]);
        assert_eq!(run.code, 0, "{command}: {}{}", run.out, run.err);
    }
    for entry in std::fs::read_dir(&out).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.chars().any(|c| c != '\n' && evenkeel_rules::is_deceptive(c)), "{text}");
    }
}

impl Chance {
    /// Returns random JSON of at most `depth` levels, with field names from `names`.
    fn value(&mut self, names: &[String], depth: usize) -> Value {
        let scalars = [
            json!(null),
            json!(true),
            json!(0),
            json!(-1.5e300),
            json!(18_446_744_073_709_551_615_u64),
            json!(""),
            json!("admin"),
            json!("10.1.2.3"),
            json!("1e9"),
            json!("é\u{0}\n"),
            json!("0.0.0.0/0"),
        ];
        match self.below(if depth == 0 { 1 } else { 3 }) {
            0 => scalars[self.below(scalars.len())].clone(),
            1 => (0..self.below(3)).map(|_| self.value(names, depth.saturating_sub(1))).collect(),
            _ => {
                let mut fields = serde_json::Map::new();
                for _ in 0..self.below(4) {
                    let name = names[self.below(names.len())].clone();
                    fields.insert(name, self.value(names, depth.saturating_sub(1)));
                }
                Value::Object(fields)
            }
        }
    }
}

#[test]
fn an_imported_policy_fails_for_no_event() {
    let all = imported();
    let set = compiled(&all);
    let mut names: Vec<String> = Vec::new();
    for part in all.iter().flat_map(|new| new.policy.split('\'')).filter(|part| part.contains('.'))
    {
        names.extend(part.split('.').filter(|name| name.len() < 40).map(str::to_owned));
    }
    names.sort();
    names.dedup();
    let fields = [
        "requestParameters",
        "responseElements",
        "userIdentity",
        "additionalEventData",
        "sourceIPAddress",
        "eventTime",
        "errorCode",
        "errorMessage",
        "recipientAccountId",
    ];
    let mut chance = Chance(11);
    for policy in set.policies() {
        for _ in 0..60 {
            let sources = literals(&policy.matches.event_source, "sts.amazonaws.com");
            let event_names = literals(&policy.matches.event_name, "GetCallerIdentity");
            let source = sources[chance.below(sources.len())];
            let name = event_names[chance.below(event_names.len())];
            let mut event = json!({"eventSource": source, "eventName": name});
            for field in fields {
                if chance.below(3) > 0 {
                    event[field] = chance.value(&names, 5);
                }
            }
            let (said, message) = status(policy, &event);
            assert_ne!(said, ComplianceStatus::Error, "{}: {message}: {event}", policy.id);
            assert!(!message.contains('<'), "{}: {message}: {event}", policy.id);
        }
    }
}
