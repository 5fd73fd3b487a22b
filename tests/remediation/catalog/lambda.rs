//! Tests the remediator of Lambda functions that allow public invocation.

use evenkeel_client::{Method, ServiceClient};
use evenkeel_remediators::catalog::lambda::remove_public_permission::RemovePublicPermission;
use evenkeel_remediators::{
    AwsFailure, KILL_SWITCH, RemediationPlan, RemediationResult, Remediator,
};
use serde_json::{Value, json};

use super::query::ask;
use super::stage::{Stage, aws, refused_for_state};
use evenkeel_testing::proxy::{Fault, Pause};
use evenkeel_testing::stand_in::stand_in;

/// Calls AWS Lambda of the stand-in directly, without the proxy.
async fn post(path: &[&str], qualifier: Option<&str>, input: &Value) {
    let lambda = ServiceClient::lambda(&aws(stand_in()).config);
    let mut call = lambda.rest_call(Method::POST, &[&["2015-03-31", "functions"], path].concat());
    if let Some(qualifier) = qualifier {
        call = call.with_query("Qualifier", Some(qualifier));
    }
    call.with_json(input).send_rest().await.unwrap();
}

async fn finding(name: &str) -> Stage {
    let (policy, kind) = ("lambda-permission-public", "AWS::Lambda::Function");
    Stage::new(policy, RemovePublicPermission::SPEC.id, kind, name).await
}

/// Creates a function with a version and an alias and without permissions. Returns its stage.
async fn function(name: &str) -> Stage {
    let role = format!("Action=CreateRole&RoleName={name}&AssumeRolePolicyDocument=%7B%7D");
    ask("iam", "2010-05-08", &role).await;
    // A ZIP archive without files, in base64.
    let archive = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";
    let create = json!({
        "FunctionName": name,
        "Runtime": "python3.12",
        "Code": {"ZipFile": archive},
        "Handler": "a.b",
        "Role": format!("arn:aws:iam::123456789012:role/{name}"),
    });
    post(&[], None, &create).await;
    post(&[name, "versions"], None, &json!({})).await;
    post(&[name, "aliases"], None, &json!({"Name": "live", "FunctionVersion": "1"})).await;
    finding(name).await
}

/// A permission that a test adds to a function.
struct Allow {
    function: String,
    qualifier: Option<&'static str>,
    input: Value,
}

impl Allow {
    fn with(mut self, name: &str, value: &str) -> Allow {
        self.input[name] = json!(value);
        self
    }

    fn of(self, qualifier: &'static str) -> Allow {
        Allow { qualifier: Some(qualifier), ..self }
    }

    async fn send(self) {
        post(&[&self.function, "policy"], self.qualifier, &self.input).await;
    }
}

fn allow(function: &str, sid: &str, principal: &str) -> Allow {
    let action = "lambda:InvokeFunction";
    let input = json!({"StatementId": sid, "Action": action, "Principal": principal});
    Allow { function: function.to_owned(), qualifier: None, input }
}

/// Adds permissions that are not public.
async fn allow_some(function: &str) {
    let topic = "arn:aws:sns:eu-central-1:111122223333:topic";
    for add in [
        allow(function, "account", "111122223333"),
        allow(function, "topic", "sns.amazonaws.com").with("SourceArn", topic),
        allow(function, "organization", "*").with("PrincipalOrgID", "o-a1b2c3d4e5"),
        allow(function, "source", "*").with("SourceArn", topic),
        allow(function, "live", "*").with("SourceAccount", "111122223333").of("live"),
    ] {
        add.send().await;
    }
}

/// Returns a public permission of each kind.
fn allow_all(function: &str) -> [Allow; 6] {
    let url = |sid, auth| {
        let add = allow(function, sid, "*").with("Action", "lambda:InvokeFunctionUrl");
        add.with("FunctionUrlAuthType", auth)
    };
    let mut by_url = allow(function, "open-by-url", "*");
    by_url.input["InvokedViaFunctionUrl"] = json!(true);
    [
        allow(function, "open", "*"),
        url("open-url", "NONE"),
        url("open-iam-url", "AWS_IAM"),
        by_url,
        allow(function, "open-live", "*").of("live"),
        allow(function, "open-1", "*").of("1").with("SourceArn", "arn:aws:sns:*:*:topic"),
    ]
}

#[tokio::test]
async fn only_public_permissions_are_removed_and_an_undo_adds_them_again() {
    let stage = function("all-open").await;
    allow_some("all-open").await;
    let some = stage.state::<RemovePublicPermission>().await;
    assert_eq!(
        stage.run::<RemovePublicPermission>().await.unwrap().result,
        RemediationResult::Compliant
    );
    for add in allow_all("all-open") {
        add.send().await;
    }
    stage.there_and_back::<RemovePublicPermission>().await;
    assert_eq!(
        stage.run::<RemovePublicPermission>().await.unwrap().result,
        RemediationResult::Restored
    );
    assert_eq!(stage.state::<RemovePublicPermission>().await, some);
}

#[tokio::test]
async fn every_kind_of_public_permission_is_removed_and_can_be_added_again() {
    for number in 0..6 {
        let name = format!("open-{number}");
        let stage = function(&name).await;
        let add = allow_all(&name).into_iter().nth(number).unwrap();
        add.send().await;
        stage.there_and_back::<RemovePublicPermission>().await;
        let counts = ["DELETE policy", "POST policy"].map(|what| stage.proxy.count(what));
        assert_eq!(counts, [2, 2], "each call must be made once directly and once by the executor");
    }
}

