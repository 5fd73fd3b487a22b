//! Checks the CloudTrail trails: without a logging trail, EventBridge receives no API calls.
//!
//! Source: Amazon EventBridge User Guide, "AWS service events delivered via AWS CloudTrail".

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::types::Trail;

use super::check_report::DoctorReport;
use super::stack_access::DeployedStack;

/// Checks that a trail is logging, in all Regions and for global services.
pub(super) async fn check_trails(stack: &DeployedStack, report: &mut DoctorReport) {
    let client = Client::new(&stack.config);
    let trails = match client.describe_trails().send().await {
        Ok(response) => response.trail_list.unwrap_or_default(),
        Err(error) => {
            return report
                .begin_check("trails")
                .add_call_failure(&error.into(), "cloudtrail:DescribeTrails");
        }
    };
    let (mut logging, mut unknown) = (Vec::new(), false);
    for trail in &trails {
        match is_logging(&client, trail, report).await {
            Some(true) => logging.push(trail),
            Some(false) => {}
            None => unknown = true,
        }
    }
    let mut check = report.begin_check("trails");
    if logging.is_empty() && !unknown {
        let count = trails.len();
        let why = format!("no trail is logging (trails: {count}): API calls are not received");
        check.add_failure(why, "start one: aws cloudtrail start-logging --name TRAIL");
    }
    let is = |flag: Option<bool>| flag.unwrap_or_default();
    let whole =
        |trail: &&Trail| is(trail.is_multi_region_trail) && is(trail.include_global_service_events);
    if !logging.is_empty() && !logging.iter().any(whole) {
        let why = "no logging trail includes all Regions and global services";
        let todo = "update a trail: aws cloudtrail update-trail --is-multi-region-trail \
                    --include-global-service-events --name TRAIL";
        check.add_warning(why, todo);
    }
    check.finish_check(format!("{} of {} logging", logging.len(), trails.len()));
}

/// Returns whether a trail is logging, or `None` if its status cannot be read.
///
/// The request uses the ARN, because a trail of another Region or of the organization is not found
/// by its name.
///
/// Source: AWS CloudTrail API Reference, `GetTrailStatus`.
async fn is_logging(client: &Client, trail: &Trail, report: &mut DoctorReport) -> Option<bool> {
    let name = trail.name().unwrap_or_default();
    let mut check = report.begin_check(format!("trail {name}"));
    let request = client.get_trail_status().name(trail.trail_arn().unwrap_or(name));
    match request.send().await {
        Ok(status) => {
            let is_logging = status.is_logging.unwrap_or_default();
            if let (true, Some(error)) =
                (is_logging, status.latest_delivery_error.filter(|e| !e.is_empty()))
            {
                let why = format!("the logs are not delivered to the bucket: {error}");
                check.add_warning(why, "check the bucket policy");
            }
            check.finish_check(if is_logging { "logging" } else { "not logging" });
            Some(is_logging)
        }
        Err(error) => {
            check.add_call_failure(&error.into(), "cloudtrail:GetTrailStatus");
            None
        }
    }
}
