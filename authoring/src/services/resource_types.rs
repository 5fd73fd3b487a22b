//! The types of resources that exist: those of AWS CloudFormation, of AWS Config and a few others.

use super::config_types::records_type;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The types of CloudFormation, and the resources without a type in CloudFormation or AWS Config.
static TYPES: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    let cloudformation = include_str!("../../tables/cloudformation_types.txt").lines();
    let others = include_str!("../../tables/other_types.txt").lines();
    cloudformation.chain(others.filter(|line| !line.starts_with('#'))).collect()
});

/// Returns whether a type of resources exists.
pub(crate) fn is_known_type(name: &str) -> bool {
    TYPES.contains(name) || records_type(name)
}

/// Returns all types, without those that only AWS Config has.
pub(crate) fn list_types() -> impl Iterator<Item = &'static str> {
    TYPES.iter().copied()
}

/// Returns the types of the same service, for suggestions.
pub(crate) fn similar_types(name: &str) -> impl Iterator<Item = &'static str> {
    let service = name.rsplit_once("::").map_or(name, |(service, _)| service).to_owned();
    let name = name.to_owned();
    list_types().filter(move |known| known.starts_with(&service) && *known != name)
}
