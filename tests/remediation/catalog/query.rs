//! Helpers for services with the AWS Query protocol: direct calls, and a test of read and write
//! failures.

use evenkeel_remediators::{AwsConnection, AwsFailure, RemediationResult, Remediator};
use hyper::Request;

use super::stage::Stage;
use evenkeel_testing::http::send;
use evenkeel_testing::proxy::Fault;
use evenkeel_testing::stand_in::stand_in;

/// Calls a service of the AWS stand-in directly, without the proxy. Returns the answer's body.
pub(crate) async fn ask(service: &str, version: &str, body: &str) -> String {
    let scope = format!("Credential=test/20260311/eu-central-1/{service}/aws4_request");
    let request = Request::post("/")
        .header("host", stand_in().to_string())
        .header("content-type", "application/x-www-form-urlencoded")
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none"),
        )
        .body(format!("Version={version}&{body}").into())
        .unwrap();
    let (head, answer) = send(stand_in(), request).await.unwrap();
    let answer = String::from_utf8(answer.to_vec()).unwrap();
    assert!(head.status.is_success(), "{body}: {answer}");
    answer
}

/// Returns the text of the first XML element with this name.
pub(crate) fn element_text<'a>(answer: &'a str, name: &str) -> &'a str {
    let (_, rest) = answer.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{answer}"));
    rest.split_once('<').unwrap().0
}

pub(crate) const DENIED: &str =
    "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>";
const THROTTLED: &str =
    "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>";

/// Checks that a failed `read` prevents the `write`, that a denied `write` is reported, and that
/// the remediation succeeds afterwards.
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
    for (status, text, is_retried) in answers {
        stage.proxy.fault(read, usize::MAX, Fault::Answer(status, text));
        let outcome = stage.run::<R>().await;
        assert_eq!(outcome.is_err(), is_retried, "{status} {text}: {outcome:?}");
        stage.proxy.clear_faults();
    }
    stage.proxy.fault(read, usize::MAX, Fault::Lose);
    assert!(stage.run::<R>().await.is_err(), "a lost call must be retried");
    stage.proxy.clear_faults();
    assert_eq!(stage.proxy.count(write), 0);
    stage.proxy.fault(write, 1, Fault::Answer(403, DENIED));
    let outcome = stage.run::<R>().await.unwrap();
    assert_eq!(
        outcome.result,
        RemediationResult::Failed(
            AwsFailure::Denied("UnauthorizedOperation".to_owned()).to_string()
        )
    );
    // Temporary failures are retried automatically.
    stage.proxy.fault(read, 1, Fault::Answer(400, THROTTLED));
    stage.proxy.fault(write, 3, Fault::LoseAnswer);
    assert_eq!(stage.run::<R>().await.unwrap().result, RemediationResult::Restored);
    assert_eq!(stage.run::<R>().await.unwrap().result, RemediationResult::Compliant);
}
