//! Runs a built function like AWS Lambda: a process that polls a stand-in for the Runtime API.
//!
//! Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Mutex as AsyncMutex, Notify, oneshot};
use tokio::task::JoinHandle;

use super::aws::ACCOUNT;
use super::built;
use super::http::{Answer, Closed, serve};

/// The timeout of an invocation in milliseconds. No invocation of a test takes longer.
const TIMEOUT_MS: u64 = 60_000;

/// The X-Ray trace header of every invocation.
pub const TRACE: &str =
    "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1";

type Outcome = Result<Value, String>;
type Waiting = Arc<Mutex<HashMap<String, oneshot::Sender<Outcome>>>>;

/// One execution environment of a function, with one process at a time.
#[derive(Debug)]
pub struct Function {
    jobs: UnboundedSender<(String, Bytes)>,
    waiting: Waiting,
    number: AtomicU64,
    answered: AtomicUsize,
    process: AsyncMutex<Option<Child>>,
    binary: PathBuf,
    environment: Vec<(String, String)>,
    api: String,
    /// The timeout of an invocation, in milliseconds.
    timeout: Arc<AtomicU64>,
    lines: Arc<Mutex<Vec<String>>>,
    /// Notifies about each new line of output.
    grown: Arc<Notify>,
    readers: Mutex<Vec<JoinHandle<()>>>,
}

impl Function {
    /// Creates an environment of the evaluate function with these environment variables.
    pub async fn new(environment: Vec<(String, String)>) -> Function {
        Function::of(evaluate(), environment).await
    }

    /// Creates an environment of a function. Its process starts with the first invocation.
    pub async fn of(binary: PathBuf, environment: Vec<(String, String)>) -> Function {
        let (jobs, queue) = unbounded_channel();
        let (queue, waiting) = (Arc::new(AsyncMutex::new(queue)), Waiting::default());
        let answers = Arc::clone(&waiting);
        let timeout = Arc::new(AtomicU64::new(TIMEOUT_MS));
        let allowed = Arc::clone(&timeout);
        let api = serve(move |request| {
            answer(request, Arc::clone(&queue), Arc::clone(&answers), Arc::clone(&allowed))
        });
        let api = api.await.to_string();
        Function {
            jobs,
            waiting,
            number: AtomicU64::new(0),
            answered: AtomicUsize::new(0),
            process: AsyncMutex::new(None),
            binary,
            environment,
            api,
            timeout,
            lines: Arc::default(),
            grown: Arc::default(),
            readers: Mutex::default(),
        }
    }

    /// Invokes the function and returns its answer or error. Returns `Runtime.ExitError` if the
    /// process ends, like AWS Lambda.
    pub async fn invoke(&self, payload: &Value) -> Outcome {
        self.start().await;
        let number = self.number.fetch_add(1, Ordering::SeqCst);
        let id = format!("00000000-0000-4000-8000-{number:012}");
        let (reply, mut outcome) = oneshot::channel();
        self.waiting.lock().unwrap().insert(id.clone(), reply);
        self.jobs.send((id.clone(), payload.to_string().into())).unwrap();
        loop {
            let ended = async {
                let mut process = self.process.lock().await;
                match process.as_mut().map(Child::try_wait) {
                    Some(Ok(None)) => None,
                    _ => Some("Runtime.ExitError"),
                }
            };
            tokio::select! {
                outcome = &mut outcome => {
                    self.answered.fetch_add(1, Ordering::SeqCst);
                    return outcome.unwrap();
                }
                () = tokio::time::sleep(Duration::from_millis(20)) => {
                    if let Some(why) = ended.await {
                        self.waiting.lock().unwrap().remove(&id);
                        // The output is complete when the pipes are closed.
                        let readers = std::mem::take(&mut *self.readers.lock().unwrap());
                        for reader in readers {
                            reader.await.unwrap();
                        }
                        return Err(why.to_owned());
                    }
                }
            }
        }
    }

    /// Sets the timeout of later invocations, in milliseconds.
    pub fn allow(&self, timeout: u64) {
        self.timeout.store(timeout, Ordering::SeqCst);
    }

    /// Kills the process.
    pub async fn kill(&self) {
        let mut process = self.process.lock().await;
        process.as_mut().unwrap().kill().await.unwrap();
    }

