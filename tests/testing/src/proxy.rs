//! Stands between the function and AWS, and breaks what a test says.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, Uri};
use tokio::sync::Notify;

use super::asked::{Asked, Session, asked, assumed, key};
use super::http::{Answer, Closed, send, serve};
use super::stand::stand;

/// What the function asked of AWS.
#[derive(Clone, Debug)]
pub struct Call {
    /// Such as `PUT findings`, `Publish` or `BatchGetResourceConfig`.
    pub what: String,
    /// The X-Ray header.
    pub trace: Option<String>,
    /// The same as IAM sees it.
    pub asked: Vec<Asked>,
    /// The operation, where `operations.rs` does not know it.
    unknown: Option<String>,
}

/// What happens to a call.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It is answered so, and AWS never sees it.
    Answer(u16, &'static str),
    /// The connection is closed before AWS sees it.
    Lose,
    /// AWS does it, and the answer is lost.
    LoseAnswer,
    /// It is never answered, and AWS never sees it.
    Stall,
    /// It waits before AWS sees it.
    HoldBefore(Hold),
    /// AWS does it, and the answer waits.
    HoldAfter(Hold),
}

/// A point at which the function is held.
#[derive(Clone, Debug, Default)]
pub struct Hold {
    /// It is reached.
    pub reached: Arc<Notify>,
    /// It may go on.
    pub release: Arc<Notify>,
}

/// What happens at a proxy.
#[derive(Debug, Default)]
struct Seen {
    /// Faults, each for some calls: what they ask, how often, and what happens.
    faults: Mutex<Vec<(&'static str, usize, Fault)>>,
    calls: Mutex<Vec<Call>>,
    /// By access key.
    sessions: Mutex<BTreeMap<String, Session>>,
}

/// The proxy.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    seen: Arc<Seen>,
}

impl Proxy {
    /// A proxy before the stand-in of AWS.
    pub async fn new() -> Proxy {
        let seen = Arc::<Seen>::default();
        let these = Arc::clone(&seen);
        // A task of its own goes on when the function is gone: what it sent still arrives.
        let address = serve(move |request| {
            let passing = tokio::spawn(pass(request, Arc::clone(&these)));
            async move { passing.await.unwrap() }
        });
        Proxy { address: address.await, seen }
    }

    /// The next `times` calls of `what` meet a fault.
    pub fn fault(&self, what: &'static str, times: usize, fault: Fault) {
        self.seen.faults.lock().unwrap().push((what, times, fault));
    }

    /// Everything works again.
    pub fn mend(&self) {
        self.seen.faults.lock().unwrap().clear();
    }

    /// The calls that came. An operation that nobody has looked up must not pass unseen.
    pub fn calls(&self) -> Vec<Call> {
        let calls = self.seen.calls.lock().unwrap().clone();
        let unknown: Vec<&String> = calls.iter().filter_map(|call| call.unknown.as_ref()).collect();
        assert!(
            unknown.is_empty(),
            "tests/testing/src/asked/operations.rs does not know {unknown:?}"
        );
        calls
    }

    /// How many calls of `what` came.
    pub fn count(&self, what: &str) -> usize {
        self.calls().iter().filter(|call| call.what == what).count()
    }
}

impl Drop for Proxy {
    /// Also where no test looks at the calls.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            drop(self.calls());
        }
    }
}

async fn pass(request: Request<Incoming>, seen: Arc<Seen>) -> Result<Answer, Closed> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
    let header = |name: &str| head.headers.get(name)?.to_str().ok().map(str::to_owned);
    let what = what(head.method.as_str(), &head.uri, header("x-amz-target"), &body);
    let session = seen.sessions.lock().unwrap().get(key(&head)).cloned();
    let asked = asked(&head, &body, session.as_ref());
    let (asked, unknown) = asked.map_or_else(|name| (vec![], Some(name)), |asked| (asked, None));
    let trace = header("x-amzn-trace-id");
    seen.calls.lock().unwrap().push(Call { what: what.clone(), trace, asked, unknown });
    let sent = body.clone();
    let request = Request::from_parts(head, Full::new(body));
    let fault = next(&seen, &what);
    match &fault {
        Some(Fault::Answer(status, text)) => {
            return Ok(Response::builder().status(*status).body((*text).into()).unwrap());
        }
        Some(Fault::Lose) => return Err(Closed),
        Some(Fault::Stall) => std::future::pending().await,
        Some(Fault::HoldBefore(hold)) => wait(hold).await,
        Some(Fault::LoseAnswer | Fault::HoldAfter(_)) | None => {}
    }
    let (head, body) = send(stand(), request).await.map_err(|_| Closed)?;
    if what == "AssumeRole" {
        seen.sessions.lock().unwrap().extend(assumed(&sent, &body));
    }
    match &fault {
        Some(Fault::LoseAnswer) => return Err(Closed),
        Some(Fault::HoldAfter(hold)) => wait(hold).await,
        _ => {}
    }
    Ok(Response::from_parts(head, Full::new(body)))
}

async fn wait(hold: &Hold) {
    hold.reached.notify_one();
    hold.release.notified().await;
}

/// The fault that a call meets.
fn next(seen: &Seen, what: &str) -> Option<Fault> {
    let mut faults = seen.faults.lock().unwrap();
    let (_, times, fault) =
        faults.iter_mut().find(|(name, times, _)| *name == what && *times > 0)?;
    *times = times.saturating_sub(1);
    Some(fault.clone())
}

/// Parts of a bucket or of a function, as they stand in a request's address.
const PARTS: &[&str] =
    &["aliases", "encryption", "policy", "publicAccessBlock", "versions", "website"];

/// What a call asks: an operation's name, or a method with a part of a bucket or function, or with the first
/// part of a key in the ledger.
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

/// An operation of API Gateway: a path names collections and, after each, one of its members.
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
