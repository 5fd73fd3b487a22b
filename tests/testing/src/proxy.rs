//! A proxy between a client and the AWS stand-in that records calls and injects faults.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, Uri};
use serde_json::Value;
use tokio::sync::Notify;

use super::asked::{Asked, Session, asked, assumed, form, key};
use super::http::{Answer, Closed, send, serve};
use super::stand_in::stand_in;

/// A call that passed the proxy.
#[derive(Clone, Debug)]
pub struct Call {
    /// The kind of call, such as `PUT findings`, `Publish` or `BatchGetResourceConfig`.
    pub what: String,
    /// The X-Ray trace header.
    pub trace: Option<String>,
    /// The IAM actions of the call.
    pub asked: Vec<Asked>,
    /// The name of the operation, if `operations.rs` does not contain it.
    unknown: Option<String>,
}

/// A fault of a call.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The proxy answers with this status and body. AWS does not receive the call.
    Answer(u16, &'static str),
    /// The proxy closes the connection. AWS does not receive the call.
    Lose,
    /// AWS executes the call, and the proxy discards the answer.
    LoseAnswer,
    /// The proxy never answers. AWS does not receive the call.
    Stall,
    /// The proxy pauses before it sends the call to AWS.
    PauseBefore(Pause),
    /// AWS executes the call, and the proxy pauses before it answers.
    PauseAfter(Pause),
}

/// A pause: the proxy stops at a call until the test releases it.
#[derive(Clone, Debug, Default)]
pub struct Pause {
    /// Notifies the test that the call reached the pause.
    pub reached: Arc<Notify>,
    /// Notifies the proxy to end the pause.
    pub release: Arc<Notify>,
}

/// The state of a proxy.
#[derive(Debug, Default)]
struct State {
    /// The faults: the kind of call, the remaining number of calls, and the fault.
    faults: Mutex<Vec<(&'static str, usize, Fault)>>,
    calls: Mutex<Vec<Call>>,
    /// The messages that were published to SNS, with a text for each protocol.
    published: Mutex<Vec<Value>>,
    /// The sessions, by access key id.
    sessions: Mutex<BTreeMap<String, Session>>,
}

/// A proxy in front of the AWS stand-in.
#[derive(Debug)]
pub struct Proxy {
    /// The address of the proxy.
    pub address: SocketAddr,
    seen: Arc<State>,
}

impl Proxy {
    /// Starts a proxy in front of the AWS stand-in.
    pub async fn new() -> Proxy {
        let seen = Arc::<State>::default();
        let these = Arc::clone(&seen);
        // A separate task continues after the client has ended, so that a sent call still arrives.
        let address = serve(move |request| {
            let passing = tokio::spawn(pass(request, Arc::clone(&these)));
            async move { passing.await.unwrap() }
        });
        Proxy { address: address.await, seen }
    }

    /// Injects a fault into the next `times` calls of the kind `what`.
    pub fn fault(&self, what: &'static str, times: usize, fault: Fault) {
        self.seen.faults.lock().unwrap().push((what, times, fault));
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.seen.faults.lock().unwrap().clear();
    }

    /// Returns the received calls. Fails if `operations.rs` does not contain one of the operations.
    pub fn calls(&self) -> Vec<Call> {
        let calls = self.seen.calls.lock().unwrap().clone();
        let unknown: Vec<&String> = calls.iter().filter_map(|call| call.unknown.as_ref()).collect();
        assert!(
            unknown.is_empty(),
            "unknown operations {unknown:?}; add them to tests/testing/src/asked/operations.rs"
        );
        calls
    }

    /// Returns the messages that were published to SNS, with a text for each protocol.
    pub fn published(&self) -> Vec<Value> {
        self.seen.published.lock().unwrap().clone()
    }

    /// Returns the number of received calls of the kind `what`.
    pub fn count(&self, what: &str) -> usize {
        self.calls().iter().filter(|call| call.what == what).count()
    }
}

impl Drop for Proxy {
    /// Checks the operations even if the test does not call `calls`.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            drop(self.calls());
        }
    }
}

