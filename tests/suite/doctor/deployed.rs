//! A stack in the AWS stand-in, as the template deploys it. Tests act in place of its functions.

use std::io::{Read, Write};
use std::net::TcpStream;

use aws_config::SdkConfig;
use evenkeel_client::{Method, ServiceClient};
use evenkeel_ledger::{CanaryHop, CanaryId, Ledger};
use serde_json::{Value, json};

use evenkeel_testing::aws::config;
use evenkeel_testing::queue::Queues;
use evenkeel_testing::stand_in::stand_in;

/// The families of remediators.
pub(super) const FAMILIES: [&str; 8] =
    ["apigateway", "apigatewayv2", "cloudtrail", "ec2", "kms", "lambda", "rds", "s3"];

/// A ZIP archive without files, in base64.
const ARCHIVE: &str = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";

/// A stack in the AWS stand-in. `name` is the prefix of its resources.
pub(super) struct Deployed {
    name: String,
    config: SdkConfig,
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn arn(service: &str, name: &str) -> String {
    format!("arn:aws:{service}:eu-central-1:123456789012:{name}")
}

/// Sends a request to a service for which this test has no client, and requires the status 200.
fn ask(service: &str, request: &str, body: &str) {
    let mut stream = TcpStream::connect(stand_in()).unwrap();
    let form = "application/x-www-form-urlencoded";
    let kind = if service == "s3" { "application/xml" } else { form };
    let scope = format!("Credential=test/20260311/eu-central-1/{service}/aws4_request");
    let request = format!(
        "{request} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: {kind}\r\n\
         authorization: AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none\r\ncontent-length: {}\r\n\r\n{body}",
        stand_in(),
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

impl Deployed {
    /// Creates the resources of the stack.
    pub(super) fn new(name: &str) -> Deployed {
        let place = "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>";
        ask("s3", &format!("PUT /{name}-ledger"), place);
        let role = format!(
            "Version=2010-05-08&Action=CreateRole&RoleName={name}&AssumeRolePolicyDocument=%7B%7D"
        );
        ask("iam", "POST /", &role);
        let stack = Deployed { name: name.to_owned(), config: config() };
        run(async {
            stack.trail().await;
            stack.buses().await;
            stack.topics().await;
            stack.function("evaluate", "changes", &[("EVENKEEL_READ_ROLE", "read")]).await;
            for family in FAMILIES {
                let name = format!("remediate-{family}");
                stack
                    .function(&name, &name, &[("EVENKEEL_FAMILY", family), ("EVENKEEL_ROLE", "r")])
                    .await;
                stack.subscription(family).await;
            }
        });
        stack
    }

    /// Returns the URL of the ledger.
    pub(super) fn place(&self) -> String {
        format!("s3://{}-ledger/l", self.name)
    }

    fn part(&self, part: &str) -> String {
        format!("{}-{part}", self.name)
    }

    fn ledger(&self) -> Ledger {
        Ledger::open_bucket(&self.config, &self.part("ledger"), "l").unwrap()
    }

    async fn trail(&self) {
        let client = aws_sdk_cloudtrail::Client::new(&self.config);
        let create = client.create_trail().name(&self.name).s3_bucket_name(self.part("ledger"));
        let create = create.is_multi_region_trail(true).include_global_service_events(true);
        create.send().await.unwrap();
        client.start_logging().name(&self.name).send().await.unwrap();
    }

    /// Creates the event bus, its rule for canaries, and the rule that forwards events to the bus.
    async fn buses(&self) {
        let events = ServiceClient::events(&self.config);
        act(&events, "CreateEventBus", json!({"Name": self.name})).await;
        let pattern = json!({"source": ["evenkeel.doctor"], "detail-type": ["Evenkeel Canary"]});
        let (pattern, bus) = (pattern.to_string(), &self.name);
        let rule = json!({"Name": "canary", "EventBusName": bus, "EventPattern": pattern});
        act(&events, "PutRule", rule).await;
        let pattern = json!({"detail-type": ["AWS API Call via CloudTrail"]}).to_string();
        let rule = json!({"Name": self.part("forward-calls"), "EventPattern": pattern});
        act(&events, "PutRule", rule).await;
    }

    async fn topics(&self) {
        let sns = ServiceClient::sns(&self.config);
        for topic in ["findings", "alarms"] {
            sns.query_call("CreateTopic")
                .with_parameter("Name", &self.part(topic))
                .send_query()
                .await
                .unwrap();
        }
        let subscribe = sns
            .query_call("Subscribe")
            .with_parameter("TopicArn", &arn("sns", &self.part("alarms")));
        let subscribe = subscribe
            .with_parameter("Protocol", "email")
            .with_parameter("Endpoint", "ops@example.com");
        subscribe.send_query().await.unwrap();
    }

    /// Creates a function, its queue, its dead-letter queue and its event source mapping.
    async fn function(&self, part: &str, queue: &str, settings: &[(&str, &str)]) {
        let dead = self.part(&format!("{queue}-dlq"));
        let queues = Queues::new(&self.config);
        queues.create(&dead, json!({})).await;
        let redrive = json!({"deadLetterTargetArn": arn("sqs", &dead), "maxReceiveCount": 5});
        let attributes = json!({"VisibilityTimeout": "180", "RedrivePolicy": redrive.to_string()});
        let url = queues.create(&self.part(queue), attributes).await;
        let (topic, place) = (arn("sns", &self.part("findings")), self.place());
        let mut variables =
            json!({"EVENKEEL_LEDGER": place, "EVENKEEL_TOPIC": topic, "EVENKEEL_QUEUE": url});
        for (name, value) in settings {
            variables[*name] = json!(value);
        }
        let function = json!({
            "FunctionName": self.part(part),
            "Timeout": 30,
            "Code": {"ZipFile": ARCHIVE},
            "Runtime": "provided.al2023",
            "Handler": "bootstrap",
            "Role": format!("arn:aws:iam::123456789012:role/{}", self.name),
            "Environment": {"Variables": variables},
        });
        self.lambda(Method::POST, &["functions"], &function).await;
        let mapping = json!({
            "FunctionName": self.part(part),
            "EventSourceArn": arn("sqs", &self.part(queue)),
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        });
        self.lambda(Method::POST, &["event-source-mappings"], &mapping).await;
    }

    /// Calls the AWS Lambda API and returns the parsed answer.
    async fn lambda(&self, method: Method, path: &[&str], content: &Value) -> Value {
        let path = [&["2015-03-31"], path].concat();
        let service = ServiceClient::lambda(&self.config);
        let call = service.rest_call(method.clone(), &path);
        let call = if method == Method::GET { call } else { call.with_json(content) };
        call.send_rest().await.unwrap().parse_json().unwrap()
    }

    async fn subscription(&self, family: &str) {
        let filter = json!({"$or": [{"kind": ["canary"]}, {"remediator": [{"prefix": family}]}]});
        let sns = ServiceClient::sns(&self.config);
        let queue = arn("sqs", &self.part(&format!("remediate-{family}")));
        let subscribe = sns
            .query_call("Subscribe")
            .with_parameter("TopicArn", &arn("sns", &self.part("findings")))
            .with_parameter("Protocol", "sqs")
            .with_parameter("Endpoint", &queue)
            .with_parameter("Attributes.entry.1.key", "FilterPolicy")
            .with_parameter("Attributes.entry.1.value", &filter.to_string());
        subscribe.send_query().await.unwrap();
    }

    /// Records in the ledger that the evaluate function and the functions of `families` received a
    /// canary.
    pub(super) fn take(&self, canary: CanaryId, families: &[&str]) {
        let ledger = self.ledger();
        run(async {
            let evaluate = CanaryHop { bundle: Some("artifact".to_owned()), ..hop() };
            assert!(
                ledger
                    .claim_key(&canary.evaluation_key(), &evaluate.to_record_bytes())
                    .await
                    .unwrap()
            );
            for family in families {
                let key = canary.remediation_key(family);
                assert!(ledger.claim_key(&key, &hop().to_record_bytes()).await.unwrap());
            }
        });
    }

    /// Creates one fault of each kind that `evenkeel doctor` detects.
    pub(super) fn break_it(&self) {
        run(async {
            let queues = Queues::new(&self.config);
            queues.send(&queues.url(&self.part("changes-dlq")).await, "x").await;
            let short = queues.url(&self.part("remediate-rds")).await;
            queues.set(&short, json!({"VisibilityTimeout": "60"})).await;
            let trails = aws_sdk_cloudtrail::Client::new(&self.config);
            trails.stop_logging().name(&self.name).send().await.unwrap();
            let ledger = self.ledger();
            assert!(ledger.claim_key("control/kill-switch-policy/a-policy", b"{}").await.unwrap());
            assert!(ledger.claim_key("bundle/manifest.json", b"{").await.unwrap());
            let rule = json!({"Name": "canary", "EventBusName": self.name});
            act(&ServiceClient::events(&self.config), "DisableRule", rule).await;
            self.break_functions().await;
            self.break_subscriptions().await;
        });
    }

    async fn break_functions(&self) {
        let lambda = ServiceClient::lambda(&self.config);
        let list = lambda.rest_call(Method::GET, &["2015-03-31", "event-source-mappings"]);
        let list = list.with_query("FunctionName", Some(&self.part("evaluate")));
        let mappings: Value = list.send_rest().await.unwrap().parse_json().unwrap();
        let id = mappings["EventSourceMappings"][0]["UUID"].as_str().unwrap();
        let off = json!({"Enabled": false});
        self.lambda(Method::PUT, &["event-source-mappings", id], &off).await;
        let path = ["functions", &self.part("remediate-ec2"), "configuration"];
        let mut configuration = self.lambda(Method::GET, &path, &Value::Null).await;
        let variables = &mut configuration["Environment"]["Variables"];
        variables["EVENKEEL_LEDGER"] = json!("s3://other");
        let update = json!({"Environment": {"Variables": variables}});
        self.lambda(Method::PUT, &path, &update).await;
    }

    async fn break_subscriptions(&self) {
        let sns = ServiceClient::sns(&self.config);
        let list = sns.query_call("ListSubscriptionsByTopic");
        let listed = list
            .with_parameter("TopicArn", &arn("sns", &self.part("findings")))
            .send_query()
            .await
            .unwrap();
        let listed = listed.require_child("ListSubscriptionsByTopicResult").unwrap();
        for one in listed.require_child("Subscriptions").unwrap().child_elements() {
            let arn = one.require_child("SubscriptionArn").unwrap().text_content();
            let queue = one.require_child("Endpoint").unwrap().text_content();
            if queue.ends_with("-kms") {
                let call = sns.query_call("Unsubscribe").with_parameter("SubscriptionArn", arn);
                call.send_query().await.unwrap();
            } else if queue.ends_with("-s3") {
                let call = sns
                    .query_call("SetSubscriptionAttributes")
                    .with_parameter("SubscriptionArn", arn);
                let call = call
                    .with_parameter("AttributeName", "FilterPolicy")
                    .with_parameter("AttributeValue", "{}");
                call.send_query().await.unwrap();
            }
        }
    }
}

/// Calls an operation and ignores its answer.
async fn act(service: &ServiceClient, operation: &str, input: Value) {
    let _: Value = service.call_json(operation, &input).await.unwrap();
}

/// Returns the record of a canary that was received now.
fn hop() -> CanaryHop {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    CanaryHop { taken: i64::try_from(since.as_millis()).unwrap(), ..CanaryHop::default() }
}
