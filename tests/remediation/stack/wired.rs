//! Tests the complete stack of the templates: a call in a member account is evaluated in the audit
//! account and remediated in the member account.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use evenkeel_client::config::new_http_client;
use hyper::Request;
use serde_json::{Value, json};

use super::member::{MEMBER, Member};
use super::story::auto;
use super::template::deployed;
use evenkeel_testing::backend::backend;
use evenkeel_testing::function::{Function, evaluate};
use evenkeel_testing::http::{ASKED_BY, call, send};
use evenkeel_testing::iam::allows;
use evenkeel_testing::permitted::may;
use evenkeel_testing::proxy::Proxy;
use evenkeel_testing::queue::{Message, Queues, as_event};
use evenkeel_testing::stand_in::stand_in;
use evenkeel_testing::template::{AUDIT, REGION, audit_account, member_account, named, statements};

/// The parameters of the templates. The last one exists only in the template of the audit account.
const PARAMETERS: [&str; 3] = ["RepairApigateway=true", "RepairKms=true", "MaximumMode=auto"];

/// The deployed stack: the functions of the audit account with their queues.
struct Wired {
    queues: Queues,
    fed: Vec<Fed>,
    ledger: String,
    /// The access key id of the functions.
    key: String,
}

/// A function and the queue of its event source mapping.
struct Fed {
    name: String,
    /// The proxy between the function and AWS.
    proxy: Proxy,
    function: Function,
    queue: String,
    batch: i32,
}

