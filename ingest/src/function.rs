//! Handles the invocations of the evaluate function. Keeps the policy bundle between invocations.

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

/// The environment variables with the settings of the function.
const LEDGER: &str = "EVENKEEL_LEDGER";
const TOPIC: &str = "EVENKEEL_TOPIC";
const POLICIES: &str = "EVENKEEL_POLICIES";
const READ_ROLE: &str = "EVENKEEL_READ_ROLE";
const EXTERNAL_ID: &str = "EVENKEEL_EXTERNAL_ID";
const REFRESH_SECONDS: &str = "EVENKEEL_REFRESH_SECONDS";

/// The default interval between two checks for a newer bundle.
const DEFAULT_REFRESH: Duration = Duration::from_mins(1);

/// The timeouts for a call of AWS: for one attempt, and for all attempts together.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(10);

/// The part of an invocation's time that is reserved for the response.
const RESPONSE_RESERVE: Duration = Duration::from_secs(1);

struct EvaluateFunction {
    ledger: Ledger,
    topic: Option<SnsTopic>,
    config: SdkConfig,
    role: Option<ReadRole>,
    refresh: Duration,
    current: Mutex<CurrentBundle>,
}

/// The last valid bundle, and the time of the last check for a newer one.
struct CurrentBundle {
    bundle: Arc<PolicyBundle>,
    checked_at: Instant,
}

/// Serves invocations until the process ends.
pub(crate) async fn serve_invocations() -> Result<(), Error> {
    let function = &EvaluateFunction::from_environment().await?;
    run(service_fn(|event: LambdaEvent<Box<RawValue>>| function.handle_invocation(event))).await
}

impl EvaluateFunction {
    /// Reads the settings and loads the bundle.
    ///
    /// If the ledger contains a bundle that is not valid, the function does not start. With the
    /// packaged policies, which can be older, it would evaluate changes and delete their messages.
    /// The policies of the bundle would never evaluate these changes.
    async fn from_environment() -> Result<EvaluateFunction, Error> {
        let location = read_setting(LEDGER, "`s3://bucket/prefix`, or a folder")?;
        let limits = CallLimits {
            attempt_timeout: Some(ATTEMPT_TIMEOUT),
            ..CallLimits::with_timeout(OPERATION_TIMEOUT)
        };
        let config = load_config(limits).await;
        let ledger = Ledger::open_location(&config, &location)?;
        let topic = find_setting(TOPIC).map(|arn| SnsTopic::new(&config, arn));
        let refresh = parse_setting(REFRESH_SECONDS, "a number of seconds")?;
        let refresh = refresh.map_or(DEFAULT_REFRESH, Duration::from_secs);
        let bundle = match ledger.load_bundle("").await? {
            Some(bundle) => bundle,
            None => read_packaged_policies(&find_policies_folder()?)?,
        };
        info!(bundle = bundle.version, policies = bundle.set.policies().len(), "started");
        let current = CurrentBundle { bundle: Arc::new(bundle), checked_at: Instant::now() };
        let role = find_setting(READ_ROLE)
            .map(|name| ReadRole { name, external_id: find_setting(EXTERNAL_ID) });
        Ok(EvaluateFunction { ledger, topic, config, role, refresh, current: Mutex::new(current) })
    }

