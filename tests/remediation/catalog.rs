//! Tests of each remediator with the AWS stand-in: plan, change, undo, and AWS errors.

mod apigateway;
mod apigateway_definitions;
mod apigateway_settings;
mod apigatewayv2;
mod apigatewayv2_endpoint;
mod apigatewayv2_private;
mod cloud_control;
mod cloud_control_checks;
mod cloudtrail;
mod detection;
mod domains;
mod ec2;
mod kms;
mod lambda;
mod list;
mod messaging;
mod permitted;
mod query;
mod rds;
mod s3;
mod stage;
mod violated;
