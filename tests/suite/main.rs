//! What a user would miss if it broke: one binary, real files, the built command.

mod conformance;
mod docs;
mod golden;
