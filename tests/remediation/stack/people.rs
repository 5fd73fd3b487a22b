//! The story of two accounts, walked by the commands of people: a finding, the e-mail, the list, the
//! approval by a second person, the remediation, the undo, and what the stack refuses.

use std::path::PathBuf;
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_types::SdkConfig;
use evenkeel_client::{Method, ServiceClient};
use evenkeel_testing::aws::{self, ACCOUNT, Aws};
use evenkeel_testing::built;
use evenkeel_testing::function::Function;
use evenkeel_testing::function_url::FunctionUrl;
use evenkeel_testing::proxy::Proxy;
use evenkeel_testing::queue::{Queues, as_event};
use evenkeel_testing::stand_in::stand_in;
use serde_json::{Value, json};
use tokio::process::Command;

use super::member::{MEMBER, batch};

const QUEUE: &str = "evenkeel-remediate-s3";

/// A person with a session of a role.
struct Person {
    arn: String,
    keys: Credentials,
}

impl Person {
    async fn sign_in(account: &str, role: &str, name: &str) -> Person {
        let sts = ServiceClient::sts(&aws::config());
        let call = sts
            .query_call("AssumeRole")
            .with_parameter("RoleArn", &format!("arn:aws:iam::{account}:role/{role}"))
            .with_parameter("RoleSessionName", name);
        let session = call.send_query().await.unwrap();
        let keys = session.require_child("AssumeRoleResult").unwrap();
        let keys = keys.require_child("Credentials").unwrap();
        let text = |name| keys.require_child(name).unwrap().text_content().to_owned();
        let token = Some(text("SessionToken"));
        let keys = Credentials::new(text("AccessKeyId"), text("SecretAccessKey"), token, None, "");
        Person { arn: format!("arn:aws:sts::{account}:assumed-role/{role}/{name}"), keys }
    }

    fn s3(&self) -> ServiceClient {
        let keys =
            aws_credential_types::provider::SharedCredentialsProvider::new(self.keys.clone());
        let config: SdkConfig = aws::config().to_builder().credentials_provider(keys).build();
        ServiceClient::s3(&config)
    }
}

/// The stack of the audit account, and a bucket in a member account.
struct Stack {
    aws: Aws,
    evaluate: Function,
    remediate: Function,
    operate: Arc<Function>,
    url: FunctionUrl,
    queues: Queues,
    queue: String,
    proxies: [Proxy; 2],
}

impl Stack {
    async fn new() -> Stack {
        let aws = Aws::new().await;
        let policy = "s3/s3-public-access-block-removed";
        let evaluate = Function::new(aws.environment_with(stand_in(), policy)).await;
        let proxies = [Proxy::new().await, Proxy::new().await];
        let queues = Queues::new(&aws::config());
        // Tests share the stand-in, so the name of the queue contains the name of the bucket.
        let prefix = format!("{}-", aws.bucket);
        let queue = queues.create(&format!("{prefix}s3"), json!({"VisibilityTimeout": "60"})).await;
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_remediate"));
        let with = |proxy: &Proxy, more: &[(&str, &str)]| {
            let mut all = aws.environment(proxy.address);
            all.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
            all
        };
        let remediate = with(
            &proxies[0],
            &[
                ("EVENKEEL_FAMILY", "s3"),
                ("EVENKEEL_ROLE", QUEUE),
                ("EVENKEEL_MAXIMUM_MODE", "approve"),
                ("EVENKEEL_QUEUE", &queue),
            ],
        );
        let operate =
            with(&proxies[1], &[("EVENKEEL_TASK", "operate"), ("EVENKEEL_QUEUE_PREFIX", &prefix)]);
        let remediate = Function::of(binary.clone(), remediate).await;
        let operate = Arc::new(Function::of(binary, operate).await);
        let url = FunctionUrl::serve(Arc::clone(&operate)).await;
        Stack { aws, evaluate, remediate, operate, url, queues, queue, proxies }
    }

