//! Determines the endpoint URL and the signing Region of a service, for every partition.
//!
//! Source: the AWS SDKs' endpoint rules (`endpoint-rule-set-1.json`) of each service; AWS General
//! Reference, "Service endpoints and quotas".

use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use evenkeel_aws::AwsPartition;

use super::service_metadata::{S3, ServiceMetadata};

/// Services in the partition `aws-us-gov` whose standard hosts are FIPS endpoints. The names of
/// these hosts do not contain `-fips`.
const FIPS_IN_GOVCLOUD: &[&str] = &["ec2", "events", "rds", "sns", "sqs", "sts"];

/// The endpoint options of a configuration: FIPS endpoints, and dual-stack endpoints (IPv4 and
/// IPv6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct EndpointVariant {
    pub(super) fips: bool,
    pub(super) dual_stack: bool,
}

impl EndpointVariant {
    pub(super) fn from_config(config: &SdkConfig) -> EndpointVariant {
        let fips = config.use_fips().unwrap_or_default();
        EndpointVariant { fips, dual_stack: config.use_dual_stack().unwrap_or_default() }
    }
}

/// Returns the endpoint URL that the configuration sets for the service, or for all services.
pub(super) fn find_endpoint_override(
    config: &SdkConfig,
    service: &ServiceMetadata,
) -> Option<String> {
    let all = config.endpoint_url().map(str::to_owned);
    if config.get_origin("endpoint_url").is_client_config() {
        return all;
    }
    let key = ServiceConfigKey::builder()
        .service_id(service.id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    config.service_config().and_then(|own| own.load_config(key)).or(all)
}

/// Returns the URL of S3 for a configuration, or `None` if the configuration has neither a Region
/// nor an endpoint. The bucket is the first part of the path after this URL.
pub fn s3_url(config: &SdkConfig) -> Option<String> {
    find_endpoint_override(config, &S3).or_else(|| {
        let region = config.region()?;
        Some(service_url(&S3, region.as_ref(), EndpointVariant::from_config(config)))
    })
}

/// Returns the URL of a service in a Region.
pub(super) fn service_url(
    service: &ServiceMetadata,
    region: &str,
    variant: EndpointVariant,
) -> String {
    let partition = AwsPartition::for_region(region);
    let host = match service.endpoint_prefix {
        "iam" => iam_host(&partition, variant),
        "organizations" => {
            let region = organizations_region(&partition);
            format!("organizations.{region}.{}", partition.dns_suffix)
        }
        "s3" => {
            let fips = fips_mark(variant);
            let dual_stack = if variant.dual_stack { ".dualstack" } else { "" };
            format!("s3{fips}{dual_stack}.{region}.{}", partition.dns_suffix)
        }
        prefix => {
            let is_standard_name = partition.id == "aws-us-gov"
                && FIPS_IN_GOVCLOUD.contains(&prefix)
                && (!variant.dual_stack || prefix == "events");
            let fips = if is_standard_name { "" } else { fips_mark(variant) };
            format!("{prefix}{fips}.{region}.{}", host_suffix(&partition, variant))
        }
    };
    format!("https://{host}")
}

/// Returns the host of IAM. A partition has one IAM endpoint for all its Regions.
fn iam_host(partition: &AwsPartition, variant: EndpointVariant) -> String {
    let EndpointVariant { fips, dual_stack } = variant;
    let (mark, suffix) = (fips_mark(variant), host_suffix(partition, variant));
    match partition.id {
        "aws" if dual_stack => format!("iam{mark}.global.{suffix}"),
        "aws-us-gov" => format!("iam.us-gov.{suffix}"),
        "aws-cn" if dual_stack && !fips => format!("iam.global.{suffix}"),
        "aws-iso" | "aws-iso-b" if !dual_stack => {
            format!("iam{mark}.{}.{suffix}", partition.iam_region)
        }
        id if id != "aws" && !fips && !dual_stack => {
            format!("iam.{}.{suffix}", partition.iam_region)
        }
        _ => format!("iam{mark}.{suffix}"),
    }
}

/// Returns the Region of the one endpoint of AWS Organizations in a partition.
///
/// Source: AWS General Reference, "AWS Organizations endpoints and quotas".
fn organizations_region(partition: &AwsPartition) -> &str {
    if partition.id == "aws-cn" { "cn-northwest-1" } else { partition.iam_region }
}

fn fips_mark(variant: EndpointVariant) -> &'static str {
    if variant.fips { "-fips" } else { "" }
}

