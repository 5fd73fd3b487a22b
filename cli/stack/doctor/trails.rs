//! The trails: without one that logs, EventBridge is told of no call.
//!
//! Source: Amazon EventBridge User Guide, "AWS service events delivered via AWS CloudTrail".

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::types::Trail;

use super::check_report::DoctorReport;
use super::stack_access::DeployedStack;

/// Whether some trail logs, everywhere, and what global services do.
pub(super) async fn check_trails(stack: &DeployedStack, report: &mut DoctorReport) {
    let client = Client::new(&stack.config);
    let trails = match client.describe_trails().send().await {
        Ok(told) => told.trail_list.unwrap_or_default(),
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
    let mut about = report.begin_check("trails");
    if logging.is_empty() && !unknown {
        let why = format!("no trail logs, there are {}: no call is ever heard of", trails.len());
        about.add_failure(why, "start one: aws cloudtrail start-logging --name TRAIL");
    }
    let is = |flag: Option<bool>| flag.unwrap_or_default();
    let whole =
        |trail: &&Trail| is(trail.is_multi_region_trail) && is(trail.include_global_service_events);
    if !logging.is_empty() && !logging.iter().any(whole) {
        let why = "none that logs is of all Regions and of global services";
        about.add_warning(why, "make one: aws cloudtrail update-trail --is-multi-region-trail --include-global-service-events --name TRAIL");
    }
    about.finish_check(format!("{} of {} log", logging.len(), trails.len()));
}

/// Whether a trail logs; none where that is not told. A trail of another Region or of the organization is
/// asked for by its ARN.
///
/// Source: AWS CloudTrail API Reference, `GetTrailStatus`.
async fn is_logging(client: &Client, trail: &Trail, report: &mut DoctorReport) -> Option<bool> {
    let name = trail.name().unwrap_or_default();
    let mut about = report.begin_check(format!("trail {name}"));
    let asked = client.get_trail_status().name(trail.trail_arn().unwrap_or(name));
    match asked.send().await {
        Ok(told) => {
            let logs = told.is_logging.unwrap_or_default();
            if let (true, Some(error)) =
                (logs, told.latest_delivery_error.filter(|e| !e.is_empty()))
            {
                let why = format!("its logs do not reach their bucket: {error}");
                about.add_warning(why, "look at the bucket's policy");
            }
            about.finish_check(if logs { "logs" } else { "does not log" });
            Some(logs)
        }
        Err(error) => {
            about.add_call_failure(&error.into(), "cloudtrail:GetTrailStatus");
            None
        }
    }
}
