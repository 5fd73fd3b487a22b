//! The fixture of the remediator tests: a resource in the AWS stand-in, a ledger, and an executor.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_cloudtrail::config::timeout::TimeoutConfig;
use aws_sdk_cloudtrail::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;
use evenkeel_client::config::new_http_client;
use evenkeel_ledger::Ledger;
use evenkeel_remediators::{
    AwsConnection, DailyBudget, ExecutorError, ExecutorSettings, KillSwitch, PlanApproval,
    PlanRefusal, PolicyViolation, RateLimiter, RemediationExecutor, RemediationOutcome,
    RemediationPlan, RemediationPreview, RemediationResult, Remediator, RetryLimits,
    TargetResource, TlsProbe, UndoRequest,
};
use evenkeel_rules::policy::RemediationMode;
use http_body_util::Full;
use hyper::Request;
use object_store::memory::InMemory;
use serde_json::{Value, json};

use super::permitted::{is_read, permitted};
use crate::calls::number_stage;
use evenkeel_testing::http::send;
use evenkeel_testing::proxy::Proxy;
use evenkeel_testing::stand_in::stand_in;

/// The timeout of one attempt of an AWS call, after which the SDK retries. The function uses 5 s.
/// The tests use a longer time, because the machine may be busy.
const ATTEMPT: Duration = Duration::from_secs(10);

/// Returns a connection to AWS at `endpoint`, without a TLS probe and without a kill switch.
pub(crate) fn aws(endpoint: SocketAddr) -> AwsConnection {
    let credentials = Credentials::new("test", "test", None, None, "test");
    let config = SdkConfig::builder()
        .http_client(new_http_client())
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(format!("http://{endpoint}"))
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).build());
    AwsConnection {
        config: config.build(),
        probe: None,
        rate_limiter: RateLimiter::default(),
        switch: None,
    }
}

/// Returns the result of a remediation that leaves the resource to a person.
pub(crate) fn refused_for_state(why: &str) -> RemediationResult {
    RemediationResult::Refused(PlanRefusal::NeedsPerson(why.to_owned()).into())
}

/// Returns the result of a remediation with an invalid setting in the policy header.
pub(crate) fn refused_for_setting(why: &str) -> RemediationResult {
    RemediationResult::Refused(PlanRefusal::InvalidSetting(why.to_owned()).into())
}

/// A finding about a resource, with an in-memory ledger and a proxy in front of the AWS stand-in.
pub(crate) struct Stage {
    pub(crate) proxy: Proxy,
    probe: Option<Arc<dyn TlsProbe>>,
    pub(crate) ledger: Ledger,
    record: Value,
    /// The number of this stage among the stages of its remediator in the test, from 1.
    number: usize,
    /// The number of the current finding, from 1.
    findings: AtomicU32,
}

impl Stage {
    /// Creates a stage for a finding of `policy` about the resource `id` of type `kind`.
    pub(crate) async fn new(policy: &str, remediator: &str, kind: &str, id: &str) -> Stage {
        let record = json!({
            "finding_info": {
                "uid": "00000000-0000-4000-8000-000000000001", "analytic": {"uid": policy}
            },
            "time": 0,
            "compliance": {"status_code": "NON_COMPLIANT"},
            "cloud": {"account": {"uid": "123456789012"}, "region": "eu-central-1"},
            "resources": [{"type": kind, "name": id}],
            "unmapped": {"remediation": {"run": remediator, "mode": "auto"}}
        });
        let ledger = Ledger::from_store(Arc::new(InMemory::new()));
        Stage {
            proxy: Proxy::new().await,
            probe: None,
            ledger,
            record,
            number: number_stage(remediator),
            findings: AtomicU32::new(1),
        }
    }

    /// Returns a connection to AWS through the proxy, with the kill switch of the ledger.
    pub(crate) fn aws(&self) -> AwsConnection {
        let switch = KillSwitch::new(self.ledger.clone(), &self.target());
        AwsConnection { probe: self.probe.clone(), ..aws(self.proxy.address) }
            .with_kill_switch(switch)
    }

    /// Returns the current finding.
    fn violation(&self) -> PolicyViolation {
        let number = self.findings.load(Ordering::Relaxed);
        let mut record = self.record.clone();
        let uid = record.pointer_mut("/finding_info/uid").unwrap();
        *uid = format!("00000000-0000-4000-8000-{number:012}").into();
        PolicyViolation::from_record(record.to_string().as_bytes()).unwrap()
    }

