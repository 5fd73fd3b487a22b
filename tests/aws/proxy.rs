//! Stands between the function and AWS, and breaks what a test says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, Uri};
use tokio::sync::Notify;

use super::asked::{Asked, asked};
use super::http::{Answer, Closed, send, serve};
use super::stand::stand;

/// What the function asked of AWS.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Such as `PUT findings`, `Publish` or `BatchGetResourceConfig`.
    pub(crate) what: String,
    /// The X-Ray header.
    pub(crate) trace: Option<String>,
    /// The same as IAM sees it.
    pub(crate) asked: Vec<Asked>,
}

/// What happens to a call.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
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
pub(crate) struct Hold {
    /// It is reached.
    pub(crate) reached: Arc<Notify>,
    /// It may go on.
    pub(crate) release: Arc<Notify>,
}

/// Faults, each for some calls: what they ask, how often, and what happens.
type Faults = Arc<Mutex<Vec<(&'static str, usize, Fault)>>>;

/// The proxy.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    faults: Faults,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Proxy {
    /// A proxy before the stand-in of AWS.
    pub(crate) async fn new() -> Proxy {
        let (faults, calls) = (Faults::default(), Arc::<Mutex<Vec<Call>>>::default());
        let (these, seen) = (Arc::clone(&faults), Arc::clone(&calls));
        // A task of its own goes on when the function is gone: what it sent still arrives.
        let address = serve(move |request| {
            let passing = tokio::spawn(pass(request, Arc::clone(&these), Arc::clone(&seen)));
            async move { passing.await.unwrap() }
        });
        Proxy { address: address.await, faults, calls }
    }

    /// The next `times` calls of `what` meet a fault.
    pub(crate) fn fault(&self, what: &'static str, times: usize, fault: Fault) {
        self.faults.lock().unwrap().push((what, times, fault));
    }

    /// Everything works again.
    pub(crate) fn mend(&self) {
        self.faults.lock().unwrap().clear();
    }

    /// The calls that came.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// How many calls of `what` came.
    pub(crate) fn count(&self, what: &str) -> usize {
        self.calls().iter().filter(|call| call.what == what).count()
    }
}

async fn pass(
    request: Request<Incoming>,
    faults: Faults,
    calls: Arc<Mutex<Vec<Call>>>,
) -> Result<Answer, Closed> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
    let header = |name: &str| head.headers.get(name)?.to_str().ok().map(str::to_owned);
    let what = what(head.method.as_str(), &head.uri, header("x-amz-target"), &body);
    let trace = header("x-amzn-trace-id");
    calls.lock().unwrap().push(Call { what: what.clone(), trace, asked: asked(&head, &body) });
    let request = Request::from_parts(head, Full::new(body));
    let fault = next(&faults, &what);
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
fn next(faults: &Faults, what: &str) -> Option<Fault> {
    let mut faults = faults.lock().unwrap();
    let (_, times, fault) =
        faults.iter_mut().find(|(name, times, _)| *name == what && *times > 0)?;
    *times = times.saturating_sub(1);
    Some(fault.clone())
}

/// Parts of a bucket or of a function, as they stand in a request's address.
const PARTS: &[&str] = &["aliases", "encryption", "policy", "publicAccessBlock", "versions"];

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
