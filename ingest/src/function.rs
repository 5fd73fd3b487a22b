//! What the function keeps from one invocation to the next, and what it does in each.

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use evenkeel_aws::Arn;
use evenkeel_client::clock::now;
use evenkeel_client::config::{CallLimits, load_config};
use evenkeel_client::environment::{find_setting, parse_setting, read_setting};
use evenkeel_ingest::{
    Aws, Evaluator, HandleError, Handled, Metrics, Noted, ReadRole, read_artefact,
};
use evenkeel_ledger::{Ledger, LoadBundleError, Recorder, Topic};
use evenkeel_rules::bundle::Bundle;
use evenkeel_rules::milliseconds;
use lambda_runtime::tracing::{error, info};
use lambda_runtime::{Context, Diagnostic, Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::time::Instant;

/// Where the environment says what the function works with.
const LEDGER: &str = "EVENKEEL_LEDGER";
const TOPIC: &str = "EVENKEEL_TOPIC";
const POLICIES: &str = "EVENKEEL_POLICIES";
const READ_ROLE: &str = "EVENKEEL_READ_ROLE";
const EXTERNAL_ID: &str = "EVENKEEL_EXTERNAL_ID";
const REFRESH_SECONDS: &str = "EVENKEEL_REFRESH_SECONDS";

/// How long a bundle holds before a newer one is looked for.
const REFRESH: Duration = Duration::from_mins(1);

/// No call of AWS may keep an invocation waiting for longer.
const ATTEMPT: Duration = Duration::from_secs(3);
const OPERATION: Duration = Duration::from_secs(10);

/// So much of an invocation is kept for its answer.
const RESERVE: Duration = Duration::from_secs(1);

struct Function {
    ledger: Ledger,
    topic: Option<Topic>,
    config: SdkConfig,
    role: Option<ReadRole>,
    refresh: Duration,
    held: Mutex<Held>,
}

/// The last good bundle, and when a newer one was last looked for.
struct Held {
    bundle: Arc<Bundle>,
    looked: Instant,
}

/// Serves invocations until the process is ended.
pub(crate) async fn serve() -> Result<(), Error> {
    let function = &Function::start().await?;
    run(service_fn(|event: LambdaEvent<Box<RawValue>>| function.invoke(event))).await
}

impl Function {
    /// Reads the settings and the bundle.
    ///
    /// A bundle that the ledger names and that is wrong stops the function: with older policies, changes
    /// would be taken for judged, and would not come again.
    async fn start() -> Result<Function, Error> {
        let place = read_setting(LEDGER, "`s3://bucket/prefix`, or a folder")?;
        let limits = CallLimits { attempt: Some(ATTEMPT), ..CallLimits::within(OPERATION) };
        let config = load_config(limits).await;
        let ledger = Ledger::at(&config, &place)?;
        let topic = find_setting(TOPIC).map(|arn| Topic::new(&config, arn));
        let refresh = parse_setting(REFRESH_SECONDS, "a number of seconds")?;
        let refresh = refresh.map_or(REFRESH, Duration::from_secs);
        let bundle = match ledger.load_bundle("").await? {
            Some(bundle) => bundle,
            None => read_artefact(&shipped()?)?,
        };
        info!(bundle = bundle.version, policies = bundle.set.policies().len(), "started");
        let held = Held { bundle: Arc::new(bundle), looked: Instant::now() };
        let role = find_setting(READ_ROLE)
            .map(|name| ReadRole { name, external_id: find_setting(EXTERNAL_ID) });
        Ok(Function { ledger, topic, config, role, refresh, held: Mutex::new(held) })
    }

    async fn invoke(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Value, Diagnostic> {
        let context = &event.context;
        let rejected = self.renew().await;
        let recorder = Recorder::new(self.ledger.clone(), self.topic.clone());
        let account = Arn::parse(&context.invoked_function_arn).map_or("", |arn| arn.account);
        let outside = Aws::new(self.config.clone(), account.to_owned(), self.role.clone());
        let evaluator = Evaluator::new(self.bundle(), recorder, outside);
        let ages = Mutex::new(Metrics::default());
        let tell = |noted: Noted<'_>| {
            let age = milliseconds(&noted.finding.action.event_time)
                .map(|time| now().saturating_sub(time));
            if let Some(age) = age {
                ages.lock().unwrap_or_else(PoisonError::into_inner).age(age);
            }
            log_finding(&noted);
        };
        let payload = event.payload.get().as_bytes();
        let deadline = Some(deadline(context));
        let Handled { answer, failures, mut metrics } =
            Box::pin(evaluator.handle_until(payload, &tell, deadline)).await;
        metrics.merge(&ages.into_inner().unwrap_or_else(PoisonError::into_inner));
        metrics.add("BundleRejected", u64::from(rejected.is_some()));
        for failed in &failures {
            let (message, trace) = (failed.id.as_deref(), failed.trace.as_deref());
            error!(message_id = message, trace, why = %failed.why, code = failed.why.code(), kind = failed.why.kind().code(), "a message will come again");
        }
        tell_metrics(&metrics, context);
        answer.map_err(|error| diagnostic(&error))
    }

    /// Looks for a newer bundle, if it is time to. One that cannot be used leaves the last good one in
    /// place; then this is why.
    async fn renew(&self) -> Option<LoadBundleError> {
        let known = self.due()?;
        let newer = self.ledger.load_bundle(&known).await;
        let rejected = newer.map(|newer| newer.map(|newer| self.hold(newer))).err()?;
        error!(bundle = known, why = %rejected, "a bundle was rejected, and the last good one kept");
        Some(rejected)
    }

    /// The version of the bundle that is held, if it is time to look for a newer one.
    fn due(&self) -> Option<String> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.looked.elapsed() < self.refresh {
            return None;
        }
        held.looked = Instant::now();
        Some(held.bundle.version.clone())
    }

    fn hold(&self, bundle: Bundle) {
        info!(bundle = bundle.version, policies = bundle.set.policies().len(), "renewed");
        self.held.lock().unwrap_or_else(PoisonError::into_inner).bundle = Arc::new(bundle);
    }

    fn bundle(&self) -> Arc<Bundle> {
        Arc::clone(&self.held.lock().unwrap_or_else(PoisonError::into_inner).bundle)
    }
}

