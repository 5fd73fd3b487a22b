//! End-to-end tests of both functions: detection, remediation, approval, redelivery and canaries.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use sha2::Digest;

use super::filter::is_matched;
use super::member::{MEMBER, Member, batch};
use evenkeel_testing::aws::Aws;
use evenkeel_testing::backend::backend;
use evenkeel_testing::events::canary;
use evenkeel_testing::function::Function;
use evenkeel_testing::proxy::{Fault, Pause, Proxy};
use evenkeel_testing::stand_in::stand_in;
use evenkeel_testing::template::audit_account;

const ROLE: &str = "evenkeel-remediate-apigateway";

/// The two functions of the audit account, with the ledger, topic and queue between them.
struct Stack {
    aws: Aws,
    evaluate: Function,
    remediate: Function,
    /// The proxy between the remediate function and AWS.
    proxy: Proxy,
}

impl Stack {
    async fn new(roots: &str, maximum_mode: &str) -> Stack {
        let aws = Aws::new().await;
        let evaluate = Function::new(aws.environment(stand_in())).await;
        let proxy = Proxy::new().await;
        let mut environment = aws.environment(proxy.address);
        for (name, value) in [
            ("EVENKEEL_FAMILY", "apigateway"),
            ("EVENKEEL_ROLE", ROLE),
            ("EVENKEEL_EXTERNAL_ID", "audit"),
            ("EVENKEEL_MAXIMUM_MODE", maximum_mode),
            ("EVENKEEL_PROBE", roots),
        ] {
            environment.push((name.to_owned(), value.to_owned()));
        }
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_remediate"));
        let remediate = Function::of(binary, environment).await;
        Stack { aws, evaluate, remediate, proxy }
    }

    /// Invokes the evaluate function with an event. Returns the notices that the topic delivers.
    async fn evaluated(&self, event: &Value) -> Vec<String> {
        let answer = self.evaluate.invoke(&batch(&[event.to_string()])).await.unwrap();
        assert_eq!(answer["batchItemFailures"], json!([]));
        self.aws.notices().await.iter().map(Value::to_string).collect()
    }

    /// Invokes the remediate function with messages. Returns the number of messages to be retried.
    async fn remediated(&self, messages: &[String]) -> usize {
        let answer = self.remediate.invoke(&batch(messages)).await.unwrap();
        answer["batchItemFailures"].as_array().unwrap().len()
    }

    /// Returns the outcomes in the ledger.
    async fn outcomes(&self) -> Vec<Value> {
        let records = self.aws.ledger().await.into_iter();
        let outcomes = records.filter(|(key, _)| key.starts_with("outcomes/"));
        outcomes.map(|(_, record)| serde_json::from_slice(&record).unwrap()).collect()
    }
}

impl Drop for Stack {
    /// Checks that the role of the remediate function allows every call, unless the test panics.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.aws.permits("evenkeel-remediator-apigateway", &self.proxy);
        }
    }
}

/// Returns the ledger records of a bundle with a policy in the mode `auto`.
pub(crate) fn auto() -> Vec<(String, String)> {
    let policy = include_str!("../../../policies/apigateway/apigateway-integration-http.cel");
    let policy = policy.replace("mode: approve", "mode: auto");
    let files = [
        ("apigateway/apigateway-integration-http.cel", policy.as_str()),
        ("functions.yaml", include_str!("../../../policies/functions.yaml")),
        (
            "rds/rds-instance-public.cel",
            include_str!("../../../policies/rds/rds-instance-public.cel"),
        ),
    ];
    let digest = |text: &str| format!("{:x}", sha2::Sha256::digest(text));
    let named = |(name, text): &(&str, &str)| ((*name).to_owned(), json!(digest(text)));
    let manifest = json!({"files": files.iter().map(named).collect::<serde_json::Map<_, _>>()});
    let record =
        |(_, text): &(&str, &str)| (format!("bundle/files/{}", digest(text)), (*text).to_owned());
    let mut records: Vec<_> = files.iter().map(record).collect();
    records.push(("bundle/manifest.json".to_owned(), manifest.to_string()));
    records
}

async fn in_mode_auto(aws: &Aws) {
    for (key, body) in auto() {
        aws.put(&format!("ledger/{key}"), body).await;
    }
}

