//! Writes one record of a generated trail, with its fields in CloudTrail's order.

use super::actors::{Account, Actor, weighted};
use super::calls::Call;
use super::changes::CHANGES;
use super::random::Random;
use super::reads::READS;
use super::template::{Setting, fill};

/// The number of write calls per thousand records.
const CHANGES_PER_MILLE: u64 = 25;

/// The number of denied calls per thousand records.
const REFUSED_PER_MILLE: u64 = 15;

/// Global services, which write all their records in one Region.
const GLOBAL: [&str; 4] = [
    "iam.amazonaws.com",
    "organizations.amazonaws.com",
    "route53.amazonaws.com",
    "signin.amazonaws.com",
];

const TAIL: &str = r#","requestID":"<uuid>","eventID":"<uuid>","readOnly":"#;

const REFUSED: &str = r#","errorCode":"AccessDenied","errorMessage":"User: arn:aws:sts::<account>:assumed-role/<name>/<name> is not authorized to perform this operation because no identity-based policy allows it""#;

/// Selects a random call and appends its record to `out`.
pub(crate) fn write(
    account: &mut Account,
    region: &str,
    time: &str,
    random: &mut Random,
    out: &mut String,
) -> Option<&'static Call> {
    let read_only = !random.chance(CHANGES_PER_MILLE);
    let calls: &'static [Call] = if read_only { &READS } else { &CHANGES };
    let call = calls.get(weighted(calls.iter().map(|call| call.weight), random))?;
    let id = account.id.clone();
    let actor = account.actor(time, random)?;
    let region = if is_global(call) { "us-east-1" } else { region };
    let setting = Setting { account: &id, region, time };
    head(call, actor, setting, out);
    if random.chance(REFUSED_PER_MILLE) {
        fill(REFUSED, setting, random, out);
    }
    *out += r#","requestParameters":"#;
    fill(call.request, setting, random, out);
    *out += r#","responseElements":"#;
    fill(call.response, setting, random, out);
    fill(TAIL, setting, random, out);
    tail(call, actor, read_only, setting, out);
    Some(call)
}

/// Returns whether copies of the call's records can be in the files of other Regions.
pub(crate) fn is_global(call: &Call) -> bool {
    GLOBAL.contains(&call.source)
}

fn head(call: &Call, actor: &Actor, setting: Setting<'_>, out: &mut String) {
    *out += &format!(
        r#"{{"eventVersion":"1.11","userIdentity":{},"eventTime":"{}","eventSource":"{}","eventName":"{}","awsRegion":"{}",{}"#,
        actor.identity, setting.time, call.source, call.name, setting.region, actor.origin
    );
}

fn tail(call: &Call, actor: &Actor, read_only: bool, setting: Setting<'_>, out: &mut String) {
    let (account, region) = (setting.account, setting.region);
    *out += &format!(
        r#"{read_only},"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"{account}","eventCategory":"Management""#
    );
    if actor.outside {
        let service = call.source.split('.').next().unwrap_or_default();
        *out += &format!(
            r#","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"{service}.{region}.amazonaws.com"}}"#
        );
    }
    out.push('}');
}