/// When the handling must have ended: an invocation that is still there to answer names what it did not finish; one
/// that is ended by AWS Lambda brings all of its batch again.
fn deadline(context: &Context) -> Instant {
    let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
    let now = Instant::now();
    now.checked_add(left.saturating_sub(RESERVE)).unwrap_or(now)
}

/// The folder of the policies that came with the function.
fn shipped() -> Result<PathBuf, Error> {
    if let Some(folder) = find_setting(POLICIES) {
        return Ok(folder.into());
    }
    let root = find_setting("LAMBDA_TASK_ROOT").ok_or_else(|| format!("{POLICIES} is not set"))?;
    Ok(PathBuf::from(root).join("policies"))
}

/// No text of the event but ids: who may read the log need not be one who may read the evidence.
fn log_finding(noted: &Noted<'_>) {
    let finding = noted.finding;
    info!(
        uid = %finding.uid,
        policy = finding.policy,
        status = %finding.status,
        severity = %finding.severity,
        recorded = ?noted.recorded,
        message_id = noted.message.id.as_deref(),
        trace = noted.message.trace.as_deref(),
        "finding"
    );
}

/// CloudWatch makes metrics of such a line; a log that cannot be written must not fail what was done.
fn tell_metrics(metrics: &Metrics, context: &Context) {
    let line = metrics.line(&context.env_config.function_name, now());
    if writeln!(std::io::stdout().lock(), "{line}").is_err() {
        error!("the metrics could not be written");
    }
}

fn diagnostic(error: &HandleError) -> Diagnostic {
    let kind = match error {
        HandleError::Unknown(_) => "Evenkeel.UnknownShape",
        HandleError::Failed(_) => "Evenkeel.NotDone",
    };
    Diagnostic { error_type: kind.to_owned(), error_message: error.to_string() }
}