async fn pass(request: Request<Incoming>, seen: Arc<State>) -> Result<Answer, Closed> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
    let header = |name: &str| head.headers.get(name)?.to_str().ok().map(str::to_owned);
    let what = what(head.method.as_str(), &head.uri, header("x-amz-target"), &body);
    let session = seen.sessions.lock().unwrap().get(key(&head)).cloned();
    let asked = asked(&head, &body, session.as_ref());
    let (asked, unknown) = asked.map_or_else(|name| (vec![], Some(name)), |asked| (asked, None));
    let trace = header("x-amzn-trace-id");
    seen.calls.lock().unwrap().push(Call { what: what.clone(), trace, asked, unknown });
    if what == "Publish" {
        let fields = form(&String::from_utf8_lossy(&body));
        let message = fields.iter().find(|(name, _)| name == "Message");
        let message = message.and_then(|(_, message)| serde_json::from_str(message).ok());
        seen.published.lock().unwrap().extend(message);
    }
    let sent = body.clone();
    let request = Request::from_parts(head, Full::new(body));
    let fault = next(&seen, &what);
    match &fault {
        Some(Fault::Answer(status, text)) => {
            return Ok(Response::builder().status(*status).body((*text).into()).unwrap());
        }
        Some(Fault::Lose) => return Err(Closed),
        Some(Fault::Stall) => std::future::pending().await,
        Some(Fault::PauseBefore(pause)) => wait(pause).await,
        Some(Fault::LoseAnswer | Fault::PauseAfter(_)) | None => {}
    }
    let (head, body) = send(stand_in(), request).await.map_err(|_| Closed)?;
    if what == "AssumeRole" {
        seen.sessions.lock().unwrap().extend(assumed(&sent, &body));
    }
    match &fault {
        Some(Fault::LoseAnswer) => return Err(Closed),
        Some(Fault::PauseAfter(pause)) => wait(pause).await,
        _ => {}
    }
    Ok(Response::from_parts(head, Full::new(body)))
}

async fn wait(pause: &Pause) {
    pause.reached.notify_one();
    pause.release.notified().await;
}

/// Returns the fault of a call and decreases its remaining number of calls.
fn next(seen: &State, what: &str) -> Option<Fault> {
    let mut faults = seen.faults.lock().unwrap();
    let (_, times, fault) =
        faults.iter_mut().find(|(name, times, _)| *name == what && *times > 0)?;
    *times = times.saturating_sub(1);
    Some(fault.clone())
}

/// The subresources of buckets and functions in the URL of a request.
const PARTS: &[&str] =
    &["aliases", "encryption", "policy", "publicAccessBlock", "versions", "website"];

/// Returns the kind of a call: the name of the operation; or the method and a subresource of a
/// bucket or function; or the method and the first part of a key in the ledger.
fn what(method: &str, uri: &Uri, target: Option<String>, body: &[u8]) -> String {
    if let Some(target) = target {
        return target.rsplit('.').next().unwrap_or_default().to_owned();
    }
    let (path, query) = (uri.path(), uri.query().unwrap_or_default());
    let body = String::from_utf8_lossy(body);
    if let Some(action) = body.split('&').find_map(|pair| pair.strip_prefix("Action=")) {
        return action.to_owned();
    }
    let part = match path.strip_prefix("/2015-03-31/functions/") {
        Some(function) => function.split('/').nth(1),
        None => query.split(['=', '&']).next(),
    };
    if let Some(part) = part.filter(|part| PARTS.contains(part)) {
        return format!("{method} {part}");
    }
    if let Some(operation) = gateway_operation(method, path) {
        return operation;
    }
    let key = path.split_once("/ledger/").map_or("object", |(_, key)| key);
    format!("{method} {}", key.split(['/', '%']).next().unwrap_or_default())
}

/// Returns the name of an API Gateway operation. In the path, collections and their members
/// alternate.
fn gateway_operation(method: &str, path: &str) -> Option<String> {
    let path = path.trim_start_matches('/').trim_start_matches("v2/");
    let parts: Vec<&str> = path.split('/').collect();
    if !["account", "restapis", "domainnames", "apis"].contains(parts.first()?) {
        return None;
    }
    let verb = match method {
        "GET" => "Get",
        "PATCH" => "Update",
        "POST" => "Create",
        "PUT" => "Put",
        _ => "Delete",
    };
    let whole = parts.len() % 2 == 1;
    let noun = if whole { *parts.last()? } else { *parts.get(parts.len().checked_sub(2)?)? };
    let known = [
        ("restapis", "RestApis"),
        ("domainnames", "DomainNames"),
        ("basepathmappings", "BasePathMappings"),
        ("apimappings", "ApiMappings"),
        ("gatewayresponses", "GatewayResponses"),
    ];
    let capital = || {
        let (first, rest) = noun.split_at_checked(1).unwrap_or_default();
        format!("{}{rest}", first.to_uppercase())
    };
    let noun = known.iter().find(|(plain, _)| *plain == noun);
    let noun = noun.map_or_else(capital, |(_, name)| (*name).to_owned());
    let plural = whole && verb == "Get" || noun == "Integration";
    Some(format!("{verb}{}", if plural { &noun } else { noun.trim_end_matches('s') }))
}
