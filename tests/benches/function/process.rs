//! Starts a function process and serves its Runtime API, with blocking I/O to keep the overhead
//! low.

use std::fs;
use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

use crate::{Outcome, aws};

/// If this environment variable is set, the benchmark program is the function that does nothing.
pub(crate) const HELLO: &str = "EVENKEEL_BENCH_HELLO";

/// Runs the function that does nothing.
pub(crate) fn hello() -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let work = service_fn(async |event: LambdaEvent<Value>| {
        Ok::<Value, lambda_runtime::Error>(event.payload["id"].clone())
    });
    Ok(runtime.block_on(lambda_runtime::run(work)).map_err(|error| error.to_string())?)
}

/// A function process and its connection to the Runtime API.
pub(crate) struct Process {
    child: Child,
    listener: TcpListener,
    started: Instant,
    polled: Option<(TcpStream, BufReader<TcpStream>)>,
}

impl Process {
    /// Starts the evaluate function with these policies or, for `None`, the function that does
    /// nothing.
    pub(crate) fn start(policies: Option<&Path>) -> Outcome<Process> {
        Self::spawn(policies, aws::serve(Vec::new())?)
    }

    /// Starts the evaluate function with an S3 stand-in that returns `object` for every log object.
    pub(crate) fn start_with_object(policies: &Path, object: Vec<u8>) -> Outcome<Process> {
        Self::spawn(Some(policies), aws::serve(object)?)
    }

    fn spawn(policies: Option<&Path>, aws: SocketAddr) -> Outcome<Process> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut command = if let Some(policies) = policies {
            let mut command = Command::new(env!("CARGO_BIN_EXE_evaluate"));
            command.env_clear().env("EVENKEEL_POLICIES", policies);
            command
        } else {
            let mut command = Command::new(std::env::current_exe()?);
            command.env_clear().env(HELLO, "1");
            command
        };
        command
            .env("EVENKEEL_LEDGER", "s3://bucket/ledger")
            .env("EVENKEEL_TOPIC", "arn:aws:sns:eu-central-1:111122223333:findings")
            .env("AWS_ENDPOINT_URL", format!("http://{aws}"))
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr()?.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .stdout(Stdio::null())
            .stderr(Stdio::inherit());
        let started = Instant::now();
        let child = command.spawn()?;
        Ok(Process { child, listener, started, polled: None })
    }

    /// Waits for the first poll. Returns the time since the start of the process.
    pub(crate) fn first_poll(&mut self) -> Outcome<Duration> {
        let (stream, _) = self.listener.accept()?;
        stream.set_nodelay(true)?;
        let mut input = BufReader::new(stream.try_clone()?);
        aws::read(&mut input)?;
        self.polled = Some((stream, input));
        Ok(self.started.elapsed())
    }

    /// Sends the first event. Returns the time from the start of the process to its answer.
    pub(crate) fn first_answer(&mut self, payload: &str) -> Outcome<Duration> {
        self.invoke(payload)?;
        Ok(self.started.elapsed())
    }

    /// Sends an event to the polling process. Returns the time until its answer.
    pub(crate) fn invoke(&mut self, payload: &str) -> Outcome<Duration> {
        let (stream, input) = self.polled.as_mut().ok_or("the process has not polled")?;
        let deadline = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\ncontent-type: application/json\r\n\
             lambda-runtime-aws-request-id: r\r\nlambda-runtime-deadline-ms: {}\r\n\
             lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-central-1:111122223333:function:f\r\n\r\n",
            payload.len(),
            deadline.as_millis() + 60_000,
        );
        let begun = Instant::now();
        stream.write_all(&[head.as_bytes(), payload.as_bytes()].concat())?;
        let answer = aws::read(input)?.ok_or("the process ended without an answer")?;
        let time = begun.elapsed();
        if !answer.path.ends_with("/response") {
            return Err(String::from_utf8_lossy(&answer.body).into_owned().into());
        }
        stream.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")?;
        aws::read(input)?;
        Ok(time)
    }

    /// Returns the peak memory of the process, in bytes.
    pub(crate) fn peak(&self) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes: u64 = line
            .ok_or("/proc does not contain the peak memory")?
            .trim()
            .trim_end_matches(" kB")
            .parse()?;
        Ok(kilobytes * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Ignore errors, because the process may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
