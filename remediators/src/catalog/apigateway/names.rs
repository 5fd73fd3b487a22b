//! What a finding's resource id names, in the forms in which policies and AWS Config write it.

use evenkeel_aws::Arn;

use crate::remediator::RefusedByAws;
use crate::violation::Target;

/// A REST API: by its id, or as AWS Config names it, by ARN.
pub(crate) fn rest_api(target: &Target) -> Result<String, RefusedByAws> {
    whole(target, after(&target.id, "/restapis/"))
}

/// A stage of a REST API.
pub(crate) fn rest_stage(target: &Target) -> Result<(String, String), RefusedByAws> {
    let id = after(&target.id, "/restapis/").replacen("/stages/", "|", 1);
    let [api, stage] = parts(target, &id)?;
    Ok((api, stage))
}

/// A method of a REST API: the API, the resource, and the HTTP method.
pub(crate) fn rest_method(target: &Target) -> Result<[String; 3], RefusedByAws> {
    parts(target, &target.id)
}

/// An HTTP or WebSocket API.
pub(crate) fn http_api(target: &Target) -> Result<String, RefusedByAws> {
    whole(target, after(&target.id, "/apis/"))
}

/// An integration of an HTTP or WebSocket API.
pub(crate) fn http_integration(target: &Target) -> Result<[String; 2], RefusedByAws> {
    parts(target, &target.id)
}

/// A custom domain, by its name or its ARN. That of all subdomains begins with `*.`.
///
/// Source: Amazon API Gateway Developer Guide, "Wildcard custom domain names".
pub(crate) fn domain(target: &Target) -> Result<String, RefusedByAws> {
    let name = after(&target.id, "/domainnames/");
    let plain = name.strip_prefix("*.").unwrap_or(name);
    whole(target, plain).map(|_| name.to_owned())
}

/// The ARNs of something with all that is below it.
///
/// Source: Service Authorization Reference, "Amazon API Gateway Management", resource types: an ARN without
/// account.
pub(crate) fn arns(target: &Target, path: &str) -> Vec<String> {
    let arn = arn(target, path);
    vec![format!("{arn}/*"), arn]
}

/// The ARN of what a path of the API leads to.
pub(crate) fn arn(target: &Target, path: &str) -> String {
    Arn::in_region(&target.region, "", "apigateway", path).to_string()
}

/// The first part of an id, whatever its form: all that an ARN needs of it.
pub(crate) fn api_of(target: &Target) -> &str {
    let id = after(after(&target.id, "/restapis/"), "/apis/");
    id.split(['|', '/']).next().unwrap_or_default()
}

fn after<'a>(id: &'a str, mark: &str) -> &'a str {
    id.split_once(mark).map_or(id, |(_, rest)| rest)
}

fn parts<const N: usize>(target: &Target, id: &str) -> Result<[String; N], RefusedByAws> {
    let parts: Vec<String> = id.split('|').map(str::to_owned).collect();
    let parts: Option<[String; N]> = parts.try_into().ok();
    parts.filter(|parts| parts.iter().all(|part| is_name(part))).ok_or_else(|| nameless(target))
}

fn whole(target: &Target, id: &str) -> Result<String, RefusedByAws> {
    if is_name(id) { Ok(id.to_owned()) } else { Err(nameless(target)) }
}

/// What may stand in a path of API Gateway without meaning another resource.
fn is_name(part: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.$".contains(&byte);
    !part.is_empty() && part != "." && part != ".." && part.bytes().all(plain)
}

fn nameless(target: &Target) -> RefusedByAws {
    RefusedByAws::Denied(format!("`{}` names no {}", target.id, target.kind))
}
