//! Whether a caller is a stranger: nothing in a document names it.

use std::net::IpAddr;

use evenkeel_iam::{Caller, Request};
use ipnet::IpNet;
use serde_json::Value;

/// Keys whose values identify the caller, its organization or its network.
const NAMING_KEYS: &[&str] = &[
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:userid",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourcearn",
];

/// Returns whether a document has a condition on the resource for which a service calls.
fn limits_source(json: &Value) -> bool {
    let text = json.to_string().to_lowercase();
    ["account", "arn", "orgid", "orgpaths", "owner"]
        .iter()
        .map(|ending| format!("\"aws:source{ending}\""))
        .chain(["\"aws:principalservicename".to_owned()])
        .any(|key| text.contains(&key))
}

/// Returns whether a caller is a stranger for the documents. The answer is no in cases of doubt.
pub(crate) fn is_stranger(request: &Request, documents: &[&Value]) -> bool {
    let texts: Vec<String> = documents.iter().flat_map(|json| list_texts(json)).collect();
    let names = |part: &str| texts.iter().any(|text| text.contains(part));
    let account = match &request.caller {
        Caller::Anonymous => None,
        Caller::Identity { .. } => request.caller.account(),
        // Amazon S3 represents all services. A document that names a service, or has no condition on
        // the source, trusts it. One that names the source of another service is asked about that
        // service.
        Caller::Service(name)
            if name == "s3.amazonaws.com"
                && !names(name)
                && documents.iter().any(|json| limits_source(json))
                && !names("arn:aws:sns")
                && !names(":trail/") =>
        {
            match value_of(request, "aws:sourceaccount") {
                Some(account) => Some(account),
                None => return false,
            }
        }
        _ => return false,
    };
    if account.is_some_and(names) {
        return false;
    }
    let is_named = |key: &&str| {
        let values = request.context.get(*key).into_iter().flatten();
        let mut identifiers = values.filter_map(|value| match *key {
            "aws:sourcearn" => source_account(value).or(Some(value)),
            key if key.starts_with("aws:principalorg") => value.split('/').next(),
            "aws:userid" if value != "anonymous" => value.split(':').next(),
            "aws:userid" => None,
            _ => Some(value),
        });
        identifiers.any(names)
    };
    if NAMING_KEYS.iter().any(is_named) {
        return false;
    }
    let source = value_of(request, "aws:sourcearn").and_then(source_account);
    if source.is_some_and(|source| Some(source) != account) {
        return false;
    }
    !comes_from_named_range(request, &texts)
}

/// Returns whether the address of a request is in a range of the documents.
pub(crate) fn comes_from_named_range(request: &Request, texts: &[String]) -> bool {
    value_of(request, "aws:sourceip").is_some_and(|address| is_in_named_range(address, texts))
}

fn value_of<'r>(request: &'r Request, key: &str) -> Option<&'r str> {
    request.context.get(key)?.first().map(String::as_str)
}

/// Returns the account of an ARN. The ARN of a bucket has none, and identifies it by its name.
fn source_account(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

/// Returns all texts of a JSON value.
pub(crate) fn list_texts(json: &Value) -> Vec<String> {
    match json {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(list_texts).collect(),
        Value::Object(fields) => fields.values().flat_map(list_texts).collect(),
        _ => Vec::new(),
    }
}

/// Returns whether an address is in a range that can belong to one owner.
fn is_in_named_range(address: &str, texts: &[String]) -> bool {
    let address: IpAddr = address.parse().unwrap();
    let ranges = texts.iter().filter_map(|text| {
        text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
    });
    ranges.filter(|range| range.prefix_len() >= 8).any(|range| range.contains(&address))
}
