//! A stack as the template deploys it, before what stands in for AWS; its functions are played.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Environment, FunctionCode, FunctionResponseType, Runtime};
use aws_sdk_sqs::types::QueueAttributeName;
use evenkeel_ledger::{Canary, Hop, Ledger, s3_builder};
use serde_json::json;

use evenkeel_testing::stand::stand;

/// The families of remediators.
pub(super) const FAMILIES: [&str; 8] =
    ["apigateway", "apigatewayv2", "cloudtrail", "ec2", "kms", "lambda", "rds", "s3"];

/// An archive without files.
const ARCHIVE: [u8; 22] = *b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// A stack of one name.
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

/// What has no SDK here.
fn ask(service: &str, request: &str, body: &str) {
    let mut stream = TcpStream::connect(stand()).unwrap();
    let form = "application/x-www-form-urlencoded";
    let kind = if service == "s3" { "application/xml" } else { form };
    let scope = format!("Credential=test/20260311/eu-central-1/{service}/aws4_request");
    let request = format!(
        "{request} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: {kind}\r\n\
         authorization: AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none\r\ncontent-length: {}\r\n\r\n{body}",
        stand(),
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

impl Deployed {
    /// Deploys.
    pub(super) fn new(name: &str) -> Deployed {
        let keys = aws_sdk_sqs::config::Credentials::new("test", "test", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(aws_sdk_sqs::config::SharedCredentialsProvider::new(keys))
            .endpoint_url(format!("http://{}", stand()))
            .build();
        let place = "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>";
        ask("s3", &format!("PUT /{name}-ledger"), place);
        let role = format!(
            "Version=2010-05-08&Action=CreateRole&RoleName={name}&AssumeRolePolicyDocument=%7B%7D"
        );
        ask("iam", "POST /", &role);
        let stack = Deployed { name: name.to_owned(), config };
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

    /// The ledger's place.
    pub(super) fn place(&self) -> String {
        format!("s3://{}-ledger/l", self.name)
    }

    fn part(&self, part: &str) -> String {
        format!("{}-{part}", self.name)
    }

    fn ledger(&self) -> Ledger {
        let builder = s3_builder(&self.part("ledger"), Duration::from_secs(5))
            .with_endpoint(format!("http://{}", stand()))
            .with_allow_http(true)
            .with_region("eu-central-1")
            .with_access_key_id("test")
            .with_secret_access_key("test");
        Ledger::within(builder, "l").unwrap()
    }

    async fn trail(&self) {
        let client = aws_sdk_cloudtrail::Client::new(&self.config);
        let create = client.create_trail().name(&self.name).s3_bucket_name(self.part("ledger"));
        let create = create.is_multi_region_trail(true).include_global_service_events(true);
        create.send().await.unwrap();
        client.start_logging().name(&self.name).send().await.unwrap();
    }

    /// The bus, a rule that lets canaries in, and the rule that forwards to it.
    async fn buses(&self) {
        let client = aws_sdk_eventbridge::Client::new(&self.config);
        client.create_event_bus().name(&self.name).send().await.unwrap();
        let pattern = json!({"source": ["evenkeel.doctor"], "detail-type": ["Evenkeel Canary"]});
        let put = client.put_rule().name("canary").event_bus_name(&self.name);
        put.event_pattern(pattern.to_string()).send().await.unwrap();
        let pattern = json!({"detail-type": ["AWS API Call via CloudTrail"]}).to_string();
        client
            .put_rule()
            .name(self.part("forward-calls"))
            .event_pattern(pattern)
            .send()
            .await
            .unwrap();
    }

    async fn topics(&self) {
        let client = aws_sdk_sns::Client::new(&self.config);
        for topic in ["findings", "alarms"] {
            client.create_topic().name(self.part(topic)).send().await.unwrap();
        }
        let subscribe = client.subscribe().topic_arn(arn("sns", &self.part("alarms")));
        subscribe.protocol("email").endpoint("ops@example.com").send().await.unwrap();
    }

    async fn queue(&self, part: &str, attributes: &[(QueueAttributeName, String)]) -> String {
        let client = aws_sdk_sqs::Client::new(&self.config);
        let mut create = client.create_queue().queue_name(self.part(part));
        for (name, value) in attributes {
            create = create.attributes(name.clone(), value);
        }
        create.send().await.unwrap().queue_url.unwrap()
    }

    /// A function, its queues, and what feeds it.
    async fn function(&self, part: &str, queue: &str, settings: &[(&str, &str)]) {
        let dead = self.part(&format!("{queue}-dlq"));
        self.queue(&format!("{queue}-dlq"), &[]).await;
        let redrive = json!({"deadLetterTargetArn": arn("sqs", &dead), "maxReceiveCount": 5});
        let visible = (QueueAttributeName::VisibilityTimeout, "180".to_owned());
        let redrive = (QueueAttributeName::RedrivePolicy, redrive.to_string());
        let url = self.queue(queue, &[visible, redrive]).await;
        let (topic, place) = (arn("sns", &self.part("findings")), self.place());
        let mut environment = Environment::builder()
            .variables("EVENKEEL_LEDGER", place)
            .variables("EVENKEEL_TOPIC", topic)
            .variables("EVENKEEL_QUEUE", url);
        for (name, value) in settings {
            environment = environment.variables(*name, *value);
        }
        let client = aws_sdk_lambda::Client::new(&self.config);
        let create = client.create_function().function_name(self.part(part)).timeout(30);
        let create = create.code(FunctionCode::builder().zip_file(Blob::new(ARCHIVE)).build());
        let create = create.runtime(Runtime::Providedal2023).handler("bootstrap");
        let create = create.role(format!("arn:aws:iam::123456789012:role/{}", self.name));
        create.environment(environment.build()).send().await.unwrap();
        let map = client.create_event_source_mapping().function_name(self.part(part));
        let map = map.event_source_arn(arn("sqs", &self.part(queue)));
        map.function_response_types(FunctionResponseType::ReportBatchItemFailures)
            .send()
            .await
            .unwrap();
    }

    async fn subscription(&self, family: &str) {
        let filter = json!({"$or": [{"kind": ["canary"]}, {"remediator": [{"prefix": family}]}]});
        let client = aws_sdk_sns::Client::new(&self.config);
        let subscribe = client.subscribe().topic_arn(arn("sns", &self.part("findings")));
        let queue = arn("sqs", &self.part(&format!("remediate-{family}")));
        let subscribe = subscribe.protocol("sqs").endpoint(queue);
        subscribe.attributes("FilterPolicy", filter.to_string()).send().await.unwrap();
    }

    /// The evaluate function and some families' take a canary.
    pub(super) fn take(&self, canary: Canary, families: &[&str]) {
        let ledger = self.ledger();
        run(async {
            let evaluate = Hop { bundle: Some("artefact".to_owned()), ..hop() };
            assert!(ledger.claim(&canary.evaluated(), &evaluate.record()).await.unwrap());
            for family in families {
                let key = canary.remediated(family);
                assert!(ledger.claim(&key, &hop().record()).await.unwrap());
            }
        });
    }

    /// One of each fault.
    pub(super) fn break_it(&self) {
        run(async {
            let sqs = aws_sdk_sqs::Client::new(&self.config);
            let url = async |part: &str| {
                let told = sqs.get_queue_url().queue_name(self.part(part)).send().await.unwrap();
                told.queue_url.unwrap()
            };
            let dead = url("changes-dlq").await;
            sqs.send_message().queue_url(dead).message_body("x").send().await.unwrap();
            let short = sqs.set_queue_attributes().queue_url(url("remediate-rds").await);
            short.attributes(QueueAttributeName::VisibilityTimeout, "60").send().await.unwrap();
            let trails = aws_sdk_cloudtrail::Client::new(&self.config);
            trails.stop_logging().name(&self.name).send().await.unwrap();
            let ledger = self.ledger();
            assert!(ledger.claim("control/kill-switch-policy/a-policy", b"{}").await.unwrap());
            assert!(ledger.claim("bundle/manifest.json", b"{").await.unwrap());
            let rules = aws_sdk_eventbridge::Client::new(&self.config);
            rules.disable_rule().name("canary").event_bus_name(&self.name).send().await.unwrap();
            self.break_functions().await;
            self.break_subscriptions().await;
        });
    }

    async fn break_functions(&self) {
        let client = aws_sdk_lambda::Client::new(&self.config);
        let list = client.list_event_source_mappings().function_name(self.part("evaluate"));
        let mappings = list.send().await.unwrap().event_source_mappings.unwrap();
        let update = client.update_event_source_mapping().uuid(mappings[0].uuid().unwrap());
        update.enabled(false).send().await.unwrap();
        let name = self.part("remediate-ec2");
        let get = client.get_function_configuration().function_name(&name).send().await.unwrap();
        let mut variables = get.environment.unwrap().variables.unwrap();
        variables.insert("EVENKEEL_LEDGER".to_owned(), "s3://other".to_owned());
        let environment = Environment::builder().set_variables(Some(variables)).build();
        let update = client.update_function_configuration().function_name(name);
        update.environment(environment).send().await.unwrap();
    }

    async fn break_subscriptions(&self) {
        let client = aws_sdk_sns::Client::new(&self.config);
        let list =
            client.list_subscriptions_by_topic().topic_arn(arn("sns", &self.part("findings")));
        for one in list.send().await.unwrap().subscriptions.unwrap() {
            let arn = one.subscription_arn.unwrap();
            let queue = one.endpoint.unwrap();
            if queue.ends_with("-kms") {
                client.unsubscribe().subscription_arn(arn).send().await.unwrap();
            } else if queue.ends_with("-s3") {
                let set = client.set_subscription_attributes().subscription_arn(arn);
                set.attribute_name("FilterPolicy").attribute_value("{}").send().await.unwrap();
            }
        }
    }
}

/// A hop that is taken now.
fn hop() -> Hop {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Hop { taken: i64::try_from(since.as_millis()).unwrap(), ..Hop::default() }
}
