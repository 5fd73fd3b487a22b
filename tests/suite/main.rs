//! Tests of the built `evenkeel` command with real files: the behavior that users rely on.
#![expect(
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot continue must fail"
)]

mod artifact;
mod attached;
mod authors;
mod bad_input;
mod bundle;
mod conformance;
mod dependencies;
mod docs;
mod doctor;
mod explain;
mod fmt;
mod frameworks;
mod golden;
mod guides;
mod hostile;
mod import;
mod library_docs;
mod limits;
mod lint;
mod lsp;
mod mutate;
mod mutations;
mod names;
mod new;
mod ocsf;
mod odd_records;
mod order;
mod paths;
mod pipes;
mod readme;
mod recipe;
mod remedy;
mod reports;
mod resource_names;
mod schema;
mod secrets;
mod shipped;
mod sources;
mod structure;
mod sums;
mod support;
mod template;
mod traps;
mod unknown;
mod usage;
mod waivers;
mod walk;
mod words;
mod workflows;
