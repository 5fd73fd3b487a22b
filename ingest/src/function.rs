//! What the function keeps from one invocation to the next, and what it does in each.

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use evenkeel_aws::Arn;
use evenkeel_client::clock::current_millis;
use evenkeel_client::config::{CallLimits, load_config};
use evenkeel_client::environment::{find_setting, parse_setting, read_setting};
use evenkeel_ingest::{
    AnnouncedFinding, AwsContext, HandleError, HandledPayload, InvocationMetrics, PayloadEvaluator,
    ReadRole, read_packaged_policies,
};
use evenkeel_ledger::{FindingRecorder, Ledger, LoadBundleError, SnsTopic};
use evenkeel_rules::bundle::PolicyBundle;
use evenkeel_rules::parse_epoch_millis;
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
const DEFAULT_REFRESH: Duration = Duration::from_mins(1);

/// No call of AWS may keep an invocation waiting for longer.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(10);

/// So much of an invocation is kept for its answer.
const RESPONSE_RESERVE: Duration = Duration::from_secs(1);

struct EvaluateFunction {
    ledger: Ledger,
    topic: Option<SnsTopic>,
    config: SdkConfig,
    role: Option<ReadRole>,
    refresh: Duration,
    current: Mutex<CurrentBundle>,
}

/// The last good bundle, and when a newer one was last looked for.
struct CurrentBundle {
    bundle: Arc<PolicyBundle>,
    checked_at: Instant,
}

/// Serves invocations until the process is ended.
pub(crate) async fn serve_invocations() -> Result<(), Error> {
    let function = &EvaluateFunction::from_environment().await?;
    run(service_fn(|event: LambdaEvent<Box<RawValue>>| function.handle_invocation(event))).await
}

impl EvaluateFunction {
    /// Reads the settings and the bundle.
    ///
    /// A bundle that the ledger names and that is wrong stops the function: with older policies, changes
    /// would be taken for judged, and would not come again.
    async fn from_environment() -> Result<EvaluateFunction, Error> {
        let place = read_setting(LEDGER, "`s3://bucket/prefix`, or a folder")?;
        let limits = CallLimits {
            attempt_timeout: Some(ATTEMPT_TIMEOUT),
            ..CallLimits::with_timeout(OPERATION_TIMEOUT)
        };
        let config = load_config(limits).await;
        let ledger = Ledger::open_location(&config, &place)?;
        let topic = find_setting(TOPIC).map(|arn| SnsTopic::new(&config, arn));
        let refresh = parse_setting(REFRESH_SECONDS, "a number of seconds")?;
        let refresh = refresh.map_or(DEFAULT_REFRESH, Duration::from_secs);
        let bundle = match ledger.load_bundle("").await? {
            Some(bundle) => bundle,
            None => read_packaged_policies(&find_policies_folder()?)?,
        };
        info!(bundle = bundle.version, policies = bundle.set.policies().len(), "started");
        let held = CurrentBundle { bundle: Arc::new(bundle), checked_at: Instant::now() };
        let role = find_setting(READ_ROLE)
            .map(|name| ReadRole { name, external_id: find_setting(EXTERNAL_ID) });
        Ok(EvaluateFunction { ledger, topic, config, role, refresh, current: Mutex::new(held) })
    }

    async fn handle_invocation(
        &self,
        event: LambdaEvent<Box<RawValue>>,
    ) -> Result<Value, Diagnostic> {
        let context = &event.context;
        let rejected = self.refresh_bundle().await;
        let recorder = FindingRecorder::new(self.ledger.clone(), self.topic.clone());
        let account = Arn::parse_text(&context.invoked_function_arn).map_or("", |arn| arn.account);
        let outside = AwsContext::new(self.config.clone(), account.to_owned(), self.role.clone());
        let evaluator = PayloadEvaluator::new(self.current_bundle(), recorder, outside);
        let ages = Mutex::new(InvocationMetrics::default());
        let tell = |noted: AnnouncedFinding<'_>| {
            let age = parse_epoch_millis(&noted.finding.action.event_time)
                .map(|time| current_millis().saturating_sub(time));
            if let Some(age) = age {
                ages.lock().unwrap_or_else(PoisonError::into_inner).record_event_age(age);
            }
            log_finding(&noted);
        };
        let payload = event.payload.get().as_bytes();
        let deadline = Some(invocation_deadline(context));
        let HandledPayload { answer, failures, mut metrics } =
            Box::pin(evaluator.handle_until(payload, &tell, deadline)).await;
        metrics.merge_from(&ages.into_inner().unwrap_or_else(PoisonError::into_inner));
        metrics.add_count("BundleRejected", u64::from(rejected.is_some()));
        for failed in &failures {
            let (message, trace) = (failed.id.as_deref(), failed.trace.as_deref());
            error!(message_id = message, trace, why = %failed.why, code = failed.why.error_code(), kind = failed.why.failure_kind().kind_code(), "a message will come again");
        }
        write_metrics(&metrics, context);
        answer.map_err(|error| to_diagnostic(&error))
    }

    /// Looks for a newer bundle, if it is time to. One that cannot be used leaves the last good one in
    /// place; then this is why.
    async fn refresh_bundle(&self) -> Option<LoadBundleError> {
        let known = self.take_due_version()?;
        let newer = self.ledger.load_bundle(&known).await;
        let rejected = newer.map(|newer| newer.map(|newer| self.replace_bundle(newer))).err()?;
        error!(bundle = known, why = %rejected, "a bundle was rejected, and the last good one kept");
        Some(rejected)
    }

    /// The version of the bundle that is held, if it is time to look for a newer one.
    fn take_due_version(&self) -> Option<String> {
        let mut held = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if held.checked_at.elapsed() < self.refresh {
            return None;
        }
        held.checked_at = Instant::now();
        Some(held.bundle.version.clone())
    }

    fn replace_bundle(&self, bundle: PolicyBundle) {
        info!(bundle = bundle.version, policies = bundle.set.policies().len(), "renewed");
        self.current.lock().unwrap_or_else(PoisonError::into_inner).bundle = Arc::new(bundle);
    }

    fn current_bundle(&self) -> Arc<PolicyBundle> {
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner).bundle)
    }
}

/// When the handling must have ended: an invocation that is still there to answer names what it did not finish; one
/// that is ended by AWS Lambda brings all of its batch again.
fn invocation_deadline(context: &Context) -> Instant {
    let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
    let now = Instant::now();
    now.checked_add(left.saturating_sub(RESPONSE_RESERVE)).unwrap_or(now)
}

/// The folder of the policies that came with the function.
fn find_policies_folder() -> Result<PathBuf, Error> {
    if let Some(folder) = find_setting(POLICIES) {
        return Ok(folder.into());
    }
    let root = find_setting("LAMBDA_TASK_ROOT").ok_or_else(|| format!("{POLICIES} is not set"))?;
    Ok(PathBuf::from(root).join("policies"))
}

/// No text of the event but ids: who may read the log need not be one who may read the evidence.
fn log_finding(noted: &AnnouncedFinding<'_>) {
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
fn write_metrics(metrics: &InvocationMetrics, context: &Context) {
    let line = metrics.to_log_line(&context.env_config.function_name, current_millis());
    if writeln!(std::io::stdout().lock(), "{line}").is_err() {
        error!("the metrics could not be written");
    }
}

fn to_diagnostic(error: &HandleError) -> Diagnostic {
    let kind = match error {
        HandleError::Unknown(_) => "Evenkeel.UnknownShape",
        HandleError::Failed(_) => "Evenkeel.NotDone",
    };
    Diagnostic { error_type: kind.to_owned(), error_message: error.to_string() }
}
