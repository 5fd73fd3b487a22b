//! Parsing and building of Amazon Resource Names (ARNs).

use std::fmt;

use crate::partition::AwsPartition;

/// The parts of an Amazon Resource Name (ARN). `to_string` builds the ARN from the parts.
///
/// Source: AWS General Reference, "Amazon Resource Names (ARNs)".
///
/// ```
/// use evenkeel_aws::Arn;
///
/// let arn = Arn::parse_text("arn:aws:sns:eu-west-1:123456789012:topic").unwrap();
/// assert_eq!((arn.service, arn.region, arn.resource), ("sns", "eu-west-1", "topic"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// The partition, such as `aws-cn`.
    pub partition: &'a str,
    /// The service to which the resource belongs, such as `s3`.
    pub service: &'a str,
    /// The Region; empty if the resource has none.
    pub region: &'a str,
    /// The account ID; empty if the resource has none.
    pub account: &'a str,
    /// Everything after the account ID.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Parses an ARN. Returns `None` if `text` does not begin with `arn:`, has fewer than six
    /// parts, or has an empty partition, service or resource.
    pub fn parse_text(text: &'a str) -> Option<Arn<'a>> {
        let mut parts = text.splitn(6, ':');
        if parts.next() != Some("arn") {
            return None;
        }
        let arn = Arn {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        };
        let is_complete =
            [arn.partition, arn.service, arn.resource].iter().all(|it| !it.is_empty());
        is_complete.then_some(arn)
    }

    /// Creates the ARN of a resource of a service in a Region and an account. The Region determines
    /// the partition.
    pub fn in_region(
        region: &'a str,
        account: &'a str,
        service: &'a str,
        resource: &'a str,
    ) -> Arn<'a> {
        Arn { partition: AwsPartition::for_region(region).id, service, region, account, resource }
    }

    /// Builds the ARN of an IAM role of an account. `region` determines only the partition, because
    /// the ARN of a role contains no Region.
    pub fn iam_role(region: &str, account: &str, name: &str) -> String {
        let resource = format!("role/{name}");
        Arn { region: "", ..Arn::in_region(region, account, "iam", &resource) }.to_string()
    }

    /// Builds the ARN of an S3 bucket. `region` determines only the partition, because the ARN of a
    /// bucket contains neither a Region nor an account ID.
    pub fn s3_bucket(region: &str, name: &str) -> String {
        Arn { region: "", ..Arn::in_region(region, "", "s3", name) }.to_string()
    }
}

impl fmt::Display for Arn<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Arn { partition, service, region, account, resource } = self;
        write!(to, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

#[cfg(test)]
mod tests {
    use super::Arn;

    #[test]
    fn parsed_arns_are_built_again() {
        for text in [
            "arn:aws:iam::123456789012:role/aws/a",
            "arn:aws-eusc:lambda:eusc-de-east-1:123456789012:function:f:1",
            "arn:aws:s3:::bucket/key:part",
        ] {
            assert_eq!(Arn::parse_text(text).map(|arn| arn.to_string()).as_deref(), Some(text));
        }
        let arn = Arn::parse_text("arn:aws:sns:eu-west-1:123456789012:a:b").unwrap();
        assert_eq!((arn.service, arn.account, arn.resource), ("sns", "123456789012", "a:b"));
    }

    #[test]
    fn a_text_without_a_required_part_is_not_an_arn() {
        for text in ["", "arn", "arn:aws:s3::", "arn:aws:s3:::", "arn::s3:::b", "urn:aws:s3:::b"] {
            assert_eq!(Arn::parse_text(text), None, "{text}");
        }
    }

    #[test]
    fn arns_have_the_partition_of_their_region() {
        let roles = [
            ("eu-central-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("eusc-de-east-1", "aws-eusc"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
        ];
        for (region, partition) in roles {
            let role = Arn::iam_role(region, "111122223333", "read");
            assert_eq!(role, format!("arn:{partition}:iam::111122223333:role/read"));
            assert_eq!(Arn::s3_bucket(region, "b"), format!("arn:{partition}:s3:::b"));
            let key = Arn::in_region(region, "111122223333", "kms", "key/k").to_string();
            assert_eq!(key, format!("arn:{partition}:kms:{region}:111122223333:key/k"));
        }
    }
}
