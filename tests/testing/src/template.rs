//! The templates of `deploy/`, read as AWS CloudFormation would read them.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::project;
use super::python::program;

/// The account that judges; no test has it for anything else.
pub const AUDIT: &str = "999900001111";
/// Where it is at home.
pub const REGION: &str = "eu-central-1";
/// Parameters of both stacks.
const COMMON: [&str; 2] = ["OrganizationId=o-abcdefghij", "ExternalId=only-the-two-stacks-know"];

/// The resources of a template with these parameters, by their logical ids.
pub fn resolved(template: &str, account: &str, parameters: &[&str]) -> Value {
    // What is imported before a deployment has no such parameters.
    let common = if template == "kept-evidence.yaml" { [].as_slice() } else { &COMMON };
    let output = python("resolve.py")
        .arg(deploy(template))
        .args([account, REGION])
        .args(common)
        .args(parameters)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The resources of the account that judges.
pub fn audit_account(parameters: &[&str]) -> Value {
    resolved("audit-account.yaml", AUDIT, parameters)
}

/// The resources of an account that is judged.
pub fn member_account(account: &str, parameters: &[&str]) -> Value {
    let bus = format!("BusArn=arn:aws:events:{REGION}:{AUDIT}:event-bus/evenkeel");
    let (audit, home) = (format!("AuditAccountId={AUDIT}"), format!("HomeRegion={REGION}"));
    let all = [&[bus.as_str(), audit.as_str(), home.as_str()], parameters].concat();
    resolved("member-account.yaml", account, &all)
}

/// A program that deals with templates.
pub fn python(name: &str) -> Command {
    let mut command = program(&format!("template/{name}"));
    command.env("AWS_DEFAULT_REGION", REGION);
    command
}

/// A file of `deploy/`.
pub fn deploy(file: &str) -> PathBuf {
    project("deploy").join(file)
}

/// The resource with that name, such as a role's.
pub fn named<'a>(resources: &'a Value, name: &str) -> &'a Value {
    let is_it = |one: &&Value| {
        let properties = &one["Properties"];
        ["RoleName", "ManagedPolicyName"].iter().any(|kind| properties[*kind] == name)
    };
    let one = resources.as_object().unwrap().values().find(is_it);
    &one.unwrap_or_else(|| panic!("nothing is called {name}"))["Properties"]
}

/// What a role, or a policy by itself, says.
pub fn statements(of: &Value) -> Vec<Value> {
    let inline = &of["Policies"][0]["PolicyDocument"];
    let document = if inline.is_null() { &of["PolicyDocument"] } else { inline };
    document["Statement"].as_array().unwrap().clone()
}
