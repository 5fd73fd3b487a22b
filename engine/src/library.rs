//! What policies can call beyond the CEL standard library, one file a domain.

mod address;
mod arn;
mod captures;
mod convert;
mod entries;
mod function;
mod iam;
mod internet;
mod json;
mod macros;
mod network;
mod nodes;
mod paths;
pub(crate) mod regexes;
mod sets;
#[cfg(test)]
mod testing;
mod text;
mod time;
mod values;

pub use iam::{PolicyDocumentError, refuses_plain_http};

use std::sync::LazyLock;

use cel::{DeclarationError, Env};
use function::Doc;

/// A group of functions, declared and documented together.
struct Domain {
    docs: &'static [Doc],
    add: fn(&mut Env) -> Result<(), DeclarationError>,
}

const DOMAINS: &[Domain] = &[
    Domain { docs: macros::DOCS, add: macros::add },
    Domain { docs: text::DOCS, add: text::add },
    Domain { docs: &[], add: regexes::add },
    Domain { docs: captures::DOCS, add: captures::add },
    Domain { docs: sets::DOCS, add: sets::add },
    Domain { docs: time::DOCS, add: time::add },
    Domain { docs: network::DOCS, add: network::add },
    Domain { docs: internet::DOCS, add: internet::add },
    Domain { docs: arn::DOCS, add: arn::add },
    Domain { docs: json::DOCS, add: json::add },
    Domain { docs: paths::DOCS, add: paths::add },
    Domain { docs: iam::DOCS, add: iam::add },
];

/// Every function and macro, for the reference page and for suggestions.
pub(crate) static DOCS: LazyLock<Vec<Doc>> =
    LazyLock::new(|| DOMAINS.iter().flat_map(|domain| domain.docs).copied().collect());

/// What the library adds to CEL: each function as it is called, and what it gives.
pub fn library_functions() -> impl Iterator<Item = (&'static str, &'static str)> {
    DOCS.iter().copied()
}

/// Declares the whole library on `env`.
pub(crate) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    for domain in DOMAINS {
        (domain.add)(env)?;
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