fn host_suffix(partition: &AwsPartition, variant: EndpointVariant) -> &'static str {
    if variant.dual_stack { partition.dual_stack_dns_suffix } else { partition.dns_suffix }
}

/// Returns the Region for which requests to a service are signed.
pub(super) fn signing_region(service: &ServiceMetadata, region: &str) -> String {
    match service.endpoint_prefix {
        "iam" => AwsPartition::for_region(region).iam_region.to_owned(),
        "organizations" => organizations_region(&AwsPartition::for_region(region)).to_owned(),
        _ => region.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::service_metadata::{EC2, EVENTS, IAM, KMS, ORGANIZATIONS, STS};
    use super::*;

    const STANDARD: EndpointVariant = EndpointVariant { fips: false, dual_stack: false };
    const FIPS: EndpointVariant = EndpointVariant { fips: true, dual_stack: false };
    const DUAL: EndpointVariant = EndpointVariant { fips: false, dual_stack: true };

    #[test]
    fn each_partition_has_its_hosts() {
        let hosts = [
            (&KMS, "eu-central-1", "kms.eu-central-1.amazonaws.com"),
            (&KMS, "cn-north-1", "kms.cn-north-1.amazonaws.com.cn"),
            (&STS, "us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
            (&EC2, "eusc-de-east-1", "ec2.eusc-de-east-1.amazonaws.eu"),
            (&S3, "us-iso-east-1", "s3.us-iso-east-1.c2s.ic.gov"),
            (&KMS, "us-isob-east-1", "kms.us-isob-east-1.sc2s.sgov.gov"),
            (&KMS, "eu-isoe-west-1", "kms.eu-isoe-west-1.cloud.adc-e.uk"),
            (&KMS, "us-isof-south-1", "kms.us-isof-south-1.csp.hci.ic.gov"),
        ];
        for (service, region, host) in hosts {
            assert_eq!(service_url(service, region, STANDARD), format!("https://{host}"));
        }
    }

    #[test]
    fn fips_and_dual_stack_hosts_have_other_names() {
        let hosts = [
            (&KMS, "us-east-1", FIPS, "kms-fips.us-east-1.amazonaws.com"),
            (&KMS, "us-gov-west-1", FIPS, "kms-fips.us-gov-west-1.amazonaws.com"),
            (&STS, "us-gov-west-1", FIPS, "sts.us-gov-west-1.amazonaws.com"),
            (&KMS, "eu-west-1", DUAL, "kms.eu-west-1.api.aws"),
            (&EVENTS, "cn-north-1", DUAL, "events.cn-north-1.api.amazonwebservices.com.cn"),
            (&S3, "eu-west-1", DUAL, "s3.dualstack.eu-west-1.amazonaws.com"),
            (&S3, "us-east-1", FIPS, "s3-fips.us-east-1.amazonaws.com"),
        ];
        for (service, region, variant, host) in hosts {
            assert_eq!(service_url(service, region, variant), format!("https://{host}"));
        }
    }

    #[test]
    fn organizations_has_one_endpoint_per_partition() {
        for (region, host, signed) in [
            ("eu-central-1", "organizations.us-east-1.amazonaws.com", "us-east-1"),
            ("cn-north-1", "organizations.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"),
            ("us-gov-east-1", "organizations.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ] {
            assert_eq!(service_url(&ORGANIZATIONS, region, STANDARD), format!("https://{host}"));
            assert_eq!(signing_region(&ORGANIZATIONS, region), signed);
        }
    }

    #[test]
    fn iam_has_one_endpoint_per_partition() {
        let hosts = [
            ("eu-central-1", STANDARD, "iam.amazonaws.com", "us-east-1"),
            ("us-east-1", FIPS, "iam-fips.amazonaws.com", "us-east-1"),
            ("us-east-1", DUAL, "iam.global.api.aws", "us-east-1"),
            ("us-gov-east-1", STANDARD, "iam.us-gov.amazonaws.com", "us-gov-west-1"),
            ("cn-northwest-1", STANDARD, "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("eusc-de-east-1", STANDARD, "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
            ("us-iso-west-1", FIPS, "iam-fips.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"),
            ("us-isof-east-1", STANDARD, "iam.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1"),
        ];
        for (region, variant, host, signed) in hosts {
            assert_eq!(service_url(&IAM, region, variant), format!("https://{host}"));
            assert_eq!(signing_region(&IAM, region), signed);
        }
    }
}
