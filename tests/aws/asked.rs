//! What a request asks of AWS, as IAM sees it: an action, and the resource that it is on.
//!
//! Source: Service Authorization Reference, the pages of each service: actions, and the ARNs of their resources.

use hyper::http::request::Parts;
use serde_json::Value;

/// The account of what stands in for AWS, in ARNs.
const ACCOUNT: &str = "123456789012";

/// An action on a resource, and who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The access key.
    pub(crate) key: String,
    /// The IAM action, such as `kms:EnableKey`.
    pub(crate) action: String,
    /// Its ARN; `*` where the action is of none.
    pub(crate) resource: String,
    /// Whether it may only make what is not there.
    pub(crate) if_none_match: bool,
}

/// A request, taken apart.
struct Request<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    service: &'a str,
    region: &'a str,
    target: &'a str,
    body: &'a str,
}

/// What a request asks. What is not known here is named so that no policy allows it.
pub(crate) fn asked(head: &Parts, body: &[u8]) -> Vec<Asked> {
    let header = |name: &str| {
        head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    let scope = header("authorization").split("Credential=").nth(1).unwrap_or_default();
    let scope: Vec<&str> = scope.split([',', '/']).collect();
    let part = |number: usize| scope.get(number).copied().unwrap_or_default();
    let body = String::from_utf8_lossy(body);
    let request = Request {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        service: part(3),
        region: part(2),
        target: header("x-amz-target").rsplit('.').next().unwrap_or_default(),
        body: &body,
    };
    let pairs = match request.service {
        "apigateway" => gateway(&request),
        "s3" => s3(&request),
        "lambda" => lambda(&request),
        "ec2" | "rds" | "sns" | "sts" => query(&request),
        _ => json(&request),
    };
    let asked = |(action, resource): (String, String)| Asked {
        key: part(0).to_owned(),
        action: format!("{}:{action}", request.service),
        resource,
        if_none_match: header("if-none-match") == "*",
    };
    pairs.into_iter().map(asked).collect()
}

/// A text without the escapes of addresses and forms.
fn plain(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2).unwrap_or_default();
        bytes.extend(u8::from_str_radix(code, 16).ok());
        bytes.extend(rest.as_bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn gateway(request: &Request<'_>) -> Vec<(String, String)> {
    let path = plain(request.path);
    let path = path.strip_prefix("/v2").unwrap_or(&path);
    vec![(request.method.to_owned(), format!("arn:aws:apigateway:{}::{path}", request.region))]
}

fn s3(request: &Request<'_>) -> Vec<(String, String)> {
    let path = plain(request.path);
    let (bucket, key) =
        path.trim_start_matches('/').split_once('/').unwrap_or((path.trim_start_matches('/'), ""));
    let part = request.query.split(['=', '&']).next().unwrap_or_default();
    let action = match (request.method, part, key.is_empty()) {
        ("GET", "publicAccessBlock", true) => "GetBucketPublicAccessBlock",
        ("PUT" | "DELETE", "publicAccessBlock", true) => "PutBucketPublicAccessBlock",
        ("GET", "encryption", true) => "GetEncryptionConfiguration",
        ("PUT" | "DELETE", "encryption", true) => "PutEncryptionConfiguration",
        ("GET", "policy", true) => "GetBucketPolicy",
        ("PUT", "policy", true) => "PutBucketPolicy",
        ("DELETE", "policy", true) => "DeleteBucketPolicy",
        ("GET", _, true) => "ListBucket",
        ("GET" | "HEAD", _, false) => "GetObject",
        ("PUT", _, false) => "PutObject",
        ("DELETE", _, false) => "DeleteObject",
        _ => "Unknown",
    };
    let resource = if key.is_empty() { bucket.to_owned() } else { format!("{bucket}/{key}") };
    vec![(action.to_owned(), format!("arn:aws:s3:::{resource}"))]
}

fn lambda(request: &Request<'_>) -> Vec<(String, String)> {
    let path = plain(request.path);
    let parts: Vec<&str> = path.trim_start_matches("/2015-03-31/functions/").split('/').collect();
    let action = match (request.method, parts.get(1).copied()) {
        ("GET", Some("policy")) => "GetPolicy",
        ("POST", Some("policy")) => "AddPermission",
        ("DELETE", Some("policy")) => "RemovePermission",
        ("GET", Some("versions")) => "ListVersionsByFunction",
        ("GET", Some("aliases")) => "ListAliases",
        _ => "Unknown",
    };
    let name = parts.first().copied().unwrap_or_default();
    let qualifier = request.query.split('&').find_map(|pair| pair.strip_prefix("Qualifier="));
    let qualifier = qualifier.map(|qualifier| format!(":{qualifier}")).unwrap_or_default();
    let arn = format!("arn:aws:lambda:{}:{ACCOUNT}:function:{name}{qualifier}", request.region);
    vec![(action.to_owned(), arn)]
}

/// Services that are asked with a form.
fn query(request: &Request<'_>) -> Vec<(String, String)> {
    let all: Vec<(String, String)> = request
        .body
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), plain(value)))
        .collect();
    let first =
        |wanted: &str| all.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let action = first("Action").unwrap_or_default().to_owned();
    let (region, mut resources) = (request.region, Vec::new());
    for (name, value) in &all {
        let arn = match (request.service, name.as_str()) {
            ("ec2", "GroupId") => format!("arn:aws:ec2:{region}:{ACCOUNT}:security-group/{value}"),
            ("ec2", name) if name.starts_with("SecurityGroupRuleId.") => {
                format!("arn:aws:ec2:{region}:{ACCOUNT}:security-group-rule/{value}")
            }
            // The rules that will be made have no ids yet.
            ("ec2", "IpPermissions.1.IpProtocol") if action.starts_with("Authorize") => {
                format!("arn:aws:ec2:{region}:{ACCOUNT}:security-group-rule/*")
            }
            ("ec2", "SnapshotId") => format!("arn:aws:ec2:{region}::snapshot/{value}"),
            ("ec2", "ImageId") => format!("arn:aws:ec2:{region}::image/{value}"),
            ("rds", "DBInstanceIdentifier") => format!("arn:aws:rds:{region}:{ACCOUNT}:db:{value}"),
            ("rds", "DBSnapshotIdentifier") => {
                format!("arn:aws:rds:{region}:{ACCOUNT}:snapshot:{value}")
            }
            ("rds", "DBClusterSnapshotIdentifier") => {
                format!("arn:aws:rds:{region}:{ACCOUNT}:cluster-snapshot:{value}")
            }
            ("sns", "TopicArn") | ("sts", "RoleArn") => value.clone(),
            _ => continue,
        };
        resources.push((action.clone(), arn.clone()));
        if request.service == "sts" && first("SourceIdentity").is_some() {
            resources.push(("SetSourceIdentity".to_owned(), arn));
        }
    }
    if resources.is_empty() || action.starts_with("Describe") && request.service == "ec2" {
        return vec![(action, "*".to_owned())];
    }
    resources
}

/// Services that are asked with JSON.
fn json(request: &Request<'_>) -> Vec<(String, String)> {
    let body: Value = serde_json::from_str(request.body).unwrap_or_default();
    let text = |name: &str| body.get(name)?.as_str().map(str::to_owned);
    let (service, region) = (request.service, request.region);
    let named = match service {
        "kms" => text("KeyId").map(|id| ("key/", id)),
        "cloudtrail" => text("Name").or_else(|| text("TrailName")).map(|name| ("trail/", name)),
        "sqs" => text("QueueUrl").and_then(|url| Some(("", url.rsplit('/').next()?.to_owned()))),
        _ => None,
    };
    let resource = named.map_or_else(
        || "*".to_owned(),
        |(kind, name)| {
            if name.starts_with("arn:") {
                name
            } else {
                format!("arn:aws:{service}:{region}:{ACCOUNT}:{kind}{name}")
            }
        },
    );
    vec![(request.target.to_owned(), resource)]
}
