//! Determines the IAM actions, resources and credentials of a request to AWS.

mod operations;

use hyper::http::request::Parts;
use serde_json::Value;

use operations::{TAG_ON_CREATION, actions};

/// The default account id of the AWS stand-in.
const ACCOUNT: &str = "123456789012";

/// An IAM action on a resource that a request needs, with its credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The access key id.
    pub key: String,
    /// The assumed-role session of the access key, if there is one.
    pub session: Option<Session>,
    /// The IAM action, such as `kms:EnableKey`.
    pub action: String,
    /// The ARN of the resource, or `*` for an action without a resource.
    pub resource: String,
    /// True if the request has `If-None-Match: *`: S3 then rejects it if the object exists.
    pub if_none_match: bool,
}

/// A session of `AssumeRole`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The ARN of the role.
    pub role: String,
    /// The session policy, as JSON text.
    pub policy: Option<String>,
}

/// The parts of a request.
struct Request<'a> {
    method: &'a str,
    path: String,
    query: &'a str,
    target: &'a str,
    body: &'a str,
}

/// The name of an operation in the table of `operations.rs`, and the request fields that can
/// identify its resource.
type Named = (String, Vec<(String, String)>);

/// Returns the access key id of a request's signature.
pub fn key(head: &Parts) -> &str {
    scope(head).first().copied().unwrap_or_default()
}

/// Returns the parts of the credential scope: access key id, date, Region and service.
fn scope(head: &Parts) -> Vec<&str> {
    let scope = header(head, "authorization").split("Credential=").nth(1).unwrap_or_default();
    scope.split([',', '/']).collect()
}

/// Returns the IAM actions that a request needs. `session` is the session of its access key.
///
/// # Errors
/// The name of the operation, if the table does not contain it or the request does not identify the
/// resource.
pub fn asked(head: &Parts, body: &[u8], session: Option<&Session>) -> Result<Vec<Asked>, String> {
    let scope = scope(head);
    let part = |number: usize| scope.get(number).copied().unwrap_or_default();
    let (region, service) = (part(2), part(3));
    let request = Request {
        method: head.method.as_str(),
        path: plain(head.uri.path()),
        query: head.uri.query().unwrap_or_default(),
        target: header(head, "x-amz-target").rsplit('.').next().unwrap_or_default(),
        body: &String::from_utf8_lossy(body),
    };
    let (operation, mut fields) = match service {
        "apigateway" => gateway(&request),
        "s3" => s3(&request),
        "lambda" => lambda(&request),
        "cloudformation" | "ec2" | "elasticloadbalancing" | "iam" | "rds" | "sns" | "sts" => {
            query(&request)
        }
        _ => json(&request),
    };
    let account = session.and_then(|session| session.role.split(':').nth(4)).unwrap_or(ACCOUNT);
    fields.extend([("region", region), ("account", account)].map(owned));
    let operation = format!("{service}:{operation}");
    let mut pairs = actions(&operation, &fields).ok_or(operation)?;
    if fields.iter().any(|(name, _)| name.starts_with("TagSpecification.")) {
        pairs.extend(actions(TAG_ON_CREATION, &fields).ok_or(TAG_ON_CREATION)?);
    }
    let asked = |(action, resource): (String, String)| Asked {
        key: part(0).to_owned(),
        session: session.cloned(),
        action,
        resource,
        if_none_match: header(head, "if-none-match") == "*",
    };
    Ok(pairs.into_iter().map(asked).collect())
}

/// Returns the access key id and the session of an answer to `AssumeRole`.
pub fn assumed(body: &[u8], answer: &[u8]) -> Option<(String, Session)> {
    let form = form(&String::from_utf8_lossy(body));
    let field = |wanted: &str| form.iter().find(|(name, _)| name == wanted).map(|(_, is)| is);
    let role = field("RoleArn")?.clone();
    let answer = String::from_utf8_lossy(answer);
    let key = answer.split("<AccessKeyId>").nth(1)?.split('<').next()?.to_owned();
    Some((key, Session { role, policy: field("Policy").cloned() }))
}

fn header<'a>(head: &'a Parts, name: &str) -> &'a str {
    head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// Decodes the percent-encoding of a text.
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

fn gateway(request: &Request<'_>) -> Named {
    let path = request.path.strip_prefix("/v2").unwrap_or(&request.path);
    let body: Value = serde_json::from_str(request.body).unwrap_or_default();
    let patches = body.get("patchOperations").and_then(Value::as_array);
    let is_policy = |one: &Value| one.get("path").is_some_and(|path| path == "/policy");
    let policy = patches.is_some_and(|all| all.iter().any(is_policy));
    let part = if policy { " policy" } else { "" };
    (format!("{}{part}", request.method), vec![owned(("path", path))])
}

fn s3(request: &Request<'_>) -> Named {
    let path = request.path.trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let mut parts = request.query.split('&').filter_map(|pair| pair.split('=').next());
    // The SDK repeats the operation's name in `x-id`.
    let part = parts.find(|part| !part.is_empty() && *part != "x-id");
    let part = part.map(|part| format!("?{part}")).unwrap_or_default();
    let what = if key.is_empty() { part } else { format!("key{part}") };
    (format!("{} {what}", request.method), vec![owned(("bucket", bucket)), owned(("key", key))])
}

fn lambda(request: &Request<'_>) -> Named {
    let path = request.path.trim_start_matches("/2015-03-31/functions/");
    let mut parts = path.split('/');
    let name = parts.next().unwrap_or_default();
    let qualifier = request.query.split('&').find_map(|pair| pair.strip_prefix("Qualifier="));
    let qualifier = qualifier.map(|qualifier| format!(":{qualifier}")).unwrap_or_default();
    let what = parts.next().unwrap_or_default();
    let function = format!("{name}{qualifier}");
    (format!("{} {what}", request.method), vec![("function".to_owned(), function)])
}

/// Parses a request of a service with the AWS Query protocol.
fn query(request: &Request<'_>) -> Named {
    let form = form(request.body);
    let field = |wanted: &str| form.iter().find(|(name, _)| name == wanted);
    let action = field("Action").map(|(_, action)| action.clone()).unwrap_or_default();
    let part = if field("SourceIdentity").is_some() { " SourceIdentity" } else { "" };
    (format!("{action}{part}"), form)
}

/// Returns the fields of a form.
pub(crate) fn form(body: &str) -> Vec<(String, String)> {
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), plain(&value.replace('+', " ")))).collect()
}

/// Parses a request of a service with an AWS JSON protocol.
fn json(request: &Request<'_>) -> Named {
    let body: Value = serde_json::from_str(request.body).unwrap_or_default();
    let members = body.as_object().into_iter().flatten();
    let mut fields: Vec<_> =
        members.filter_map(|(name, value)| Some(owned((name, value.as_str()?)))).collect();
    let queue = body.get("QueueUrl").and_then(Value::as_str);
    let queue = queue.and_then(|address| address.rsplit('/').next());
    fields.extend(queue.map(|queue| owned(("queue", queue))));
    (request.target.to_owned(), fields)
}
