//! Resolves the templates of `deploy/` like AWS CloudFormation.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use super::project;
use super::python::program;

/// The id of the audit account. No other account of the tests has this id.
pub const AUDIT: &str = "999900001111";
/// The home Region of the audit account.
pub const REGION: &str = "eu-central-1";
/// The parameters of both stacks.
const COMMON: [&str; 2] = ["OrganizationId=o-abcdefghij", "ExternalId=only-the-two-stacks-know"];

/// The resolved templates by request, because several tests request the same template.
static ANSWERS: Mutex<BTreeMap<String, Value>> = Mutex::new(BTreeMap::new());

/// Returns the resources of a template with these parameters (`NAME=VALUE`), by logical id.
pub fn resolved(template: &str, account: &str, parameters: &[&str]) -> Value {
    // The template for the import of kept evidence does not have these parameters.
    let common = if template == "kept-evidence.yaml" { [].as_slice() } else { &COMMON };
    let pairs = common.iter().chain(parameters).map(|one| one.split_once('=').unwrap());
    let parameters: BTreeMap<&str, &str> = pairs.collect();
    let asked = json!({
        "template": deploy(template), "account": account, "region": REGION, "parameters": parameters
    });
    let mut answers = ANSWERS.lock().unwrap_or_else(PoisonError::into_inner);
    let asked = asked.to_string();
    let answer = answers.entry(asked).or_insert_with_key(|asked| ask(asked));
    assert!(answer["error"].is_null(), "{template}: {}", answer["error"]);
    answer["resources"].clone()
}

/// Sends a request to the program that resolves templates. All tests of this process share it.
fn ask(asked: &str) -> Value {
    type Reader = (Child, ChildStdin, BufReader<ChildStdout>);
    static READER: Mutex<Option<Reader>> = Mutex::new(None);
    let mut reader = READER.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, input, output) = reader.get_or_insert_with(|| {
        let program = &mut python("resolve.py");
        let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        (child, input, BufReader::new(output))
    });
    writeln!(input, "{asked}").unwrap();
    let mut answer = String::new();
    output.read_line(&mut answer).unwrap();
    serde_json::from_str(&answer).unwrap()
}

/// Returns the resources of the template for the audit account.
pub fn audit_account(parameters: &[&str]) -> Value {
    resolved("audit-account.yaml", AUDIT, parameters)
}

/// Returns the resources of the template for a member account.
pub fn member_account(account: &str, parameters: &[&str]) -> Value {
    let bus = format!("BusArn=arn:aws:events:{REGION}:{AUDIT}:event-bus/evenkeel");
    let (audit, home) = (format!("AuditAccountId={AUDIT}"), format!("HomeRegion={REGION}"));
    let all = [&[bus.as_str(), audit.as_str(), home.as_str()], parameters].concat();
    resolved("member-account.yaml", account, &all)
}

/// Returns the command of a Python program in `tests/testing/template`.
pub fn python(name: &str) -> Command {
    let mut command = program(&format!("template/{name}"));
    command.env("AWS_DEFAULT_REGION", REGION);
    command
}

/// Returns the path of a file in `deploy/`.
pub fn deploy(file: &str) -> PathBuf {
    project("deploy").join(file)
}

/// Returns the properties of the role or managed policy with this name.
pub fn named<'a>(resources: &'a Value, name: &str) -> &'a Value {
    let is_it = |one: &&Value| {
        let properties = &one["Properties"];
        ["RoleName", "ManagedPolicyName"].iter().any(|kind| properties[*kind] == name)
    };
    let one = resources.as_object().unwrap().values().find(is_it);
    &one.unwrap_or_else(|| panic!("no role or managed policy has the name {name}"))["Properties"]
}

/// Returns the statements of a role's inline policy, or of a policy resource.
pub fn statements(of: &Value) -> Vec<Value> {
    let inline = &of["Policies"][0]["PolicyDocument"];
    let document = if inline.is_null() { &of["PolicyDocument"] } else { inline };
    document["Statement"].as_array().unwrap().clone()
}
