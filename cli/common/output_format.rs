//! The output formats that several commands share.

use clap::ValueEnum;

/// The format of a command's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// Readable text
    Text,
    /// One JSON document
    Json,
}
