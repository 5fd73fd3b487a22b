//! Services without an SDK here: what tests ask of them, and what every remediator before them must stand.

use evenkeel_remediators::{AwsConnection, RemediationResult, Remediator};
use hyper::Request;

use super::stage::Stage;
use evenkeel_testing::http::send;
use evenkeel_testing::proxy::Fault;
use evenkeel_testing::stand::stand;

/// Asks a service something, past the proxy.
pub(crate) async fn ask(service: &str, version: &str, body: &str) -> String {
    let scope = format!("Credential=test/20260311/eu-central-1/{service}/aws4_request");
    let request = Request::post("/")
        .header("host", stand().to_string())
        .header("content-type", "application/x-www-form-urlencoded")
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none"),
        )
        .body(format!("Version={version}&{body}").into())
        .unwrap();
    let (head, answer) = send(stand(), request).await.unwrap();
    let answer = String::from_utf8(answer.to_vec()).unwrap();
    assert!(head.status.is_success(), "{body}: {answer}");
    answer
}

/// What stands in the first element of that name.
pub(crate) fn told<'a>(answer: &'a str, name: &str) -> &'a str {
    let (_, rest) = answer.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{answer}"));
    rest.split_once('<').unwrap().0
}

pub(crate) const DENIED: &str =
    "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>";
const THROTTLED: &str =
    "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>";

/// A call that is denied, throttled, or answered by nothing leads to no write; then all goes well.
pub(crate) async fn writes_nothing_unread<R: Remediator + From<AwsConnection> + 'static>(
    stage: &Stage,
    read: &'static str,
    write: &'static str,
) {
    let answers = [
        (503, THROTTLED, true),
        (400, THROTTLED, true),
        (200, "", true),
        (200, "<Answer/>", true),
        (500, "", true),
        (403, DENIED, false),
    ];
    for (status, text, comes_again) in answers {
        stage.proxy.fault(read, usize::MAX, Fault::Answer(status, text));
        let outcome = stage.run::<R>().await;
        assert_eq!(outcome.is_err(), comes_again, "{status} {text}: {outcome:?}");
        stage.proxy.mend();
    }
    stage.proxy.fault(read, usize::MAX, Fault::Lose);
    assert!(stage.run::<R>().await.is_err(), "a call that is lost");
    stage.proxy.mend();
    assert_eq!(stage.proxy.count(write), 0);
    stage.proxy.fault(write, 1, Fault::Answer(403, DENIED));
    let outcome = stage.run::<R>().await.unwrap();
    assert_eq!(
        outcome.result,
        RemediationResult::Failed("not allowed: UnauthorizedOperation".to_owned())
    );
    // What passes is tried again by itself.
    stage.proxy.fault(read, 1, Fault::Answer(400, THROTTLED));
    stage.proxy.fault(write, 3, Fault::LoseAnswer);
    assert_eq!(stage.run::<R>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(stage.run::<R>().await.unwrap().result, RemediationResult::Compliant);
}