#[tokio::test]
async fn an_unencrypted_integration_is_restored_once_and_redeliveries_change_nothing() {
    let (port, roots) = backend().await;
    let (tls, http) =
        (format!("https://localhost:{port}/pay"), format!("http://localhost:{port}/pay"));
    let stack = Stack::new(roots.to_str().unwrap(), "auto").await;
    in_mode_auto(&stack.aws).await;
    let member = Member::new(&tls).await;

    // A developer changes the integration to HTTP and deploys it.
    member.change_uri(&http).await;
    let event = member.event("UpdateIntegration").await;
    member.deploy().await;
    assert_eq!(member.served().await, http);

    // The evaluate function finds the violation, records it, and publishes it.
    let notices = stack.evaluated(&event).await;
    assert_eq!((notices.len(), stack.aws.findings().await.len()), (1, 1));

    // The remediate function restores TLS, deploys it, and records the outcome.
    assert_eq!(stack.remediated(&notices).await, 0);
    assert_eq!(member.served().await, tls);
    let outcomes = stack.outcomes().await;
    assert_eq!(outcomes.len(), 1);
    assert_eq!(
        (&outcomes[0]["class_uid"], &outcomes[0]["status"]),
        (&json!(7001), &json!("Success"))
    );
    let notices_after = stack.aws.notices().await;
    let notice: Value =
        serde_json::from_str(notices_after[0]["Message"].as_str().unwrap()).unwrap();
    assert_eq!(notice["status"], "RESTORED");

    // The calls of the remediation have our session name and are not violations.
    let ours = member.event("CreateDeployment").await;
    let who = ours["detail"]["userIdentity"]["arn"].as_str().unwrap();
    assert!(
        who.starts_with(&format!("arn:aws:sts::{MEMBER}:assumed-role/{ROLE}/evenkeel-")),
        "{who}"
    );
    for name in ["UpdateIntegration", "CreateDeployment"] {
        assert!(stack.evaluated(&member.event(name).await).await.is_empty());
    }

    // Ten more deliveries of the same event change nothing.
    let calls = member.trail().await.len();
    for _ in 0..10 {
        assert!(stack.evaluated(&event).await.is_empty(), "a finding must be published only once");
        assert_eq!(stack.remediated(&notices).await, 0);
    }
    assert_eq!((member.trail().await.len(), stack.aws.findings().await.len()), (calls, 1));
}

#[tokio::test]
async fn a_new_installation_only_reports_plans_and_changes_nothing() {
    let (port, roots) = backend().await;
    let stack = Stack::new(roots.to_str().unwrap(), "").await;
    let member = Member::new(&format!("http://localhost:{port}/pay")).await;
    let notices = stack.evaluated(&member.event("PutIntegration").await).await;
    assert_eq!(notices.len(), 1);
    let calls = member.trail().await.len();
    assert_eq!(stack.remediated(&notices).await, 0);
    assert_eq!(member.trail().await.len(), calls);
    let notices_after = stack.aws.notices().await;
    assert!(notices_after[0]["Message"].as_str().unwrap().contains("PLANNED"));
    assert!(stack.outcomes().await.is_empty(), "a plan must not be recorded as an outcome");
}

