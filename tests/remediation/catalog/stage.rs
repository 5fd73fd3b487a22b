//! A resource in what stands in for AWS, a ledger, and a remediation of it.

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
use evenkeel_testing::stand::stand;

/// The time for one attempt of a call; what is not answered is asked again. It is 5 s in the function, and more here, where
/// the machine may be busy.
const ATTEMPT: Duration = Duration::from_secs(10);

/// AWS, reached at `endpoint`. Backends are not asked.
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

/// How it ends where the state must be left to a person.
pub(crate) fn refused_for_state(why: &str) -> RemediationResult {
    RemediationResult::Refused(PlanRefusal::NeedsPerson(why.to_owned()).into())
}

/// How it ends where the policy's header says what cannot be.
pub(crate) fn refused_for_setting(why: &str) -> RemediationResult {
    RemediationResult::Refused(PlanRefusal::InvalidSetting(why.to_owned()).into())
}

/// A ledger, and a proxy before AWS.
pub(crate) struct Stage {
    pub(crate) proxy: Proxy,
    probe: Option<Arc<dyn TlsProbe>>,
    pub(crate) ledger: Ledger,
    record: Value,
    /// The how manyth it is of its remediator in its test.
    number: usize,
    /// So many findings were dealt with.
    findings: AtomicU32,
}

impl Stage {
    /// A stage for a finding of `policy` about a resource.
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

    /// AWS, through the proxy.
    pub(crate) fn aws(&self) -> AwsConnection {
        let switch = KillSwitch::new(self.ledger.clone(), &self.target());
        AwsConnection { probe: self.probe.clone(), ..aws(self.proxy.address) }
            .with_kill_switch(switch)
    }

    /// The finding that is dealt with now.
    fn violation(&self) -> PolicyViolation {
        let number = self.findings.load(Ordering::Relaxed);
        let mut record = self.record.clone();
        let uid = record.pointer_mut("/finding_info/uid").unwrap();
        *uid = format!("00000000-0000-4000-8000-{number:012}").into();
        PolicyViolation::from_record(record.to_string().as_bytes()).unwrap()
    }

    /// The same, with what the policy's header says about the repair.
    pub(crate) fn with(mut self, header: &Value) -> Stage {
        let remediation = self.record.pointer_mut("/unmapped/remediation").unwrap();
        remediation.as_object_mut().unwrap().insert("with".to_owned(), header.clone());
        self
    }

    /// The same, of a finding that lists what it found.
    pub(crate) fn of_found(mut self, violations: &Value) -> Stage {
        let evidence = json!({"actor": {"user": {"uid": ""}}, "data": {"violations": violations}});
        let record = self.record.as_object_mut().unwrap();
        record.insert("evidences".to_owned(), json!([evidence]));
        self
    }

    /// The same, where the policy's header says what a person must look at.
    pub(crate) fn asking(mut self, ask: &str) -> Stage {
        let remediation = self.record.pointer_mut("/unmapped/remediation").unwrap();
        remediation.as_object_mut().unwrap().insert("ask".to_owned(), ask.into());
        self
    }

    /// The same, where the policy's header says how safe the repair is, and what the properties must be.
    pub(crate) fn patching(mut self, tier: &str, actions: &[&str], patch: &Value) -> Stage {
        let remediation = self.record.pointer_mut("/unmapped/remediation").unwrap();
        let remediation = remediation.as_object_mut().unwrap();
        remediation.insert("tier".to_owned(), tier.into());
        remediation.insert("actions".to_owned(), json!(actions));
        remediation.insert("patch".to_owned(), patch.clone());
        self
    }

    /// The same, with backends that can be asked.
    pub(crate) fn with_probe(mut self, probe: Arc<dyn TlsProbe>) -> Stage {
        self.probe = Some(probe);
        self
    }

    /// The same, with backends that cannot be asked.
    pub(crate) fn without_probe(mut self) -> Stage {
        self.probe = None;
        self
    }

