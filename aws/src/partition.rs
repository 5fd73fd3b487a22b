//! The partitions of AWS: the Regions that belong to them, and the names of their hosts and ARNs.

/// A partition of AWS: a group of Regions with separate accounts and names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AwsPartition {
    /// The ID as it appears in ARNs, such as `aws-cn`.
    pub id: &'static str,
    /// The prefix of the names of all Regions in the partition. It is empty for `aws`, because the
    /// Regions of this partition have different prefixes.
    region_prefix: &'static str,
    /// The suffix of the host names of services, such as `amazonaws.com`.
    pub dns_suffix: &'static str,
    /// The suffix of the names of hosts that support both IPv4 and IPv6 (dual-stack).
    pub dual_stack_dns_suffix: &'static str,
    /// The Region for which requests to IAM are signed. IAM has one control plane per partition.
    pub iam_region: &'static str,
}

/// The commercial partition. It contains every Region that no other partition contains.
const COMMERCIAL: AwsPartition = AwsPartition {
    id: "aws",
    region_prefix: "",
    dns_suffix: "amazonaws.com",
    dual_stack_dns_suffix: "api.aws",
    iam_region: "us-east-1",
};

/// All partitions of AWS.
///
/// Source: the AWS SDKs' `partitions.json`; AWS General Reference, "AWS Identity and Access
/// Management endpoints and quotas".
pub const PARTITIONS: [AwsPartition; 8] = [
    COMMERCIAL,
    AwsPartition {
        id: "aws-cn",
        region_prefix: "cn-",
        dns_suffix: "amazonaws.com.cn",
        dual_stack_dns_suffix: "api.amazonwebservices.com.cn",
        iam_region: "cn-north-1",
    },
    AwsPartition {
        id: "aws-us-gov",
        region_prefix: "us-gov-",
        dns_suffix: "amazonaws.com",
        dual_stack_dns_suffix: "api.aws",
        iam_region: "us-gov-west-1",
    },
    AwsPartition {
        id: "aws-eusc",
        region_prefix: "eusc-",
        dns_suffix: "amazonaws.eu",
        dual_stack_dns_suffix: "api.amazonwebservices.eu",
        iam_region: "eusc-de-east-1",
    },
    AwsPartition {
        id: "aws-iso",
        region_prefix: "us-iso-",
        dns_suffix: "c2s.ic.gov",
        dual_stack_dns_suffix: "api.aws.ic.gov",
        iam_region: "us-iso-east-1",
    },
    AwsPartition {
        id: "aws-iso-b",
        region_prefix: "us-isob-",
        dns_suffix: "sc2s.sgov.gov",
        dual_stack_dns_suffix: "api.aws.scloud",
        iam_region: "us-isob-east-1",
    },
    AwsPartition {
        id: "aws-iso-e",
        region_prefix: "eu-isoe-",
        dns_suffix: "cloud.adc-e.uk",
        dual_stack_dns_suffix: "api.cloud-aws.adc-e.uk",
        iam_region: "eu-isoe-west-1",
    },
    AwsPartition {
        id: "aws-iso-f",
        region_prefix: "us-isof-",
        dns_suffix: "csp.hci.ic.gov",
        dual_stack_dns_suffix: "api.aws.hci.ic.gov",
        iam_region: "us-isof-south-1",
    },
];

impl AwsPartition {
    /// Returns the partition of a Region. A Region that no other partition contains is in `aws`.
    pub fn for_region(region: &str) -> AwsPartition {
        let contains_region = |partition: &&AwsPartition| {
            !partition.region_prefix.is_empty() && region.starts_with(partition.region_prefix)
        };
        PARTITIONS.iter().find(contains_region).copied().unwrap_or(COMMERCIAL)
    }
}

#[cfg(test)]
mod tests {
    use super::{AwsPartition, PARTITIONS};

    #[test]
    fn each_region_is_in_its_partition() {
        let regions = [
            ("eu-central-1", "aws"),
            ("us-east-1", "aws"),
            ("mx-central-1", "aws"),
            ("", "aws"),
            ("cn-northwest-1", "aws-cn"),
            ("us-gov-east-1", "aws-us-gov"),
            ("eusc-de-east-1", "aws-eusc"),
            ("us-iso-west-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-east-1", "aws-iso-f"),
        ];
        for (region, partition) in regions {
            assert_eq!(AwsPartition::for_region(region).id, partition, "{region}");
        }
    }

    #[test]
    fn the_iam_region_belongs_to_its_partition() {
        for partition in PARTITIONS {
            assert_eq!(AwsPartition::for_region(partition.iam_region), partition);
        }
    }
}
