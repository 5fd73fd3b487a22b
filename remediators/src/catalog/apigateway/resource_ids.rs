//! What a finding's resource id names, in the forms in which policies and AWS Config write it.

use evenkeel_aws::Arn;

use crate::remediator::AwsFailure;
use crate::violation::TargetResource;

/// A REST API: by its id, or as AWS Config names it, by ARN.
pub(crate) fn parse_rest_api_id(target: &TargetResource) -> Result<String, AwsFailure> {
    validate_id(target, text_after(&target.id, "/restapis/"))
}

/// A stage of a REST API.
pub(crate) fn parse_stage_id(target: &TargetResource) -> Result<(String, String), AwsFailure> {
    let id = text_after(&target.id, "/restapis/").replacen("/stages/", "|", 1);
    let [api, stage] = split_id(target, &id)?;
    Ok((api, stage))
}

/// A method of a REST API: the API, the resource, and the HTTP method.
pub(crate) fn parse_method_id(target: &TargetResource) -> Result<[String; 3], AwsFailure> {
    split_id(target, &target.id)
}

/// An HTTP or WebSocket API.
pub(crate) fn parse_http_api_id(target: &TargetResource) -> Result<String, AwsFailure> {
    validate_id(target, text_after(&target.id, "/apis/"))
}

/// An integration of an HTTP or WebSocket API.
pub(crate) fn parse_integration_id(target: &TargetResource) -> Result<[String; 2], AwsFailure> {
    split_id(target, &target.id)
}

/// A custom domain, by its name or its ARN. That of all subdomains begins with `*.`.
///
/// Source: Amazon API Gateway Developer Guide, "Wildcard custom domain names".
pub(crate) fn parse_domain_name(target: &TargetResource) -> Result<String, AwsFailure> {
    let name = text_after(&target.id, "/domainnames/");
    let plain = name.strip_prefix("*.").unwrap_or(name);
    validate_id(target, plain).map(|_| name.to_owned())
}

/// The ARNs of something with all that is below it.
///
/// Source: Service Authorization Reference, "Amazon API Gateway Management", resource types: an ARN without
/// account.
pub(crate) fn build_nested_arns(target: &TargetResource, path: &str) -> Vec<String> {
    let arn = build_gateway_arn(target, path);
    vec![format!("{arn}/*"), arn]
}

/// The ARN of what a path of the API leads to.
pub(crate) fn build_gateway_arn(target: &TargetResource, path: &str) -> String {
    Arn::in_region(&target.region, "", "apigateway", path).to_string()
}

/// The first part of an id, whatever its form: all that an ARN needs of it.
pub(crate) fn first_id_part(target: &TargetResource) -> &str {
    let id = text_after(text_after(&target.id, "/restapis/"), "/apis/");
    id.split(['|', '/']).next().unwrap_or_default()
}

fn text_after<'a>(id: &'a str, mark: &str) -> &'a str {
    id.split_once(mark).map_or(id, |(_, rest)| rest)
}

fn split_id<const N: usize>(target: &TargetResource, id: &str) -> Result<[String; N], AwsFailure> {
    let parts: Vec<String> = id.split('|').map(str::to_owned).collect();
    let parts: Option<[String; N]> = parts.try_into().ok();
    parts
        .filter(|parts| parts.iter().all(|part| is_valid_name(part)))
        .ok_or_else(|| invalid_id_error(target))
}

fn validate_id(target: &TargetResource, id: &str) -> Result<String, AwsFailure> {
    if is_valid_name(id) { Ok(id.to_owned()) } else { Err(invalid_id_error(target)) }
}

/// What may stand in a path of API Gateway without meaning another resource.
fn is_valid_name(part: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.$".contains(&byte);
    !part.is_empty() && part != "." && part != ".." && part.bytes().all(plain)
}

fn invalid_id_error(target: &TargetResource) -> AwsFailure {
    AwsFailure::Denied(format!("`{}` names no {}", target.id, target.kind))
}
