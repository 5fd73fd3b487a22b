//! The defaults of parameters, as AWS documents them for calls that create a resource.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The defaults by source, operation and parameter. `authoring/tables/generate_defaults.py` generates
/// the table.
static DEFAULTS: LazyLock<BTreeMap<[&str; 3], &str>> = LazyLock::new(|| {
    let lines = include_str!("../../tables/defaults.txt").lines();
    let entries = lines.filter_map(|line| {
        let mut words = line.split(' ');
        Some(([words.next()?, words.next()?, words.next()?], words.next()?))
    });
    entries.collect()
});

/// Returns the default of a parameter of a call that creates a resource, if AWS documents it without a
/// condition. The parameter can be at any depth of the request.
pub(crate) fn find_default(source: &str, operation: &str, parameter: &str) -> Option<&'static str> {
    let source = source.strip_suffix(".amazonaws.com").unwrap_or(source);
    DEFAULTS.get(&[source, operation, parameter.to_lowercase().as_str()]).copied()
}
