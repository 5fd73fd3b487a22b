//! CEL functions for Amazon Resource Names (ARNs) and their partitions.

use cel::common::types::{CelBool, CelMap, CelMapKey, CelString};
use cel::common::value::Val;
use cel::{DeclarationError, Env, ExecutionError};
pub(super) use evenkeel_aws::Arn;
use evenkeel_aws::AwsPartition;

use super::function::{FunctionDoc, function_error, text_excerpt};
use super::values;

/// The documentation of the functions in this file.
pub(super) const DOCS: &[FunctionDoc] = &[
    (
        "arn(s)",
        "a map with the keys `partition`, `service`, `region`, `account`, `resource`, \
         `resourceType` and `resourceId`; an error if `s` is not an ARN",
    ),
    ("isArn(s)", "whether `s` is an ARN"),
    ("partition(region)", "the partition of `region`, as it appears in ARNs"),
];

/// Services whose resources have a name and no type, even if the name contains separators.
const UNTYPED_SERVICES: &[&str] = &["s3", "sns", "sqs"];

/// Returns the type and the ID of the resource. The type is empty if the service has no resource
/// types.
fn split_resource<'a>(arn: &Arn<'a>) -> (&'a str, &'a str) {
    let access_point = arn.service == "s3" && !arn.account.is_empty();
    let untyped = UNTYPED_SERVICES.contains(&arn.service) && !access_point;
    let resource = arn.resource.strip_prefix('/').unwrap_or(arn.resource);
    match resource.split_once([':', '/']) {
        Some((kind, id)) if !untyped => (kind, id),
        _ => ("", arn.resource),
    }
}

/// Declares the functions of this file in the environment.
pub(super) fn declare_arn_functions(env: &mut Env) -> Result<(), DeclarationError> {
    cel::add_overload!(env, fn arn: (CelString<'_>) -> Result<CelMap<'_>>)?;
    cel::add_overload!(env, fn is_arn: (CelString<'_>) -> CelBool)?;
    cel::add_overload!(env, fn partition: (CelString<'_>) -> CelString<'_>)
}

fn arn(s: &CelString<'_>) -> Result<CelMap<'static>, ExecutionError> {
    let arn = Arn::parse_text(s)
        .ok_or_else(|| function_error("arn", format!("`{}` is not an arn", text_excerpt(s))))?;
    let (kind, id) = split_resource(&arn);
    let fields = [
        ("partition", arn.partition),
        ("service", arn.service),
        ("region", arn.region),
        ("account", arn.account),
        ("resource", arn.resource),
        ("resourceType", kind),
        ("resourceId", id),
    ];
    Ok(values::build_map(fields.map(|(name, value)| {
        let value: Box<dyn Val> = Box::new(CelString::from(value.to_owned()));
        (CelMapKey::from(name), value)
    })))
}

fn is_arn(s: &CelString<'_>) -> CelBool {
    Arn::parse_text(s).is_some().into()
}

fn partition(region: &CelString<'_>) -> CelString<'static> {
    AwsPartition::for_region(region).id.into()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_fails, assert_holds};
    use super::{Arn, split_resource};

    #[test]
    fn resource_types_and_ids_are_separated() {
        for (arn, kind, id) in [
            ("arn:aws:iam::123456789012:role/aws/a", "role", "aws/a"),
            ("arn:aws:iam::123456789012:root", "", "root"),
            ("arn:aws:lambda:eu-west-1:123456789012:function:f:1", "function", "f:1"),
            ("arn:aws:s3:::bucket/key/part", "", "bucket/key/part"),
            ("arn:aws:s3:eu-west-1:123456789012:accesspoint/p", "accesspoint", "p"),
            ("arn:aws:sns:eu-west-1:123456789012:topic", "", "topic"),
            ("arn:aws:apigateway:eu-west-1::/restapis/abc", "restapis", "abc"),
        ] {
            assert_eq!(split_resource(&Arn::parse_text(arn).unwrap()), (kind, id), "{arn}");
        }
    }

    #[test]
    fn policies_can_read_the_parts_of_an_arn() {
        assert_holds(&[
            "arn('arn:aws-us-gov:iam::1:user/u').partition == 'aws-us-gov'",
            "arn('arn:aws:s3:::b').account == '' && arn('arn:aws:s3:::b').resource == 'b'",
            "arn('arn:aws:ec2:eu-west-1:1:instance/i').resourceId == 'i'",
            "partition('eu-west-1') == 'aws' && partition('us-isob-east-1') == 'aws-iso-b'",
            "isArn('arn:aws:s3:::b') && !isArn('arn:aws:s3:::') && !isArn('s3://b') && !isArn('')",
        ]);
        assert_fails("`bucket` is not an arn", &["arn('bucket')"]);
    }
}