    async fn handle_invocation(
        &self,
        event: LambdaEvent<Box<RawValue>>,
    ) -> Result<Value, Diagnostic> {
        let context = &event.context;
        let rejected = self.refresh_bundle().await;
        let recorder = FindingRecorder::new(self.ledger.clone(), self.topic.clone());
        let account = Arn::parse_text(&context.invoked_function_arn).map_or("", |arn| arn.account);
        let cloud = AwsContext::new(self.config.clone(), account.to_owned(), self.role.clone());
        let evaluator = PayloadEvaluator::new(self.current_bundle(), recorder, cloud);
        let ages = Mutex::new(InvocationMetrics::default());
        let observer = |announced: AnnouncedFinding<'_>| {
            let age = parse_epoch_millis(&announced.finding.action.event_time)
                .map(|time| current_millis().saturating_sub(time));
            if let Some(age) = age {
                ages.lock().unwrap_or_else(PoisonError::into_inner).record_event_age(age);
            }
            log_finding(&announced);
        };
        let payload = event.payload.get().as_bytes();
        let deadline = Some(invocation_deadline(context));
        let HandledPayload { answer, failures, mut metrics } =
            Box::pin(evaluator.handle_until(payload, &observer, deadline)).await;
        metrics.merge_from(&ages.into_inner().unwrap_or_else(PoisonError::into_inner));
        metrics.add_count("BundleRejected", u64::from(rejected.is_some()));
        for failed in &failures {
            let (message, trace) = (failed.id.as_deref(), failed.trace.as_deref());
            error!(
                message_id = message,
                trace,
                why = %failed.why,
                code = failed.why.error_code(),
                kind = failed.why.failure_kind().kind_code(),
                "a message failed; it is delivered again"
            );
        }
        write_metrics(&metrics, context);
        answer.map_err(|error| to_diagnostic(&error))
    }

    /// Loads a newer bundle if the refresh interval has elapsed. If the newer bundle cannot be
    /// loaded, the function keeps the last valid bundle and returns the error.
    async fn refresh_bundle(&self) -> Option<LoadBundleError> {
        let known = self.take_due_version()?;
        let newer = self.ledger.load_bundle(&known).await;
        let rejected = newer.map(|newer| newer.map(|newer| self.replace_bundle(newer))).err()?;
        error!(
            bundle = known,
            why = %rejected,
            "cannot load a newer bundle; the last valid bundle stays in use"
        );
        Some(rejected)
    }

    /// Returns the version of the current bundle if a check for a newer bundle is due. In this
    /// case, the function also restarts the interval.
    fn take_due_version(&self) -> Option<String> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.checked_at.elapsed() < self.refresh {
            return None;
        }
        current.checked_at = Instant::now();
        Some(current.bundle.version.clone())
    }

    fn replace_bundle(&self, bundle: PolicyBundle) {
        info!(
            bundle = bundle.version,
            policies = bundle.set.policies().len(),
            "loaded a newer bundle"
        );
        self.current.lock().unwrap_or_else(PoisonError::into_inner).bundle = Arc::new(bundle);
    }

    fn current_bundle(&self) -> Arc<PolicyBundle> {
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner).bundle)
    }
}

/// Returns the time at which the handling must end: [`RESPONSE_RESERVE`] before the timeout of the
/// invocation.
///
/// If the handling ends before the timeout, the response names the messages that are not finished,
/// and only these messages are delivered again. If AWS Lambda ends the invocation at the timeout,
/// all messages of the batch are delivered again.
fn invocation_deadline(context: &Context) -> Instant {
    let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
    let now = Instant::now();
    now.checked_add(left.saturating_sub(RESPONSE_RESERVE)).unwrap_or(now)
}

/// Returns the folder of the packaged policies.
fn find_policies_folder() -> Result<PathBuf, Error> {
    if let Some(folder) = find_setting(POLICIES) {
        return Ok(folder.into());
    }
    let root = find_setting("LAMBDA_TASK_ROOT")
        .ok_or_else(|| format!("{POLICIES} is not set; set it to a folder of policies"))?;
    Ok(PathBuf::from(root).join("policies"))
}

/// Logs a finding. The log contains ids and no other text of the event, because readers of the log
/// may not be allowed to read the evidence.
fn log_finding(announced: &AnnouncedFinding<'_>) {
    let finding = announced.finding;
    info!(
        uid = %finding.uid,
        policy = finding.policy,
        status = %finding.status,
        severity = %finding.severity,
        recorded = ?announced.recorded,
        message_id = announced.message.id.as_deref(),
        trace = announced.message.trace.as_deref(),
        "finding"
    );
}

/// Writes the metrics as a log line that CloudWatch converts to metrics. If the line cannot be
/// written, the invocation still succeeds, because its findings are recorded.
fn write_metrics(metrics: &InvocationMetrics, context: &Context) {
    let line = metrics.to_log_line(&context.env_config.function_name, current_millis());
    if writeln!(std::io::stdout().lock(), "{line}").is_err() {
        error!("cannot write the metrics to standard output");
    }
}

fn to_diagnostic(error: &HandleError) -> Diagnostic {
    let kind = match error {
        HandleError::Unknown(_) => "Evenkeel.UnknownShape",
        HandleError::Failed(_) => "Evenkeel.NotDone",
    };
    Diagnostic { error_type: kind.to_owned(), error_message: error.to_string() }
}
