//! Whenever the function dies, redelivery makes it whole: one finding, announced at least once.

use std::collections::BTreeSet;

use serde_json::json;

use evenkeel_testing::aws::Aws;
use evenkeel_testing::events::{bus, queue, violation};
use evenkeel_testing::function::Function;
use evenkeel_testing::proxy::{Fault, Hold, Proxy};
use evenkeel_testing::stand::stand;

/// Every effect outside the process, in the order of an invocation.
const EFFECTS: [&str; 3] = ["PUT findings", "Publish", "PUT announced"];

#[tokio::test]
async fn killed_around_any_effect_and_delivered_again() {
    let (aws, proxy) = (Aws::new().await, Proxy::new().await);
    let function = Function::new(aws.environment(proxy.address)).await;
    let mut number = 0;
    for effect in EFFECTS {
        for fault in [Fault::HoldBefore, Fault::HoldAfter] {
            number += 1;
            let payload = bus(&violation(number));
            let hold = Hold::default();
            proxy.fault(effect, 1, fault(hold.clone()));
            let (killed, ()) = tokio::join!(function.invoke(&payload), async {
                hold.reached.notified().await;
                function.kill().await;
                hold.release.notify_one();
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
    assert_eq!(aws.ledger().await.len(), 12, "six findings, six marks");
    aws.permits("evenkeel-evaluate", &proxy);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_deliveries_at_once_are_one_finding() {
    let aws = Aws::new().await;
    let mut functions = Vec::new();
    for _ in 0..8 {
        functions.push(Function::new(aws.environment(stand())).await);
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
    assert_eq!(messages.len(), 1, "however often it is told, it is one finding");
}
