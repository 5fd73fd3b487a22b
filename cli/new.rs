//! `evenkeel new`: a policy and its cases to begin with, from an event's name or from a recorded event.

use crate::exit::{Exit, Stopped};
use crate::output::{BOLD, note, paint, safe};
use clap::Args;
use evenkeel_rules::event::without_version;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Begin a policy: a file with its header, and cases that pass
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel new s3-bucket-unversioned --event s3.amazonaws.com:PutBucketVersioning
  evenkeel new s3-bucket-unversioned --from event.json --type AWS::S3::Bucket
  evenkeel new kms-key-open --event kms.amazonaws.com:PutKeyPolicy --out my-policies/kms

What is marked TODO is yours to say. Then: evenkeel check DIR, evenkeel test DIR.")]
pub(crate) struct New {
    /// The policy's id: what is wrong, in lower case with hyphens, the service first
    id: String,
    /// The event that it judges
    #[arg(long, value_name = "SOURCE:NAME", required_unless_present = "from")]
    event: Option<String>,
    /// A recorded event of that kind: a CloudTrail record, or an event of EventBridge that holds one
    #[arg(long, value_name = "FILE", conflicts_with = "event")]
    from: Option<PathBuf>,
    /// The CloudFormation type of what it is about
    #[arg(long = "type", value_name = "AWS::SERVICE::RESOURCE")]
    kind: Option<String>,
    /// The folder for both files
    #[arg(long, value_name = "DIR", default_value = "policies")]
    out: PathBuf,
}

/// What the new policy is about.
struct Subject {
    source: String,
    name: String,
    record: Value,
}

pub(crate) fn run(command: &New) -> Result<Exit, Stopped> {
    let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if command.id.is_empty() || !command.id.chars().all(is_id) {
        let why = format!("`{}` is no id: lower-case letters, digits and hyphens", command.id);
        return Err(Stopped::Usage(why));
    }
    let subject = match (&command.event, &command.from) {
        (_, Some(file)) => recorded(file)?,
        (Some(event), None) => named(event)?,
        (None, None) => return Err(Stopped::Usage("say which --event".to_owned())),
    };
    let key = key(subject.record.get("requestParameters"));
    let kind = command.kind.clone().unwrap_or_else(|| kind(&subject.source));
    let policy = command.out.join(format!("{}.cel", command.id));
    let cases = command.out.join(format!("{}.test.yaml", command.id));
    create(&policy, &policy_text(&subject, &key, &kind))?;
    create(&cases, &cases_text(&subject, &key)?)?;
    for file in [&policy, &cases] {
        note(&format!("{} written\n", paint(BOLD, &safe(&file.display().to_string()))));
    }
    note(&format!(
        "say what is marked TODO; then: evenkeel test {}\n",
        safe(&policy.display().to_string())
    ));
    Ok(Exit::Well)
}

/// A file that was not there.
fn create(path: &Path, text: &str) -> Result<(), Stopped> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || {
        std::fs::create_dir_all(folder)?;
        std::fs::File::create_new(path)?.write_all(text.as_bytes())
    };
    write().map_err(Stopped::io(format!("cannot write {}", path.display())))
}

fn named(event: &str) -> Result<Subject, Stopped> {
    let (source, name) = event.split_once(':').ok_or_else(|| {
        Stopped::Usage(format!(
            "`{event}` is not SOURCE:NAME, such as s3.amazonaws.com:PutBucketPolicy"
        ))
    })?;
    let record = json!({
        "eventSource": source, "eventName": name, "requestParameters": {"name": "example"}
    });
    Ok(Subject { source: source.to_owned(), name: name.to_owned(), record })
}

/// What a policy looks at of a recorded event: who did it where is filled in by every case.
fn recorded(file: &Path) -> Result<Subject, Stopped> {
    let shown = file.display();
    let text =
        std::fs::read_to_string(file).map_err(Stopped::io(format!("cannot read {shown}")))?;
    let whole: Value = serde_json::from_str(&text)
        .map_err(|error| Stopped::Usage(format!("{shown} is no JSON: {error}")))?;
    let first = whole.pointer("/Records/0").or_else(|| whole.get("detail"));
    let record = first.unwrap_or(&whole);
    let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
    let (Some(source), Some(name)) = (text("eventSource"), text("eventName")) else {
        return Err(Stopped::Usage(format!(
            "{shown} holds no record of CloudTrail: it has no eventSource and eventName"
        )));
    };
    let mut kept = Map::new();
    for field in
        ["eventSource", "eventName", "requestParameters", "responseElements", "additionalEventData"]
    {
        match record.get(field) {
            None | Some(Value::Null) => {}
            Some(value) => drop(kept.insert(field.to_owned(), nameless(value))),
        }
    }
    let name = without_version(&name).to_owned();
    Ok(Subject { source, name, record: Value::Object(kept) })
}

/// A value with the numbers of accounts replaced by one that is nobody's.
fn nameless(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(accountless(text)),
        Value::Array(values) => values.iter().map(nameless).collect(),
        Value::Object(members) => Value::Object(
            members.iter().map(|(name, value)| (name.clone(), nameless(value))).collect(),
        ),
        other => other.clone(),
    }
}

fn accountless(text: &str) -> String {
    let mut out = String::new();
    let mut digits = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        out.push_str(if digits.len() == 12 { "111122223333" } else { &digits });
        digits.clear();
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

/// The first parameter of a request that names something.
fn key(request: Option<&Value>) -> String {
    let texts = request
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(_, value)| value.is_string());
    let mut names = texts.map(|(name, _)| name.clone());
    names.next().unwrap_or_else(|| "name".to_owned())
}

/// A type to begin with.
fn kind(source: &str) -> String {
    let service = source.split('.').next().unwrap_or_default();
    let mut letters = service.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    let service: String =
        first.into_iter().chain(letters).filter(char::is_ascii_alphanumeric).collect();
    format!("AWS::{service}::Resource")
}

/// A field of the request, which may be absent, as CEL reads it.
fn field(key: &str) -> String {
    let is_name = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_name { format!("request.?{key}") } else { format!("request[?{}]", json!(key)) }
}

fn policy_text(subject: &Subject, key: &str, kind: &str) -> String {
    let Subject { source, name, .. } = subject;
    let field = field(key);
    let id = json!(format!("{field}.orValue('')"));
    format!(
        "// METADATA
// title: TODO what is wrong, in a line
// description: >-
//   TODO why that matters.
// severity: MEDIUM
// match:
//   eventSource: {}
//   eventName: {}
// resource:
//   type: {kind}
//   id: {id}
// message: \"TODO {{{{resource.id}}}} is not as it should be\"
// references: []

// TODO: true where it is wrong. For now, wherever the request has this field.
{field}.hasValue()
",
        json!(source),
        json!(name)
    )
}

fn cases_text(subject: &Subject, key: &str) -> Result<String, Stopped> {
    let base = serde_json::to_string_pretty(&subject.record)
        .map_err(|error| Stopped::Wrong(error.to_string()))?;
    let without = json!({"requestParameters": {key: null}});
    Ok(format!(
        "base:
  event: {}
cases:
  - name: TODO what is wrong
    event: event
    expect: NON_COMPLIANT
  - name: TODO what is right, and near it
    event: event
    merge: {without}
    expect: COMPLIANT
",
        base.replace('\n', "\n    ")
    ))
}