#[tokio::test]
async fn a_permission_that_an_undo_could_not_restore_is_left_to_a_person() {
    const ODD: &str = r#"{"Policy": "{\"Statement\": [{\"Sid\": \"odd\", \"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"*\"}, \"Action\": \"lambda:*\", \"Resource\": \"*\"}]}"}"#;
    let stage = function("odd").await;
    stage.proxy.fault("GET policy", usize::MAX, Fault::Answer(200, ODD));
    let outcome = stage.run::<RemovePublicPermission>().await.unwrap();
    let why = "an undo could not restore statement `odd` of the function policy unchanged; \
               remove the statement by hand";
    assert_eq!(outcome.result, refused_for_state(why));
    stage.proxy.clear_faults();
    let bucket = allow("odd", "bucket", "s3.amazonaws.com").with("SourceArn", "arn:aws:s3:::b");
    bucket.send().await;
    let outcome = stage.run::<RemovePublicPermission>().await.unwrap();
    let why = "statement `bucket` of the function policy allows S3 buckets of any account; add a \
               condition on `aws:SourceAccount` by hand";
    assert_eq!(outcome.result, refused_for_state(why));
    assert_eq!(stage.proxy.count("DELETE policy"), 0);
}

#[tokio::test]
async fn a_missing_denied_throttled_or_unreadable_function_is_not_written() {
    let gone = finding("no-such-function").await;
    assert_eq!(
        gone.run::<RemovePublicPermission>().await.unwrap().result,
        RemediationResult::ResourceGone
    );
    let stage = function("unread").await;
    allow("unread", "open", "*").send().await;
    let answers = [
        (429, "{\"__type\":\"TooManyRequestsException\"}", true),
        (200, "{}", true),
        (500, "", true),
        (403, "{\"__type\":\"AccessDeniedException\"}", false),
    ];
    for read in ["GET versions", "GET aliases", "GET policy"] {
        for (status, text, is_retried) in answers {
            stage.proxy.fault(read, usize::MAX, Fault::Answer(status, text));
            let outcome = stage.run::<RemovePublicPermission>().await;
            assert_eq!(outcome.is_err(), is_retried, "{read}: {status} {text}: {outcome:?}");
            stage.proxy.clear_faults();
        }
    }
    let odd = [
        "{\"Policy\": \"\"}",
        "{\"Policy\": \"{}\"}",
        "{\"Policy\": \"{\\\"Statement\\\": [{}]}\"}",
    ];
    for odd in odd {
        stage.proxy.fault("GET policy", usize::MAX, Fault::Answer(200, odd));
        let remediator = RemovePublicPermission::from(stage.aws());
        let refused = remediator.observe_state(&stage.target()).await.unwrap_err();
        assert!(matches!(refused, AwsFailure::Retryable(_)), "{odd}");
        stage.proxy.clear_faults();
    }
    assert_eq!(stage.proxy.count("DELETE policy"), 0);
    let denied = Fault::Answer(403, "{\"__type\":\"AccessDeniedException\"}");
    stage.proxy.fault("DELETE policy", 1, denied);
    let outcome = stage.run::<RemovePublicPermission>().await.unwrap();
    assert_eq!(
        outcome.result,
        RemediationResult::Failed(
            AwsFailure::Denied("AccessDeniedException".to_owned()).to_string()
        )
    );
    stage.proxy.fault("DELETE policy", usize::MAX, Fault::LoseAnswer);
    assert_eq!(
        stage.run::<RemovePublicPermission>().await.unwrap().result,
        RemediationResult::Restored
    );
}

#[tokio::test]
async fn a_permission_that_was_added_meanwhile_stays() {
    let stage = function("meanwhile").await;
    allow("meanwhile", "open", "*").send().await;
    let pause = Pause::default();
    stage.proxy.fault("GET policy", 1, Fault::PauseAfter(pause.clone()));
    let (outcome, ()) = tokio::join!(stage.run::<RemovePublicPermission>(), async {
        pause.reached.notified().await;
        allow_some("meanwhile").await;
        pause.release.notify_one();
    });
    assert_eq!(outcome.unwrap().result, RemediationResult::Restored);
    let left = stage.state::<RemovePublicPermission>().await;
    let names: Vec<&str> = left.of.values().flat_map(|of| of.keys().map(String::as_str)).collect();
    assert_eq!(names, ["account", "organization", "source", "topic", "live"]);
    // A plan that was made before removes only public permissions.
    let remediator = RemovePublicPermission::from(stage.aws());
    let nobody = serde_json::from_value(json!({"of": {}})).unwrap();
    remediator.apply_state(&stage.target(), &nobody).await.unwrap();
    assert_eq!(stage.state::<RemovePublicPermission>().await, left);
    assert_eq!(remediator.plan_change(&stage.target(), &left), RemediationPlan::Nothing);
}

#[tokio::test]
async fn a_remediation_that_a_kill_switch_interrupts_can_be_undone_completely() {
    let stage = function("cut-off").await;
    for sid in ["first", "second"] {
        allow("cut-off", sid, "*").send().await;
    }
    let before = stage.state::<RemovePublicPermission>().await;
    let pause = Pause::default();
    stage.proxy.fault("DELETE policy", 1, Fault::PauseAfter(pause.clone()));
    let switch_on = async {
        pause.reached.notified().await;
        stage.ledger.write_record(KILL_SWITCH, b"{}").await.unwrap();
        pause.release.notify_one();
    };
    let (outcome, ()) = tokio::join!(stage.run::<RemovePublicPermission>(), switch_on);
    let outcome = outcome.unwrap();
    assert!(matches!(outcome.result, RemediationResult::Halted(_)), "{outcome:?}");
    assert_ne!(
        stage.state::<RemovePublicPermission>().await,
        before,
        "the first permission must be removed"
    );
    assert_eq!(stage.undo::<RemovePublicPermission>().await.result, RemediationResult::Restored);
    assert_eq!(stage.state::<RemovePublicPermission>().await, before);
}