impl Wired {
    /// Deploys both templates to the AWS stand-in. `roots` is the file of root certificates that
    /// the TLS probe trusts.
    async fn new(roots: &Path) -> Wired {
        let made = deployed(&audit_account(&PARAMETERS), AUDIT);
        deployed(&member_account(MEMBER, &PARAMETERS[..2]), MEMBER);
        let keys = &made["session"];
        let key = |name: &str| keys[name].as_str().unwrap().to_owned();
        let session = [
            ("AWS_ACCESS_KEY_ID", key("aws_access_key_id")),
            ("AWS_SECRET_ACCESS_KEY", key("aws_secret_access_key")),
            ("AWS_SESSION_TOKEN", key("aws_session_token")),
            ("AWS_REGION", REGION.to_owned()),
            ("LAMBDA_TASK_ROOT", concat!(env!("CARGO_MANIFEST_DIR"), "/..").to_owned()),
            ("EVENKEEL_REFRESH_SECONDS", "0".to_owned()),
            ("EVENKEEL_PROBE", roots.display().to_string()),
        ];
        let mut fed = Vec::new();
        let mut ledger = String::new();
        for (name, of) in made["functions"].as_object().unwrap() {
            // People call the operate function; it has no queue.
            if name == "evenkeel-operate" {
                continue;
            }
            assert_eq!(of["partial"], true, "{name} must report partial batch failures");
            let own = of["environment"].as_object().unwrap().iter();
            let own = own.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
            let mut environment: Vec<(String, String)> = own.collect();
            // This file does not exist on this machine.
            environment.retain(|(name, _)| name != "SSL_CERT_FILE");
            let proxy = Proxy::new().await;
            environment.push(("AWS_ENDPOINT_URL".to_owned(), format!("http://{}", proxy.address)));
            environment
                .extend(session.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
            ledger = of["environment"]["EVENKEEL_LEDGER"].as_str().unwrap().replace("s3://", "");
            let remediate = PathBuf::from(env!("CARGO_BIN_EXE_remediate"));
            let binary = if name == "evenkeel-evaluate" { evaluate() } else { remediate };
            fed.push(Fed {
                name: name.clone(),
                proxy,
                function: Function::of(binary, environment).await,
                queue: of["queue"].as_str().unwrap().to_owned(),
                batch: i32::try_from(of["batch"].as_u64().unwrap()).unwrap(),
            });
        }
        let keys = Credentials::new(
            key("aws_access_key_id"),
            key("aws_secret_access_key"),
            Some(key("aws_session_token")),
            None,
            "",
        );
        let config = SdkConfig::builder()
            .http_client(new_http_client())
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .endpoint_url(format!("http://{}", stand_in()))
            .build();
        let key = key("aws_access_key_id");
        Wired { queues: Queues::new(&config), fed, ledger, key }
    }

    /// Checks that the role of each function allows its calls. Returns the statements that no call
    /// needed.
    fn unused(&self, audit: &Value) -> Vec<String> {
        let mut unused = Vec::new();
        for fed in &self.fed {
            let role = fed.name.replace("remediate", "remediator");
            let statements = statements(named(audit, &role));
            let calls = fed.proxy.calls();
            let own =
                calls.iter().flat_map(|call| &call.asked).filter(|asked| asked.session.is_none());
            let mut used = vec![false; statements.len()];
            for asked in own {
                assert_eq!(asked.key, self.key, "the call has unexpected credentials");
                let resource = asked.resource.replace(":123456789012:", &format!(":{AUDIT}:"));
                let may = |these: &[Value]| may(audit, (&role, these), asked, &resource);
                assert!(
                    may(&statements),
                    "the role of {} does not allow {} on {resource}",
                    fed.name,
                    asked.action
                );
                for (used, statement) in used.iter_mut().zip(&statements) {
                    *used |= may(std::slice::from_ref(statement));
                }
            }
            let not_used = statements.iter().zip(used).filter(|(_, used)| !used);
            unused.extend(
                not_used.map(|(one, _)| format!("{}: {}", fed.name, one["Sid"].as_str().unwrap())),
            );
        }
        unused
    }

    /// Checks that the roles allow little beyond the calls that were made.
    fn check_permissions(&self) {
        // The roles allow each call and little else. The exceptions are permissions that Lambda itself
        // needs, that moto does not require, and that other tests use.
        let unused = self.unused(&audit_account(&PARAMETERS));
        let elsewhere = [
            "Messages",
            "Encryption",
            "Logs",
            "Traces",
            "ReadsOwnConfigurations",
            "ListsLedger",
            "ReadsOrganizationalUnits",
        ];
        let unused: Vec<&String> = unused
            .iter()
            .filter(|one| {
                !one.contains("-kms:")
                    && !elsewhere.iter().any(|sid| one.ends_with(&format!(": {sid}")))
            })
            .collect();
        assert!(unused.is_empty(), "no call needs these statements: {unused:?}");
    }

    /// Checks that the roles of the member account and the session policies allow the calls in the
    /// member account. Returns the actions of these calls.
    fn in_the_member(&self, member: &Value) -> BTreeSet<String> {
        let mut used = BTreeSet::new();
        for asked in self.fed.iter().flat_map(|fed| fed.proxy.calls()).flat_map(|call| call.asked) {
            let Some(session) = &asked.session else { continue };
            let name = session.role.rsplit('/').next().unwrap();
            let mut policies = vec![statements(named(member, name))];
            let confined = session.policy.as_deref().map(|policy| {
                let policy: Value = serde_json::from_str(policy).unwrap();
                policy["Statement"].as_array().unwrap().clone()
            });
            assert_eq!(confined.is_some(), name != "evenkeel-read", "{name}");
            policies.extend(confined);
            for policy in policies {
                let allowed = allows(&policy, &asked.action, &asked.resource, &[]);
                assert!(allowed, "{name} does not allow {} on {}", asked.action, asked.resource);
            }
            used.insert(asked.action);
        }
        used
    }

    /// Invokes the functions until all queues are empty. Returns the invoked functions in order,
    /// each with the number of its messages.
    async fn settle(&self) -> Vec<(String, usize)> {
        let mut taken = Vec::new();
        loop {
            let before = taken.len();
            for fed in &self.fed {
                let messages = self.received(fed).await;
                if !messages.is_empty() {
                    let number = messages.len();
                    self.invoked(fed, messages).await;
                    taken.push((fed.name.clone(), number));
                }
            }
            if taken.len() == before {
                return taken;
            }
        }
    }

    async fn received(&self, fed: &Fed) -> Vec<Message> {
        self.queues.receive(&self.queues.url(&fed.queue).await, fed.batch).await
    }

    /// Invokes a function like an event source mapping with `ReportBatchItemFailures`. No message
    /// may fail.
    async fn invoked(&self, fed: &Fed, messages: Vec<Message>) {
        let arn = format!("arn:aws:sqs:{REGION}:{AUDIT}:{}", fed.queue);
        let answer = fed.function.invoke(&as_event(&messages, &arn, REGION)).await.unwrap();
        assert_eq!(
            answer["batchItemFailures"],
            json!([]),
            "{}: {:?}",
            fed.name,
            fed.function.lines()
        );
        for message in messages {
            self.queues.delete(&self.queues.url(&fed.queue).await, &message).await;
        }
    }

    /// Returns the number of messages in a queue, at most 10.
    async fn waiting(&self, queue: &str) -> usize {
        self.queues.receive(&self.queues.url(queue).await, 10).await.len()
    }

    /// Returns the keys of the ledger records with this prefix.
    async fn keys(&self, prefix: &str) -> Vec<String> {
        let path = format!("/{}?list-type=2&prefix={prefix}", self.ledger);
        let (_, listing) = call(stand_in(), "GET", &path, "").await;
        let listing = String::from_utf8_lossy(&listing).into_owned();
        let keys = listing.split("<Key>").skip(1).filter_map(|rest| rest.split('<').next());
        keys.map(str::to_owned).collect()
    }

    async fn put(&self, key: &str, body: String) {
        let path = format!("/{}/{key}", self.ledger);
        // Object Lock requires a checksum for each object.
        let request = Request::builder()
            .method("PUT")
            .uri(path)
            .header("host", stand_in().to_string())
            .header("authorization", ASKED_BY)
            .header("x-amz-sdk-checksum-algorithm", "SHA256")
            .body(body.into())
            .unwrap();
        let (head, answer) = send(stand_in(), request).await.unwrap();
        assert!(head.status.is_success(), "{}: {answer:?}", head.status);
    }
}

#[tokio::test]
async fn a_violating_call_in_a_member_account_is_remediated_and_other_calls_are_not() {
    let (port, roots) = backend().await;
    let (tls, http) =
        (format!("https://localhost:{port}/pay"), format!("http://localhost:{port}/pay"));
    let wired = Wired::new(&roots).await;
    for (key, body) in auto() {
        wired.put(&key, body).await;
    }
    let member = Member::new(&tls).await;
    member.change_uri(&http).await;
    member.deploy().await;
    // Put the CloudTrail records on the member's event bus: creations, the change, and deployments.
    member.to_bus().await;

    let taken = wired.settle().await;
    assert_eq!(member.served().await, tls, "{taken:?}");
    let names: Vec<&str> = taken.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.first(), Some(&"evenkeel-evaluate"));
    assert!(names.contains(&"evenkeel-remediate-apigateway"), "{names:?}");
    assert!(
        !names.contains(&"evenkeel-remediate-kms"),
        "the function of another family must not be invoked"
    );
    let findings = wired.keys("findings/").await;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].contains(&format!("/accountId={MEMBER}/")), "{findings:?}");
    assert_eq!(wired.keys("outcomes/").await.len(), 1);

    // The calls of the remediation itself are evaluated too and are not violations.
    member.to_bus().await;
    wired.settle().await;
    assert_eq!((wired.keys("findings/").await.len(), wired.keys("outcomes/").await.len()), (1, 1));
    for queue in
        ["evenkeel-changes-dlq", "evenkeel-remediate-apigateway-dlq", "evenkeel-remediate-kms"]
    {
        assert_eq!(wired.waiting(queue).await, 0, "{queue}");
    }

    // If the event lacks data, the function reads the configuration in the member account with the
    // read role.
    let read = json!({
        "eventVersion": "1.11", "eventID": "00000000-0000-4000-8000-00000000000d",
        "eventTime": "2026-03-11T12:00:00Z", "eventSource": "rds.amazonaws.com", "eventName": "ModifyDBInstance",
        "awsRegion": REGION, "recipientAccountId": MEMBER, "sourceIPAddress": "198.51.100.7",
        "userIdentity": {"type": "IAMUser", "arn": format!("arn:aws:iam::{MEMBER}:user/jo")},
        "requestParameters": {"omitted": true}, "responseElements": {"dBInstanceIdentifier": "orders"},
    });
    member.put("aws.rds", &read).await;
    wired.settle().await;
    assert_eq!(wired.keys("findings/").await.len(), 2);
    let used = wired.in_the_member(&member_account(MEMBER, &PARAMETERS[..2]));
    for action in
        ["config:BatchGetResourceConfig", "config:ListDiscoveredResources", "apigateway:PATCH"]
    {
        assert!(used.contains(action), "{action} was not called: {used:?}");
    }

    wired.check_permissions();
}