    /// What would be done.
    pub(crate) async fn preview<R: Remediator + From<AwsConnection> + 'static>(
        &self,
    ) -> RemediationPreview {
        self.drive::<R>().preview_remediation(&self.violation(), 0).await.unwrap()
    }

    /// Somebody says yes to the plan.
    pub(crate) async fn approve<R: Remediator + From<AwsConnection> + 'static>(&self) {
        let plan = self.preview::<R>().await.plan.unwrap();
        let approval = PlanApproval { approver: "rosa".to_owned(), expires: 1, approved: true };
        let finding = self.violation().finding;
        approval.store_decision(&self.ledger, finding, &plan).await.unwrap();
    }

    pub(crate) fn target(&self) -> TargetResource {
        PolicyViolation::from_record(self.record.to_string().as_bytes()).unwrap().target
    }

    fn drive<R: Remediator + From<AwsConnection> + 'static>(&self) -> RemediationExecutor {
        let settings = ExecutorSettings {
            maximum_mode: RemediationMode::Auto,
            limits: RetryLimits::default(),
            budget: DailyBudget::default(),
        };
        let aws = self.aws();
        let drive =
            RemediationExecutor::new(Box::new(R::from(aws.clone())), self.ledger.clone(), settings);
        drive.with_kill_switch(aws.switch)
    }

    /// Repairs, and says how it ended. What ended is followed by another finding, what did not comes again.
    pub(crate) async fn run<R: Remediator + From<AwsConnection> + 'static>(
        &self,
    ) -> Result<RemediationOutcome, ExecutorError> {
        let violation = self.violation();
        let mut outcome = self.drive::<R>().remediate_violation(&violation, 0).await?;
        // What is not safe by itself waits for a person, who here says yes.
        let waits = |end| matches!(&outcome.result, RemediationResult::AwaitingApproval(why) if why.ends_with(end));
        let needs_person =
            R::SPEC.tier.is_some() && R::SPEC.maximum_mode(None) < RemediationMode::Auto;
        if needs_person && waits("approval") || waits("(a test), and nobody approved it since") {
            self.approve::<R>().await;
            outcome = self.drive::<R>().remediate_violation(&violation, 0).await?;
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

    /// Undoes the first attempt, or says why that has not ended.
    pub(crate) async fn try_undo<R: Remediator + From<AwsConnection> + 'static>(
        &self,
    ) -> Result<RemediationOutcome, ExecutorError> {
        let request = UndoRequest { by: "rosa", reason: "a test" };
        self.drive::<R>().undo_attempt(&self.target(), 1, request, 60_000).await
    }

    /// The state, seen past the proxy.
    pub(crate) async fn state<R: Remediator + From<AwsConnection> + 'static>(&self) -> R::State {
        R::from(aws(stand())).observe_state(&self.target()).await.unwrap()
    }

    /// Whether nothing is to be done about the state any more.
    pub(crate) async fn is_compliant<R: Remediator + From<AwsConnection> + 'static>(&self) -> bool {
        let seen = self.state::<R>().await;
        R::from(aws(stand())).plan_change(&self.target(), &seen) == RemediationPlan::Nothing
    }

    /// What was written must be what a plan tells, there and back.
    pub(crate) fn writes_are_told<R: Remediator>(&self, before: &R::State, after: &R::State) {
        let calls = self.proxy.calls().into_iter().flat_map(|call| call.asked);
        let writes = calls.map(|asked| asked.action).filter(|action| !is_read(action));
        let told =
            [R::required_actions(before, after), R::required_actions(after, before)].concat();
        let told: BTreeSet<String> = told.into_iter().map(str::to_owned).collect();
        assert_eq!(writes.collect::<BTreeSet<String>>(), told);
    }

    async fn driven_there_and_back<R>(&self, before: &R::State, after: &R::State)
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

    /// From the state that is now to the planned one and back, each twice; then again by a drive.
    pub(crate) async fn there_and_back<R>(&self)
    where
        R: Remediator + From<AwsConnection> + 'static,
        R::State: Debug,
    {
        let (remediator, target) = (R::from(self.aws()), self.target());
        let before = self.state::<R>().await;
        let RemediationPlan::Change(after) = remediator.plan_change(&target, &before) else {
            panic!("nothing is planned for {before:?}");
        };
        assert!(matches!(remediator.plan_change(&target, &after), RemediationPlan::Nothing));
        for wanted in [&after, &after, &before, &before] {
            remediator.apply_state(&target, wanted).await.unwrap();
            assert_eq!(self.state::<R>().await, *wanted);
        }
        self.driven_there_and_back::<R>(&before, &after).await;
        self.writes_are_told::<R>(&before, &after);
    }
}

impl Drop for Stage {
    /// However a test goes: what its remediator asked must be permitted.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let remediator = self.record.pointer("/unmapped/remediation/run").unwrap();
            let remediator = remediator.as_str().unwrap();
            permitted(remediator, &self.target(), &self.proxy.calls(), self.number);
        }
    }
}

/// What API Gateway tells at a path, read past the proxy.
pub(crate) async fn told(path: &str) -> Value {
    let scope = "Credential=test/20260311/eu-central-1/apigateway/aws4_request";
    let authorization = format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none");
    let request = Request::builder().uri(path).header("host", stand().to_string());
    let request = request.header("authorization", authorization).body(Full::default()).unwrap();
    let (_, body) = send(stand(), request).await.unwrap();
    serde_json::from_slice(&body).unwrap()
}
