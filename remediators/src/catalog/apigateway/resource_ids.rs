//! Parses API Gateway resource ids in the formats of policies and of AWS Config.

use evenkeel_aws::Arn;

use crate::remediator::AwsFailure;
use crate::violation::TargetResource;

/// Returns the id of a REST API. The resource id is the API id or, from AWS Config, the ARN.
pub(crate) fn parse_rest_api_id(target: &TargetResource) -> Result<String, AwsFailure> {
    validate_id(target, text_after(&target.id, "/restapis/"))
}

/// Returns the API id and the name of a stage of a REST API.
pub(crate) fn parse_stage_id(target: &TargetResource) -> Result<(String, String), AwsFailure> {
    let id = text_after(&target.id, "/restapis/").replacen("/stages/", "|", 1);
    let [api, stage] = split_id(target, &id)?;
    Ok((api, stage))
}

/// Returns the API id, the resource id and the HTTP method of a method of a REST API.
pub(crate) fn parse_method_id(target: &TargetResource) -> Result<[String; 3], AwsFailure> {
    split_id(target, &target.id)
}

/// Returns the id of an HTTP or WebSocket API.
pub(crate) fn parse_http_api_id(target: &TargetResource) -> Result<String, AwsFailure> {
    validate_id(target, text_after(&target.id, "/apis/"))
}

/// Returns the API id and the integration id of an integration of an HTTP or WebSocket API.
pub(crate) fn parse_integration_id(target: &TargetResource) -> Result<[String; 2], AwsFailure> {
    split_id(target, &target.id)
}

/// Returns the name of a custom domain from its name or its ARN. A wildcard name begins with `*.`.
///
/// Source: Amazon API Gateway Developer Guide, "Wildcard custom domain names".
pub(crate) fn parse_domain_name(target: &TargetResource) -> Result<String, AwsFailure> {
    let name = text_after(&target.id, "/domainnames/");
    let plain = name.strip_prefix("*.").unwrap_or(name);
    validate_id(target, plain).map(|_| name.to_owned())
}

/// Returns the ARNs of a path and of everything below it. The ARNs contain no account id.
///
/// Source: Service Authorization Reference, "Amazon API Gateway Management", resource types.
pub(crate) fn build_nested_arns(target: &TargetResource, path: &str) -> Vec<String> {
    let arn = build_gateway_arn(target, path);
    vec![format!("{arn}/*"), arn]
}

/// Returns the ARN of an API Gateway path.
pub(crate) fn build_gateway_arn(target: &TargetResource, path: &str) -> String {
    Arn::in_region(&target.region, "", "apigateway", path).to_string()
}

/// Returns the first part of a resource id, which is the API id in all formats.
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

/// Returns whether a text can be a part of an API Gateway path. Other texts could make the path
/// select another resource.
fn is_valid_name(part: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.$".contains(&byte);
    !part.is_empty() && part != "." && part != ".." && part.bytes().all(plain)
}

fn invalid_id_error(target: &TargetResource) -> AwsFailure {
    AwsFailure::Denied(format!("`{}` is not a valid id of {}", target.id, target.kind))
}
