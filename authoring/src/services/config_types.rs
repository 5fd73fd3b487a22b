//! The resource types that AWS Config records, from AWS's own service model.

use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The types, one per line. `authoring/tables/generate.py` generates the table.
static CONFIG_TYPES: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| include_str!("../../tables/config_types.txt").lines().collect());

/// Returns whether AWS Config records resources of this CloudFormation type.
///
/// Source: the enum `ResourceType` in the service model of AWS Config.
pub fn records_type(kind: &str) -> bool {
    CONFIG_TYPES.contains(kind)
}

#[cfg(test)]
mod tests {
    use super::records_type;

    #[test]
    fn config_records_buckets_and_no_accounts() {
        assert!(records_type("AWS::S3::Bucket"));
        assert!(!records_type("AWS::::Account"));
    }
}