    /// Evaluates a call of a person on the bucket, and sends the notices to the remediate function.
    /// Returns the last notice, as SNS sends it to each protocol.
    async fn report(&self, person: &Person, bucket: &str, number: u32) -> Value {
        let event = deletion(person, bucket, number);
        let answer = self.evaluate.invoke(&batch(&[event.to_string()])).await.unwrap();
        assert_eq!(answer["batchItemFailures"], json!([]));
        let notices = self.aws.notices().await.iter().map(Value::to_string).collect::<Vec<_>>();
        assert_eq!(notices.len(), 1, "{notices:?}");
        let answer = self.remediate.invoke(&batch(&notices)).await.unwrap();
        assert_eq!(answer["batchItemFailures"], json!([]), "{:?}", self.remediate.lines());
        drop(self.aws.notices().await);
        self.proxies[0].published().pop().unwrap()
    }

    /// Runs a command of a person, while the remediate function works on its queue. Returns the exit
    /// code and the output.
    async fn run(&self, person: &Person, arguments: &[&str]) -> (i32, String) {
        let binary = built().join("evenkeel");
        assert!(binary.exists(), "{} does not exist; build the workspace", binary.display());
        self.url.know(person.keys.access_key_id(), &person.arn);
        let ledger = format!("s3://{}/ledger", self.aws.bucket);
        let url = format!("http://{}", self.url.address);
        let command = Command::new(binary)
            .args(arguments)
            .args(["--ledger", &ledger])
            .env_clear()
            .env("EVENKEEL_URL", url)
            .env("AWS_ENDPOINT_URL", format!("http://{}", stand_in()))
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", person.keys.access_key_id())
            .env("AWS_SECRET_ACCESS_KEY", person.keys.secret_access_key())
            .env("AWS_SESSION_TOKEN", person.keys.session_token().unwrap())
            .output();
        tokio::pin!(command);
        loop {
            tokio::select! {
                output = &mut command => {
                    let output = output.unwrap();
                    let text = [output.stdout, output.stderr].concat();
                    return (output.status.code().unwrap(), String::from_utf8(text).unwrap());
                }
                () = self.work() => {}
            }
        }
    }

    /// Lets the remediate function process its queue once.
    async fn work(&self) {
        let messages = self.queues.receive(&self.queue, 1).await;
        if messages.is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            return;
        }
        let arn = format!("arn:aws:sqs:eu-central-1:{ACCOUNT}:s3");
        let answer = self.remediate.invoke(&as_event(&messages, &arn, "eu-central-1")).await;
        assert_eq!(answer.unwrap()["batchItemFailures"], json!([]), "{:?}", self.remediate.lines());
        for message in &messages {
            self.queues.delete(&self.queue, message).await;
        }
    }

    async fn sweep(&self) -> Value {
        self.operate.invoke(&json!({"task": "sweep"})).await.unwrap()
    }

    /// Replaces the times in the recorded plans, as if they were made `hours` ago.
    async fn age_plans(&self, hours: i64) {
        for (key, record) in self.aws.ledger().await {
            if !key.starts_with("plans/") || !key.contains("/made/") {
                continue;
            }
            let mut plan: Value = serde_json::from_slice(&record).unwrap();
            for time in ["planned_at", "expires_at", "acts_at"] {
                if let Some(millis) = plan[time].as_i64() {
                    plan[time] = json!(millis.saturating_sub(hours.saturating_mul(3_600_000)));
                }
            }
            self.aws.put(&format!("ledger/{key}"), plan.to_string()).await;
        }
    }
}

impl Drop for Stack {
    /// Checks that the roles of the functions allow all their calls, unless the test panics.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.aws.permits("evenkeel-remediator-s3", &self.proxies[0]);
            self.aws.permits("evenkeel-operate", &self.proxies[1]);
        }
    }
}

/// Returns the event of a call that turns off Block Public Access of a bucket.
fn deletion(person: &Person, bucket: &str, number: u32) -> Value {
    let record = json!({
        "eventVersion": "1.11", "eventSource": "s3.amazonaws.com",
        "eventName": "DeleteBucketPublicAccessBlock", "eventTime": "2026-03-11T12:00:00Z",
        "eventID": format!("00000000-0000-4000-8000-{number:012}"), "awsRegion": "eu-central-1",
        "recipientAccountId": MEMBER, "sourceIPAddress": "198.51.100.7",
        "userIdentity": {"type": "AssumedRole", "arn": person.arn, "accountId": MEMBER},
        "requestParameters": {"bucketName": bucket, "publicAccessBlock": ""},
        "responseElements": null
    });
    json!({
        "version": "0", "id": format!("10000000-0000-4000-8000-{number:012}"),
        "detail-type": "AWS API Call via CloudTrail", "source": "aws.s3", "account": MEMBER,
        "time": "2026-03-11T12:00:00Z", "region": "eu-central-1", "resources": [], "detail": record
    })
}

