//! A resource in what stands in for AWS, a ledger, and a remediation of it.

use std::net::SocketAddr;
use std::sync::Arc;

use aws_sdk_cloudtrail::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;
use evenkeel_ledger::Ledger;
use evenkeel_remediators::{
    Approval, Aws, Budget, Drive, DriveError, Limits, Outcome, Pace, Plan, Preview, Probe,
    Remediator, Settings, Target, Violation, approval_key,
};
use evenkeel_rules::policy::Mode;
use http_body_util::Full;
use hyper::Request;
use object_store::memory::InMemory;
use serde_json::{Value, json};

use crate::http::send;
use crate::proxy::Proxy;
use crate::stand::stand;

/// AWS, reached at `endpoint`. Backends are not asked.
pub(crate) fn aws(endpoint: SocketAddr) -> Aws {
    let credentials = Credentials::new("test", "test", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(format!("http://{endpoint}"));
    Aws { config: config.build(), probe: None, pace: Pace::default() }
}

/// A ledger, and a proxy before AWS.
pub(crate) struct Stage {
    pub(crate) proxy: Proxy,
    probe: Option<Arc<dyn Probe>>,
    ledger: Ledger,
    record: Value,
}

impl Stage {
    /// A stage for a finding of `policy` about a resource.
    pub(crate) async fn new(policy: &str, remediator: &str, kind: &str, id: &str) -> Stage {
        let record = json!({
            "finding_info": {
                "uid": "00000000-0000-4000-8000-000000000001", "analytic": {"uid": policy}
            },
            "compliance": {"status_code": "NON_COMPLIANT"},
            "cloud": {"account": {"uid": "123456789012"}, "region": "eu-central-1"},
            "resources": [{"type": kind, "name": id}],
            "unmapped": {"remediation": {"run": remediator, "mode": "auto"}}
        });
        let ledger = Ledger::of(Arc::new(InMemory::new()));
        Stage { proxy: Proxy::new().await, probe: None, ledger, record }
    }

    /// AWS, through the proxy.
    pub(crate) fn aws(&self) -> Aws {
        Aws { probe: self.probe.clone(), ..aws(self.proxy.address) }
    }

    /// The same, with what the policy's header says about the repair.
    pub(crate) fn with(mut self, header: &Value) -> Stage {
        let remediation = self.record.pointer_mut("/unmapped/remediation").unwrap();
        remediation.as_object_mut().unwrap().insert("with".to_owned(), header.clone());
        self
    }

    /// The same, with backends that can be asked.
    pub(crate) fn with_probe(self, probe: Arc<dyn Probe>) -> Stage {
        Stage { probe: Some(probe), ..self }
    }

    /// The same, with backends that cannot be asked.
    pub(crate) fn without_probe(self) -> Stage {
        Stage { probe: None, ..self }
    }

    /// What would be done.
    pub(crate) async fn preview<R: Remediator + From<Aws>>(&self) -> Preview {
        let record = self.record.to_string();
        self.drive::<R>().preview(record.as_bytes(), 0).await.unwrap().unwrap()
    }

    /// Somebody says yes to the plan.
    pub(crate) async fn approve<R: Remediator + From<Aws>>(&self) {
        let plan = self.preview::<R>().await.plan.unwrap();
        let approval = Approval { approver: "rosa".to_owned(), expires: 1, approved: true };
        let approval = serde_json::to_vec(&approval).unwrap();
        self.ledger.write(&approval_key(&plan), &approval).await.unwrap();
    }

    pub(crate) fn target(&self) -> Target {
        Violation::read(self.record.to_string().as_bytes()).unwrap().target
    }

    fn drive<R: Remediator + From<Aws>>(&self) -> Drive<R> {
        let settings =
            Settings { ceiling: Mode::Auto, limits: Limits::default(), budget: Budget::default() };
        Drive::new(R::from(self.aws()), self.ledger.clone(), settings)
    }

    /// Repairs, and says how it ended.
    pub(crate) async fn run<R: Remediator + From<Aws>>(&self) -> Result<Outcome, DriveError> {
        let record = self.record.to_string();
        Ok(self.drive::<R>().run(record.as_bytes(), 0).await?.unwrap())
    }

    /// Undoes the first attempt.
    pub(crate) async fn undo<R: Remediator + From<Aws>>(&self) -> Outcome {
        self.try_undo::<R>().await.unwrap()
    }

    /// Undoes the first attempt, or says why that has not ended.
    pub(crate) async fn try_undo<R: Remediator + From<Aws>>(&self) -> Result<Outcome, DriveError> {
        self.drive::<R>().undo(&self.target(), 1, 0).await
    }

    /// The state, seen past the proxy.
    pub(crate) async fn state<R: Remediator + From<Aws>>(&self) -> R::State {
        R::from(aws(stand())).observe(&self.target()).await.unwrap()
    }

    /// Whether nothing is to be done about the state any more.
    pub(crate) async fn is_compliant<R: Remediator + From<Aws>>(&self) -> bool {
        let seen = self.state::<R>().await;
        R::from(aws(stand())).plan(&self.target(), &seen) == Plan::Nothing
    }

    /// The calls that were made, as IAM actions of a service; each must be permitted.
    pub(crate) fn calls_are_permitted<R: Remediator>(&self, service: &str) {
        for call in self.proxy.calls() {
            let action = action(service, &call.what);
            assert!(R::PERMISSIONS.contains(&action.as_str()), "{action}");
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

/// The IAM action of an operation. Those of API Gateway are called after HTTP's methods.
fn action(service: &str, operation: &str) -> String {
    let verbs = [("Get", "GET"), ("Update", "PATCH"), ("Create", "POST"), ("Put", "PUT")];
    let verb = verbs.iter().find(|(name, _)| operation.starts_with(name));
    match verb {
        Some((_, verb)) if service == "apigateway" => format!("{service}:{verb}"),
        _ => format!("{service}:{operation}"),
    }
}
