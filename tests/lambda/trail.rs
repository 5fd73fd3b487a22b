//! Tests the files of a trail: CloudTrail's notice contains the bucket and the key, but no Region.

use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::{Request, Response};
use serde_json::json;

use evenkeel_testing::aws::Aws;
use evenkeel_testing::events::{queue, violation};
use evenkeel_testing::function::Function;
use evenkeel_testing::http::{Closed, send, serve};
use evenkeel_testing::stand_in::stand_in;

#[tokio::test]
async fn a_trail_file_is_read_in_the_configured_region() {
    let regions = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&regions);
    let address = serve(move |request| {
        let seen = Arc::clone(&seen);
        async move {
            let (head, body) = request.into_parts();
            if head.uri.path().contains("/AWSLogs/") {
                // The signature contains the Region: `Credential=KEY/DATE/REGION/s3/aws4_request`.
                let signed = head.headers["authorization"].to_str().unwrap();
                seen.lock().unwrap().push(signed.split('/').nth(2).unwrap().to_owned());
            }
            let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
            let request = Request::from_parts(head, Full::new(body));
            let (head, body) = send(stand_in(), request).await.map_err(|_| Closed)?;
            Ok(Response::from_parts(head, Full::new(body)))
        }
    });
    let address = address.await;
    let aws = Aws::new().await;
    let named = [(None, "eu-central-1"), (Some("us-west-2"), "us-west-2")];
    for (number, (region, expected)) in (1_u64..).zip(named) {
        let key = format!("AWSLogs/123456789012/CloudTrail/us-west-2/2026/03/11/{number}.json");
        aws.put(&key, json!({"Records": [violation(number)]}).to_string()).await;
        let mut environment = aws.environment(address);
        environment
            .extend(region.map(|name| ("EVENKEEL_TRAIL_REGION".to_owned(), name.to_owned())));
        let function = Function::new(environment).await;
        let notice = json!({"s3Bucket": aws.bucket, "s3ObjectKey": [key]}).to_string();
        let answer = function.invoke(&queue(&[notice])).await;
        assert_eq!(answer, Ok(json!({"batchItemFailures": []})), "{:#?}", function.lines());
        assert_eq!(aws.findings().await.len() as u64, number);
        assert_eq!(std::mem::take(&mut *regions.lock().unwrap()), [expected]);
    }
}