async fn make_bucket(owner: &Person, bucket: &str) {
    let place = "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>";
    let s3 = owner.s3();
    let call = s3.rest_call(Method::PUT, &[bucket]).with_body("application/xml", place);
    call.send_rest().await.unwrap();
}

/// Returns whether Block Public Access of a bucket is on.
async fn is_blocked(owner: &Person, bucket: &str) -> bool {
    let s3 = owner.s3();
    let call = s3.rest_call(Method::GET, &[bucket]).with_query("publicAccessBlock", None);
    match call.send_rest().await {
        Ok(found) => !String::from_utf8_lossy(found.body_bytes()).contains("false"),
        Err(error) => {
            assert_eq!(error.error_code(), Some("NoSuchPublicAccessBlockConfiguration"));
            false
        }
    }
}

fn field<'a>(text: &'a str, label: &str) -> &'a str {
    let row = text.lines().find_map(|line| line.trim().strip_prefix(label));
    row.unwrap_or_else(|| panic!("{label} is missing: {text}")).trim()
}

#[tokio::test]
async fn a_second_person_approves_a_remediation_in_another_account_and_undoes_it() {
    let stack = Stack::new().await;
    let mara = Person::sign_in(MEMBER, "developer", "mara").await;
    let ana = Person::sign_in(ACCOUNT, "security", "ana").await;
    let bucket = format!("{}-public", stack.aws.bucket);
    make_bucket(&mara, &bucket).await;

    // The e-mail names who changed what, the change, the questions, and the command.
    let message = stack.report(&mara, &bucket, 1).await;
    let email = message["email"].as_str().unwrap();
    let finding = field(email, "Finding").to_owned();
    assert_eq!(field(email, "Who"), mara.arn);
    assert!(field(email, "Change").contains("\"block_public_acls\":true"), "{email}");
    assert_eq!(field(email, "Approve"), format!("evenkeel approve {finding}"));
    let chat: Value = serde_json::from_str(message["https"].as_str().unwrap()).unwrap();
    assert_eq!(chat["metadata"]["additionalContext"]["finding"], finding.as_str());

    // The list shows the same, and needs only the ledger.
    let (code, list) = stack.run(&ana, &["status", "--pending"]).await;
    assert_eq!((code, field(&list, "Who")), (0, mara.arn.as_str()), "{list}");
    assert!(list.contains("1 plan waits"), "{list}");

    // Whoever violated cannot approve, whatever the session is called.
    for name in ["mara", "another"] {
        let violator = Person::sign_in(MEMBER, "developer", name).await;
        let (code, text) = stack.run(&violator, &["approve", &finding, "--yes"]).await;
        assert!(code == 2 && text.contains("approver-violated"), "{code} {text}");
    }
    assert!(!is_blocked(&mara, &bucket).await);

    // A second person approves, and sees the result.
    let arguments = ["approve", &finding, "--yes", "--reason", "CHG-1"];
    let (code, text) = stack.run(&ana, &arguments).await;
    assert!(code == 0 && text.contains("RESTORED"), "{code} {text}");
    assert!(is_blocked(&mara, &bucket).await);
    let (_, list) = stack.run(&ana, &["status", "--pending"]).await;
    assert!(list.contains("0 plans wait"), "{list}");
    let approvals =
        stack.aws.ledger().await.into_iter().filter(|(key, _)| key.starts_with("approvals/"));
    let approvals: Vec<Value> =
        approvals.map(|(_, record)| serde_json::from_slice(&record).unwrap()).collect();
    assert_eq!((approvals.len(), &approvals[0]["approver"]), (1, &json!(ana.arn)));
    assert_eq!(approvals[0]["reason"], "CHG-1");

    // The same approval cannot be used again, and there is nothing to approve.
    let (code, text) = stack.run(&ana, &["approve", &finding, "--yes"]).await;
    assert!(code == 1 && text.contains("no plan"), "{code} {text}");

    // The undo is recorded with the person and the reason, and announced.
    drop(stack.aws.notices().await);
    let arguments = ["undo", &finding, "--yes", "--reason", "a partner needs it"];
    let (code, text) = stack.run(&ana, &arguments).await;
    assert!(code == 0 && text.contains("UNDONE"), "{code} {text}");
    assert!(!is_blocked(&mara, &bucket).await);
    let notices = stack.aws.notices().await;
    let notice = notices[0]["Message"].as_str().unwrap();
    assert!(notice.contains("UNDONE") && notice.contains("a partner needs it"), "{notice}");

    // The next violation asks about the undo.
    let message = stack.report(&mara, &bucket, 2).await;
    let email = message["email"].as_str().unwrap();
    assert!(field(email, "Check").contains("a partner needs it"), "{email}");
}