    /// Sets `with` of the remediation in the policy header.
    pub(crate) fn with(mut self, header: &Value) -> Stage {
        let remediation = self.record.pointer_mut("/unmapped/remediation").unwrap();
        remediation.as_object_mut().unwrap().insert("with".to_owned(), header.clone());
        self
    }

    /// Sets the violations that the finding lists.
    pub(crate) fn of_found(mut self, violations: &Value) -> Stage {
        let evidence = json!({"actor": {"user": {"uid": ""}}, "data": {"violations": violations}});
        let record = self.record.as_object_mut().unwrap();
        record.insert("evidences".to_owned(), json!([evidence]));
        self
    }

    /// Sets the approval reason (`ask`) in the policy header.
    pub(crate) fn asking(mut self, ask: &str) -> Stage {
        let remediation = self.record.pointer_mut("/unmapped/remediation").unwrap();
        remediation.as_object_mut().unwrap().insert("ask".to_owned(), ask.into());
        self
    }

    /// Sets `tier`, `actions` and `patch` of the remediation in the policy header.
    pub(crate) fn patching(mut self, tier: &str, actions: &[&str], patch: &Value) -> Stage {
        let remediation = self.record.pointer_mut("/unmapped/remediation").unwrap();
        let remediation = remediation.as_object_mut().unwrap();
        remediation.insert("tier".to_owned(), tier.into());
        remediation.insert("actions".to_owned(), json!(actions));
        remediation.insert("patch".to_owned(), patch.clone());
        self
    }

    /// Sets `checks` of the remediation in the policy header.
    pub(crate) fn checking(mut self, checks: &[&str]) -> Stage {
        let remediation = self.record.pointer_mut("/unmapped/remediation").unwrap();
        remediation.as_object_mut().unwrap().insert("checks".to_owned(), json!(checks));
        self
    }

    /// Sets the TLS probe.
    pub(crate) fn with_probe(mut self, probe: Arc<dyn TlsProbe>) -> Stage {
        self.probe = Some(probe);
        self
    }

    /// Removes the TLS probe.
    pub(crate) fn without_probe(mut self) -> Stage {
        self.probe = None;
        self
    }

