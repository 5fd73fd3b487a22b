//! Each remediator before what stands in for AWS: observed, planned, applied, denied, gone, throttled, undone.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../aws/asked.rs"]
mod asked;
#[path = "../aws/http.rs"]
mod http;
#[path = "../aws/iam.rs"]
mod iam;
mod permitted;
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../aws/proxy.rs"]
mod proxy;
#[path = "../aws/stand.rs"]
mod stand;

mod apigateway;
mod apigateway_settings;
mod apigatewayv2;
mod apigatewayv2_endpoint;
mod apigatewayv2_private;
mod cloud_control;
mod cloudtrail;
mod detection;
mod domains;
mod ec2;
mod kms;
mod lambda;
mod list;
mod messaging;
mod query;
mod rds;
mod s3;
mod stage;
mod violated;
