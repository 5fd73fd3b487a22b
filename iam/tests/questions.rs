//! Tables of policy documents with the answers that follow from AWS's documentation.
#![expect(
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot continue must fail, and a table owns its documents"
)]

#[path = "questions/administrator.rs"]
mod administrator;
#[path = "questions/always.rs"]
mod always;
#[path = "questions/bounds.rs"]
mod bounds;
#[path = "questions/endpoints.rs"]
mod endpoints;
#[path = "questions/forms.rs"]
mod forms;
#[path = "questions/grants.rs"]
mod grants;
#[path = "questions/guards.rs"]
mod guards;
#[path = "questions/new_access.rs"]
mod new_access;
#[path = "questions/outsiders.rs"]
mod outsiders;
#[path = "questions/pins.rs"]
mod pins;
#[path = "questions/public.rs"]
mod public;
#[path = "questions/services.rs"]
mod services;
#[path = "questions/sources.rs"]
mod sources;
#[path = "questions/support.rs"]
mod support;
#[path = "questions/transport.rs"]
mod transport;
#[path = "questions/trust.rs"]
mod trust;
#[path = "questions/variables.rs"]
mod variables;
