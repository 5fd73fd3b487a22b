//! Code that several commands share.

pub(crate) mod command;
pub(crate) mod confirmation;
pub(crate) mod diagnostics;
pub(crate) mod exit;
pub(crate) mod ledger;
pub(crate) mod library;
pub(crate) mod output_format;
pub(crate) mod runtime;
pub(crate) mod terminal;
