//! Tests crashes: kills the function before and after each external effect. After the message is
//! delivered again, the ledger must contain one finding, and SNS at least one notice.

use std::collections::BTreeSet;

use serde_json::json;

use evenkeel_testing::aws::Aws;
use evenkeel_testing::events::{bus, queue, violation};
use evenkeel_testing::function::Function;
use evenkeel_testing::proxy::{Fault, Pause, Proxy};
use evenkeel_testing::stand_in::stand_in;

/// The external effects of an invocation, in order.
const EFFECTS: [&str; 3] = ["PUT findings", "Publish", "PUT announced"];

#[tokio::test]
async fn a_function_that_is_killed_at_any_effect_completes_after_redelivery() {
    let (aws, proxy) = (Aws::new().await, Proxy::new().await);
    let function = Function::new(aws.environment(proxy.address)).await;
    let mut number = 0;
    for effect in EFFECTS {
        for fault in [Fault::PauseBefore, Fault::PauseAfter] {
            number += 1;
            let payload = bus(&violation(number));
            let pause = Pause::default();
            proxy.fault(effect, 1, fault(pause.clone()));
            let (killed, ()) = tokio::join!(function.invoke(&payload), async {
                pause.reached.notified().await;
                function.kill().await;
                pause.release.notify_one();
            });
            assert_eq!(killed, Err("Runtime.ExitError".to_owned()), "{effect}");
            let again = function.invoke(&payload).await;
            assert_eq!(again, Ok(json!({"findings": 1})), "{effect}");
            let findings = aws.findings().await;
            assert_eq!(findings.len(), usize::try_from(number).unwrap(), "{effect}: {findings:?}");
            let notices = aws.notices().await;
            assert!((1..=2).contains(&notices.len()), "{effect}: {}", notices.len());
        }
    }
    assert_eq!(
        aws.ledger().await.len(),
        12,
        "the ledger must contain six findings and six announcement marks"
    );
    aws.permits("evenkeel-evaluate", &proxy);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_concurrent_deliveries_give_one_finding() {
    let aws = Aws::new().await;
    let mut functions = Vec::new();
    for _ in 0..8 {
        functions.push(Function::new(aws.environment(stand_in())).await);
    }
    let payload = queue(&vec![bus(&violation(1)).to_string(); 8]);
    let done = futures_util::future::join_all(functions.iter().map(|one| one.invoke(&payload)));
    for answer in done.await {
        assert_eq!(answer, Ok(json!({"batchItemFailures": []})));
    }
    assert_eq!(aws.findings().await.len(), 1);
    let notices = aws.notices().await;
    let messages: BTreeSet<String> =
        notices.iter().map(|notice| notice["Message"].to_string()).collect();
    assert_eq!(messages.len(), 1, "all notices must be about the same finding");
}
