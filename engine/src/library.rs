//! CEL functions and macros beyond the standard library, one file per domain.

mod address;
mod arn;
mod function;
mod iam;
mod internet;
mod json;
mod json_conversion;
mod macro_functions;
mod macro_nodes;
mod macros;
mod network;
pub(crate) mod optionals;
mod paths;
pub(crate) mod regex_cache;
mod regex_functions;
mod sets;
#[cfg(test)]
mod testing;
mod time;
mod unknown;
mod values;
mod wildcards;

use std::sync::LazyLock;

use cel::{DeclarationError, Env};
use function::FunctionDoc;

/// A group of functions that are declared and documented together.
struct FunctionDomain {
    docs: &'static [FunctionDoc],
    declare: fn(&mut Env) -> Result<(), DeclarationError>,
}

const DOMAINS: &[FunctionDomain] = &[
    FunctionDomain { docs: macros::DOCS, declare: macros::declare_macros },
    FunctionDomain { docs: wildcards::DOCS, declare: wildcards::declare_glob_functions },
    FunctionDomain { docs: &[], declare: regex_cache::declare_regex_match },
    FunctionDomain {
        docs: regex_functions::DOCS,
        declare: regex_functions::declare_regex_functions,
    },
    FunctionDomain { docs: sets::DOCS, declare: sets::declare_set_functions },
    FunctionDomain { docs: time::DOCS, declare: time::declare_time_functions },
    FunctionDomain { docs: unknown::DOCS, declare: unknown::declare_unknown_functions },
    FunctionDomain { docs: network::DOCS, declare: network::declare_network_functions },
    FunctionDomain { docs: internet::DOCS, declare: internet::declare_internet_functions },
    FunctionDomain { docs: arn::DOCS, declare: arn::declare_arn_functions },
    FunctionDomain { docs: json::DOCS, declare: json::declare_json_functions },
    FunctionDomain { docs: &[], declare: optionals::declare_fallback_conditions },
    FunctionDomain { docs: paths::DOCS, declare: paths::declare_path_functions },
    FunctionDomain { docs: iam::DOCS, declare: iam::declare_iam_functions },
];

/// The documentation of every function and macro, for the reference page and for suggestions.
pub(crate) static DOCS: LazyLock<Vec<FunctionDoc>> =
    LazyLock::new(|| DOMAINS.iter().flat_map(|domain| domain.docs).copied().collect());

/// Returns each function that the library adds to CEL: its signature, and a description of its
/// result.
pub fn library_functions() -> impl Iterator<Item = (&'static str, &'static str)> {
    DOCS.iter().copied()
}

/// Declares all functions and macros of the library in `env`.
pub(crate) fn declare_library(env: &mut Env) -> Result<(), DeclarationError> {
    for domain in DOMAINS {
        (domain.declare)(env)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_documented_once() {
        let mut signatures: Vec<_> = DOCS.iter().map(|(signature, _)| signature).collect();
        signatures.sort_unstable();
        signatures.dedup();
        assert_eq!(signatures.len(), DOCS.len());
        assert!(DOCS.iter().all(|(_, summary)| !summary.is_empty() && !summary.ends_with('.')));
    }
}