#[tokio::test]
async fn a_plan_that_waits_for_approval_is_applied_after_the_approval() {
    let (port, roots) = backend().await;
    let stack = Stack::new(roots.to_str().unwrap(), "auto").await;
    let member = Member::new(&format!("http://localhost:{port}/pay")).await;
    let notices = stack.evaluated(&member.event("PutIntegration").await).await;
    assert_eq!(stack.remediated(&notices).await, 0);
    let notices_after = stack.aws.notices().await;
    let notice: Value =
        serde_json::from_str(notices_after[0]["Message"].as_str().unwrap()).unwrap();
    assert_eq!(notice["status"], "WAITING_FOR_APPROVAL");
    assert!(member.served().await.starts_with("http://"));
    let plan = notice["detail"].as_str().unwrap().split(' ').nth(1).unwrap();
    let approval = json!({"approver": "ops", "expires": i64::MAX, "approved": true});
    let finding = notice["remediation"].as_str().unwrap();
    let key = format!("ledger/approvals/{finding}/{plan}/000000.json");
    stack.aws.put(&key, approval.to_string()).await;
    assert_eq!(stack.remediated(&notices).await, 0);
    assert!(member.served().await.starts_with("https://"));
    let notices_after = stack.aws.notices().await;
    assert!(notices_after[0]["Message"].as_str().unwrap().contains("RESTORED"));
    // A later check finds no change. After a person changes the API, the check reports it.
    let mut check: Value = serde_json::from_str(&notices[0]).unwrap();
    check = serde_json::from_str(check["Message"].take().as_str().unwrap()).unwrap();
    let check = |after: u32| json!({"key": check["key"], "attempt": 1, "after": after}).to_string();
    assert_eq!(stack.remediated(&[check(60)]).await, 0);
    assert!(stack.aws.notices().await.is_empty(), "an unchanged resource must not be reported");
    member.change_uri("https://localhost:1/other").await;
    assert_eq!(stack.remediated(&[check(900)]).await, 0);
    let notices_after = stack.aws.notices().await;
    assert!(notices_after[0]["Message"].as_str().unwrap().contains("changed since"));
    assert_eq!(stack.outcomes().await.len(), 3);
}

#[tokio::test]
async fn a_function_that_is_killed_at_any_effect_completes_after_redelivery() {
    let (port, roots) = backend().await;
    let tls = format!("https://localhost:{port}/pay");
    let http = format!("http://localhost:{port}/pay");
    let stack = Stack::new(roots.to_str().unwrap(), "auto").await;
    in_mode_auto(&stack.aws).await;
    for effect in [
        "PUT before",
        "PUT intents",
        "PUT budgets",
        "UpdateIntegration",
        "CreateDeployment",
        "PUT outcomes",
        "Publish",
        "PUT notified",
    ] {
        let member = Member::new(&http).await;
        let notices = stack.evaluated(&member.event("PutIntegration").await).await;
        let payload = batch(&notices);
        for fault in [Fault::PauseBefore as fn(Pause) -> Fault, Fault::PauseAfter] {
            let pause = Pause::default();
            stack.proxy.fault(effect, 1, fault(pause.clone()));
            // The function does not repeat an effect; in that case it does not reach the pause.
            let killed = async {
                pause.reached.notified().await;
                stack.remediate.kill().await;
                pause.release.notify_one();
            };
            let was_reached = AtomicBool::new(false);
            tokio::select! {
                answer = stack.remediate.invoke(&payload) => drop(answer),
                () = async { killed.await; was_reached.store(true, Ordering::Relaxed); std::future::pending().await } => {}
            }
            let first = matches!(fault(Pause::default()), Fault::PauseBefore(_));
            assert!(
                was_reached.into_inner() || !first,
                "the function did not reach the effect {effect}"
            );
            stack.proxy.clear_faults();
        }
        assert_eq!(stack.remediated(&notices).await, 0, "{effect}");
        assert_eq!(member.served().await, tls, "{effect}");
        let names = member.trail().await;
        let count = |name: &str| names.iter().filter(|one| one["eventName"] == name).count();
        assert_eq!((count("UpdateIntegration"), count("CreateDeployment")), (1, 2), "{effect}");
        drop(stack.aws.notices().await);
    }
    let attempts = stack.aws.ledger().await.into_keys().filter(|key| key.starts_with("intents/"));
    assert_eq!(
        attempts.count(),
        8,
        "there must be one attempt for each API, despite the interruptions"
    );
}

#[tokio::test]
async fn invalid_messages_are_retried_and_the_others_are_processed() {
    let stack = Stack::new("off", "auto").await;
    let bodies = [
        "no json".to_owned(),
        json!({"key": "intents/x.json"}).to_string(),
        json!({"key": "findings/../control/x.json"}).to_string(),
        json!({"key": "findings/none.json"}).to_string(),
    ];
    assert_eq!(stack.remediated(&bodies).await, 4);
    let member = Member::new("http://localhost:1/pay").await;
    let mut notices = stack.evaluated(&member.event("PutIntegration").await).await;
    notices.insert(0, "no json".to_owned());
    assert_eq!(stack.remediated(&notices).await, 1);
}

