//! A stand-in for the URL of a Lambda function with the authentication type `AWS_IAM`.
//!
//! AWS checks the signature of a request and the permissions of the caller, and writes the identity
//! into the event. The stand-in knows the caller by the access key id of the signature. It checks no
//! signature and no permission. A request with an unknown key is refused, like an unsigned one.
//!
//! Source: AWS Lambda Developer Guide, "Invoking Lambda function URLs", request and response payload
//! format.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Request, Response};
use serde_json::json;

use super::asked::key;
use super::function::Function;
use super::http::{Answer, Closed, serve};

/// The URL of a function.
#[derive(Clone, Debug)]
pub struct FunctionUrl {
    /// The address that the stand-in serves.
    pub address: SocketAddr,
    callers: Arc<Mutex<HashMap<String, String>>>,
}

impl FunctionUrl {
    /// Serves the URL of a function.
    pub async fn serve(function: Arc<Function>) -> FunctionUrl {
        let callers: Arc<Mutex<HashMap<String, String>>> = Arc::default();
        let known = Arc::clone(&callers);
        let address = serve(move |request| {
            let (function, known) = (Arc::clone(&function), Arc::clone(&known));
            async move { answer(request, &function, &known).await }
        });
        FunctionUrl { address: address.await, callers }
    }

    /// Adds a caller: its access key id, and its ARN.
    pub fn know(&self, access_key: &str, arn: &str) {
        self.callers.lock().unwrap().insert(access_key.to_owned(), arn.to_owned());
    }
}

async fn answer(
    request: Request<Incoming>,
    function: &Function,
    callers: &Mutex<HashMap<String, String>>,
) -> Result<Answer, Closed> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
    let caller = callers.lock().unwrap().get(key(&head)).cloned();
    let Some(arn) = caller else {
        let refused = json!({"Message": "Forbidden"}).to_string();
        return Ok(Response::builder().status(403).body(refused.into()).unwrap());
    };
    let session = arn.rsplit('/').next().unwrap_or_default();
    let account = arn.split(':').nth(4).unwrap_or_default();
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": head.uri.path(),
        "rawQueryString": head.uri.query().unwrap_or_default(),
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "accountId": account,
            "apiId": "url",
            "authentication": null,
            "authorizer": {"iam": {
                "accessKey": key(&head),
                "accountId": account,
                "callerId": format!("AROAEXAMPLE:{session}"),
                "cognitoIdentity": null,
                "principalOrgId": "o-abcdefghij",
                "userArn": arn,
                "userId": format!("AROAEXAMPLE:{session}"),
            }},
            "domainName": "url.lambda-url.eu-central-1.on.aws",
            "http": {"method": head.method.as_str(), "path": head.uri.path()},
            "requestId": "id",
            "stage": "$default",
        },
        "body": String::from_utf8_lossy(&body),
        "isBase64Encoded": false,
    });
    let answer = function.invoke(&event).await;
    let answer = answer.unwrap_or_else(|error| json!({"statusCode": 502, "body": error}));
    let status = answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
    let text = answer["body"].as_str().unwrap_or_default().to_owned();
    let response = Response::builder().status(status.unwrap_or(502));
    let response = response.header("content-type", "application/json");
    Ok(response.body(text.into()).unwrap())
}
