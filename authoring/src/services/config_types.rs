//! The resource types that AWS Config records, from AWS's own service model.

use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The types, one per line. `authoring/tables/generate.py` generates the first table.
static CONFIG_TYPES: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let of_model = include_str!("../../tables/config_types.txt").lines();
    let more = include_str!("../../tables/more_config_types.txt").lines();
    of_model.chain(more.filter(|line| !line.starts_with('#'))).collect()
});

/// Returns whether AWS Config records resources of this CloudFormation type.
///
/// Source: the enum `ResourceType` in the service model of AWS Config, and the pages that
/// `authoring/tables/more_config_types.txt` names.
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