#[tokio::test]
async fn a_canary_passes_both_functions_and_changes_nothing() {
    let id = "3ab3a4fa-1702-5e4d-83ae-8c0f7b793ec3";
    let stack = Stack::new("off", "auto").await;
    let mut notices = stack.evaluated(&canary(id)).await;
    assert_eq!(notices.len(), 1);
    notices.push(json!({"canary": "../control/kill-switch"}).to_string());
    // Deliver it twice together with an invalid canary: only the invalid one is retried.
    for _ in 0..2 {
        assert_eq!(stack.remediated(&notices).await, 1);
    }
    let ledger = stack.aws.ledger().await;
    let hops = ["evaluate", "remediate-apigateway"].map(|hop| format!("canary/{id}/{hop}.json"));
    assert!(ledger.keys().eq(hops.iter()), "{:?}", ledger.keys());
    let [evaluate, remediate] = hops.map(|key| {
        let record: Value = serde_json::from_slice(&ledger[&key]).unwrap();
        record["taken"].as_i64().unwrap()
    });
    assert!(evaluate <= remediate);
    assert_eq!(stack.aws.notices().await.len(), 0, "a canary must not be published further");
}

/// Returns the last log line about a remediation, of a certain finding if given.
async fn last_line(function: &Function, finding: Option<&Value>) -> Value {
    let is_it = |line: &Value| {
        line["message"] == "remediation" && finding.is_none_or(|finding| line["uid"] == *finding)
    };
    let last = |lines: &[String]| {
        let mut lines = lines.iter().rev().filter_map(|line| serde_json::from_str(line).ok());
        lines.find(is_it)
    };
    function.written(last).await
}

#[tokio::test]
async fn the_metric_filters_match_the_log_lines_of_the_function() {
    let (port, roots) = backend().await;
    let stack = Stack::new(roots.to_str().unwrap(), "auto").await;
    in_mode_auto(&stack.aws).await;
    let resources = audit_account(&["RepairApigateway=true"]);
    let matched = |name: &str, line: &Value| {
        is_matched(resources[name]["Properties"]["FilterPattern"].as_str().unwrap(), line)
    };
    let http = format!("http://localhost:{port}/pay");
    let denied = Fault::Answer(403, "{\"__type\":\"AccessDeniedException\"}");
    stack.proxy.fault("UpdateIntegration", 1, denied);
    let member = Member::new(&http).await;
    let notices = stack.evaluated(&member.event("PutIntegration").await).await;
    assert_eq!(stack.remediated(&notices).await, 0);
    let failed = last_line(&stack.remediate, None).await;
    assert!(matched("ApigatewayFailedMetric", &failed), "{failed}");
    assert!(!matched("ApigatewayCircuitMetric", &failed), "{failed}");
    drop(stack.aws.notices().await);

    // Record five failures today, and tomorrow in case midnight passes during the test.
    let today = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 86_400;
    let policy = format!("{:x}", sha2::Sha256::digest("apigateway-integration-http"));
    for day in [today, today + 1] {
        for place in 0..5 {
            let place = format!("failures/{day}/{MEMBER}/policy-{policy}/{place:06}.json");
            stack.aws.put(&format!("ledger/{place}"), "{}").await;
        }
    }
    let member = Member::new(&http).await;
    let notices = stack.evaluated(&member.event("PutIntegration").await).await;
    assert_eq!(stack.remediated(&notices).await, 0);
    let notices_after = stack.aws.notices().await;
    let notice: Value =
        serde_json::from_str(notices_after[0]["Message"].as_str().unwrap()).unwrap();
    assert_eq!((&notice["status"], &notice["code"]), (&json!("REFUSED"), &json!("circuit-open")));
    let open = last_line(&stack.remediate, Some(&notice["remediation"])).await;
    assert!(matched("ApigatewayCircuitMetric", &open), "{open}");
    assert!(!matched("ApigatewayFailedMetric", &open), "{open}");
    let recorded = stack.outcomes().await;
    let recorded = recorded.iter().find(|one| one["unmapped"]["finding"] == notice["remediation"]);
    assert_eq!(recorded.unwrap()["status_code"], "circuit-open");
}