    /// Returns the preview of the remediation.
    pub(crate) async fn preview<R: Remediator + From<AwsConnection> + 'static>(
        &self,
    ) -> RemediationPreview {
        self.executor::<R>().preview_remediation(&self.violation(), 0).await.unwrap()
    }

    /// Approves the current plan.
    pub(crate) async fn approve<R: Remediator + From<AwsConnection> + 'static>(&self) {
        let plan = self.preview::<R>().await.plan.unwrap();
        let approval = PlanApproval {
            approver: "rosa".to_owned(),
            expires: 1,
            approved: true,
            ..PlanApproval::default()
        };
        let finding = self.violation().finding;
        approval.store_decision(&self.ledger, finding, &plan).await.unwrap();
    }

    pub(crate) fn target(&self) -> TargetResource {
        PolicyViolation::from_record(self.record.to_string().as_bytes()).unwrap().target
    }

    fn executor<R: Remediator + From<AwsConnection> + 'static>(&self) -> RemediationExecutor {
        let settings = ExecutorSettings {
            maximum_mode: RemediationMode::Auto,
            limits: RetryLimits::default(),
            budget: DailyBudget::default(),
            operator: evenkeel_rules::operator_settings::OperatorSettings::default(),
        };
        let aws = self.aws();
        let executor =
            RemediationExecutor::new(Box::new(R::from(aws.clone())), self.ledger.clone(), settings);
        executor.with_kill_switch(aws.switch)
    }

    /// Remediates the current finding. Approves the plan if the remediator always needs approval,
    /// or if an earlier undo blocks it. The next run has a new finding, unless this run fails.
    pub(crate) async fn run<R: Remediator + From<AwsConnection> + 'static>(
        &self,
    ) -> Result<RemediationOutcome, ExecutorError> {
        let violation = self.violation();
        let mut outcome = self.executor::<R>().remediate_violation(&violation, 0).await?;
        // A remediator that always needs approval waits, so the fixture approves the plan.
        let waits = |end| matches!(&outcome.result, RemediationResult::AwaitingApproval(why) if why.ends_with(end));
        let needs_person =
            R::SPEC.tier.is_some() && R::SPEC.maximum_mode(None) < RemediationMode::Auto;
        let undone = "(a test); approve the plan only if the remediation is needed again";
        if needs_person && waits("(run `evenkeel approve` or `evenkeel reject`)") || waits(undone) {
            self.approve::<R>().await;
            outcome = self.executor::<R>().remediate_violation(&violation, 0).await?;
        }
        self.findings.fetch_add(1, Ordering::Relaxed);
        Ok(outcome)
    }

    /// Undoes the first attempt.
    pub(crate) async fn undo<R: Remediator + From<AwsConnection> + 'static>(
        &self,
    ) -> RemediationOutcome {
        self.try_undo::<R>().await.unwrap()
    }

    /// Undoes the first attempt, and returns an error instead of a panic.
    ///
    /// # Errors
    /// The error of an undo that must be retried.
    pub(crate) async fn try_undo<R: Remediator + From<AwsConnection> + 'static>(
        &self,
    ) -> Result<RemediationOutcome, ExecutorError> {
        let request = UndoRequest { by: "rosa", reason: "a test" };
        self.executor::<R>().undo_attempt(&self.target(), 1, request, 60_000).await
    }

    /// Reads the state of the resource directly, without the proxy.
    pub(crate) async fn state<R: Remediator + From<AwsConnection> + 'static>(&self) -> R::State {
        R::from(aws(stand_in())).observe_state(&self.target()).await.unwrap()
    }

    /// Returns whether the remediator plans no change for the current state.
    pub(crate) async fn is_compliant<R: Remediator + From<AwsConnection> + 'static>(&self) -> bool {
        let seen = self.state::<R>().await;
        R::from(aws(stand_in())).plan_change(&self.target(), &seen) == RemediationPlan::Nothing
    }

    /// Requires that the writes on the proxy are the actions that the remediator states for the
    /// change and for its undo.
    pub(crate) fn assert_planned_writes<R: Remediator>(&self, before: &R::State, after: &R::State) {
        let calls = self.proxy.calls().into_iter().flat_map(|call| call.asked);
        let writes = calls.map(|asked| asked.action).filter(|action| !is_read(action));
        let planned =
            [R::required_actions(before, after), R::required_actions(after, before)].concat();
        let planned: BTreeSet<String> = planned.into_iter().map(str::to_owned).collect();
        assert_eq!(writes.collect::<BTreeSet<String>>(), planned);
    }

    async fn execute_there_and_back<R>(&self, before: &R::State, after: &R::State)
    where
        R: Remediator + From<AwsConnection> + 'static,
        R::State: Debug,
    {
        assert_eq!(self.run::<R>().await.unwrap().result, RemediationResult::Restored);
        assert_eq!(self.state::<R>().await, *after);
        assert_eq!(self.run::<R>().await.unwrap().result, RemediationResult::Compliant);
        assert_eq!(self.undo::<R>().await.result, RemediationResult::Restored);
        assert_eq!(self.state::<R>().await, *before);
    }

    /// Applies the planned state and the former state directly, each twice; then remediates and
    /// undoes with the executor.
    pub(crate) async fn there_and_back<R>(&self)
    where
        R: Remediator + From<AwsConnection> + 'static,
        R::State: Debug,
    {
        let (remediator, target) = (R::from(self.aws()), self.target());
        let before = self.state::<R>().await;
        let RemediationPlan::Change(after) = remediator.plan_change(&target, &before) else {
            panic!("no change is planned for {before:?}");
        };
        assert!(matches!(remediator.plan_change(&target, &after), RemediationPlan::Nothing));
        for wanted in [&after, &after, &before, &before] {
            remediator.apply_state(&target, wanted).await.unwrap();
            assert_eq!(self.state::<R>().await, *wanted);
        }
        self.execute_there_and_back::<R>(&before, &after).await;
        self.assert_planned_writes::<R>(&before, &after);
    }
}

impl Drop for Stage {
    /// Checks that the session policy allows every call, unless the test panics.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let remediator = self.record.pointer("/unmapped/remediation/run").unwrap();
            let remediator = remediator.as_str().unwrap();
            permitted(remediator, &self.target(), &self.proxy.calls(), self.number);
        }
    }
}

/// Reads a path of API Gateway directly, without the proxy. Returns the parsed answer.
pub(crate) async fn read_api_gateway(path: &str) -> Value {
    let scope = "Credential=test/20260311/eu-central-1/apigateway/aws4_request";
    let authorization = format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none");
    let request = Request::builder().uri(path).header("host", stand_in().to_string());
    let request = request.header("authorization", authorization).body(Full::default()).unwrap();
    let (_, body) = send(stand_in(), request).await.unwrap();
    serde_json::from_slice(&body).unwrap()
}