    /// Returns the lines that the process wrote until now.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Waits until `found` returns a value for the output lines, and returns this value. The wait
    /// is necessary, because output can arrive after the answer.
    pub async fn written<T>(&self, found: impl Fn(&[String]) -> Option<T>) -> T {
        let all = async {
            loop {
                let grown = self.grown.notified();
                if let Some(found) = found(&self.lines()) {
                    return found;
                }
                grown.await;
            }
        };
        let all = tokio::time::timeout(Duration::from_millis(TIMEOUT_MS), all).await;
        all.unwrap_or_else(|_| panic!("the expected line did not arrive: {:#?}", self.lines()))
    }

    /// Returns the output after all invocations wrote their metrics line, which precedes the
    /// answer.
    pub async fn log(&self) -> Vec<String> {
        let answered = self.answered.load(Ordering::SeqCst);
        let all = |lines: &[String]| {
            let metrics = lines.iter().filter(|line| line.contains("CloudWatchMetrics"));
            (metrics.count() >= answered).then(|| lines.to_vec())
        };
        self.written(all).await
    }

    /// Returns the metrics line of the last invocation.
    pub async fn metrics(&self) -> Value {
        let lines = self.log().await;
        let line = lines.iter().rev().find(|line| line.contains("CloudWatchMetrics")).unwrap();
        serde_json::from_str(line).unwrap()
    }

    async fn start(&self) {
        let mut process = self.process.lock().await;
        if process.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None))) {
            return;
        }
        let mut child = Command::new(&self.binary)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", &self.api)
            .env("AWS_LAMBDA_FUNCTION_NAME", "evaluate")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        self.keep(child.stdout.take().unwrap());
        self.keep(child.stderr.take().unwrap());
        *process = Some(child);
    }

    fn keep(&self, output: impl AsyncRead + Send + Unpin + 'static) {
        let (lines, grown) = (Arc::clone(&self.lines), Arc::clone(&self.grown));
        let reader = tokio::spawn(async move {
            let mut output = BufReader::new(output).lines();
            while let Ok(Some(line)) = output.next_line().await {
                lines.lock().unwrap().push(line);
                grown.notify_waiters();
            }
        });
        self.readers.lock().unwrap().push(reader);
    }
}

/// Returns the path of the built evaluate function.
pub fn evaluate() -> PathBuf {
    let binary = built().join("evaluate");
    // Cargo builds it with the tests of its package or of the workspace.
    assert!(
        binary.exists(),
        "{} does not exist; run `cargo build --bin evaluate`",
        binary.display()
    );
    binary
}

/// Answers a request to the Runtime API.
async fn answer(
    request: Request<Incoming>,
    queue: Arc<AsyncMutex<UnboundedReceiver<(String, Bytes)>>>,
    waiting: Waiting,
    timeout: Arc<AtomicU64>,
) -> Result<Answer, Closed> {
    let path = request.uri().path().to_owned();
    let parts: Vec<&str> = path.trim_start_matches("/2018-06-01/runtime/").split('/').collect();
    let response = Response::builder();
    let response = match parts.as_slice() {
        ["invocation", "next"] => {
            let (id, payload) = loop {
                let job = queue.lock().await.recv().await.ok_or(Closed)?;
                // The next process must not begin an abandoned invocation.
                if waiting.lock().unwrap().contains_key(&job.0) {
                    break job;
                }
            };
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
            let timeout = u128::from(timeout.load(Ordering::SeqCst));
            let arn = format!("arn:aws:lambda:eu-central-1:{ACCOUNT}:function:evaluate");
            response
                .header("lambda-runtime-aws-request-id", id)
                .header("lambda-runtime-deadline-ms", now.saturating_add(timeout).to_string())
                .header("lambda-runtime-invoked-function-arn", arn)
                .header("lambda-runtime-trace-id", TRACE)
                .header("content-type", "application/json")
                .body(payload.into())
        }
        ["invocation", id, how] => {
            let (id, failed) = ((*id).to_owned(), *how == "error");
            let body = request.into_body().collect().await.map_err(|_| Closed)?.to_bytes();
            let text = String::from_utf8_lossy(&body).into_owned();
            let outcome = if failed { Err(text) } else { Ok(serde_json::from_str(&text).unwrap()) };
            if let Some(reply) = waiting.lock().unwrap().remove(&id) {
                // Sending fails if the test no longer waits for the result.
                drop(reply.send(outcome));
            }
            response.status(202).body(Bytes::new().into())
        }
        _ => response.status(202).body(Bytes::new().into()),
    };
    Ok(response.unwrap())
}