#[tokio::test]
async fn a_plan_of_the_present_state_can_be_requested_and_rejected() {
    let stack = Stack::new().await;
    let mara = Person::sign_in(MEMBER, "developer", "mara").await;
    let ana = Person::sign_in(ACCOUNT, "security", "ana").await;
    let bucket = format!("{}-public", stack.aws.bucket);
    make_bucket(&mara, &bucket).await;
    let message = stack.report(&mara, &bucket, 1).await;
    let finding = field(message["email"].as_str().unwrap(), "Finding").to_owned();
    let (code, text) = stack.run(&ana, &["plan", &finding]).await;
    assert_eq!((code, field(&text, "Who")), (1, mara.arn.as_str()), "{text}");
    let (code, text) = stack.run(&ana, &["reject", &finding, "--yes"]).await;
    assert!(code == 0 && text.contains("is rejected"), "{code} {text}");
    // A later approval replaces the rejection.
    let (code, text) = stack.run(&ana, &["apply", &finding, "--yes"]).await;
    assert!(code == 0 && text.contains("RESTORED"), "{code} {text}");
    assert!(is_blocked(&mara, &bucket).await);
    let (code, text) = stack.run(&ana, &["plan", &finding]).await;
    assert!(code == 0 && text.contains("COMPLIANT"), "{code} {text}");

    // A stranger, and a decision on another plan, are refused.
    let stranger = Person::sign_in(ACCOUNT, "nobody", "x").await;
    let unknown = Person {
        arn: String::new(),
        keys: Credentials::new("AKIAX", "x", Some("t".into()), None, ""),
    };
    for person in [stranger, unknown] {
        let request = json!({"action": "approve", "finding": finding, "plan": "0"});
        let url =
            ServiceClient::function_url(&aws::config(), &format!("http://{}", stack.url.address));
        let sent = url.rest_call(Method::POST, &[""]).with_json(&request).send_rest().await;
        assert_eq!(sent.unwrap_err().service_error().unwrap().http_status(), 403, "{}", person.arn);
    }
}

#[tokio::test]
async fn a_plan_that_nobody_answers_is_announced_again_and_then_expires() {
    let stack = Stack::new().await;
    let mara = Person::sign_in(MEMBER, "developer", "mara").await;
    let ana = Person::sign_in(ACCOUNT, "security", "ana").await;
    let bucket = format!("{}-public", stack.aws.bucket);
    make_bucket(&mara, &bucket).await;
    let message = stack.report(&mara, &bucket, 1).await;
    let finding = field(message["email"].as_str().unwrap(), "Finding").to_owned();
    assert_eq!(stack.sweep().await, json!({"waiting": 1, "expired": 0, "failed": 0}));
    assert!(stack.aws.notices().await.is_empty());
    stack.age_plans(25).await;
    for expected in [1, 0] {
        stack.sweep().await;
        let notices = stack.aws.notices().await;
        assert_eq!(notices.len(), expected, "there is one reminder");
        assert!(notices.iter().all(|one| one["Message"].as_str().unwrap().contains("reminder")));
    }
    stack.age_plans(48).await;
    let (code, text) = stack.run(&ana, &["approve", &finding, "--yes"]).await;
    assert!(code == 1 && text.contains("no plan"), "an expired plan cannot be approved: {text}");
    assert_eq!(stack.sweep().await["expired"], 1);
    let notices = stack.aws.notices().await;
    assert!(notices[0]["Message"].as_str().unwrap().contains("EXPIRED"), "{notices:?}");
    let (_, status) = stack.run(&ana, &["status"]).await;
    assert!(status.contains("Expired") && status.contains("nobody decided"), "{status}");
    assert_eq!(stack.sweep().await, json!({"waiting": 0, "expired": 0, "failed": 0}));
    assert!(!is_blocked(&mara, &bucket).await);
}
