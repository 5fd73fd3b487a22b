//! What a user would miss if it broke: one binary, real files, the built command.
#![expect(
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod arrows;
mod artefact;
mod authors;
mod bad_input;
mod bundle;
mod conformance;
mod dependencies;
mod docs;
mod doctor;
mod doors;
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
mod new;
mod ocsf;
mod odd_records;
mod order;
mod paths;
mod pipes;
mod recipe;
mod remedy;
mod reports;
mod schema;
mod secrets;
mod shipped;
mod sums;
mod support;
mod template;
mod traps;
mod unknown;
mod usage;
mod waivers;
mod walk;
