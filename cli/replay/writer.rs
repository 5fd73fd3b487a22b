//! Writes findings to standard output, and to a folder in the layout of the ledger.

use super::arguments::{FindingFormat, ReplayArguments};
use super::totals::ReplayTotals;
use super::worker::RenderedFinding;
use crate::common::exit::CommandError;
use crate::common::library::PolicyLibrary;
use crate::common::terminal::print_stdout;
use evenkeel_ledger::Ledger;
use evenkeel_rules::ocsf;
use evenkeel_rules::policy::PolicySet;
use std::io::{BufWriter, Write};
use uuid::Uuid;

/// A writer that writes findings in the order in which it receives them.
pub(super) struct FindingWriter {
    format: FindingFormat,
    lines: BufWriter<std::io::Stdout>,
    evidence: Option<EvidenceFolder>,
    failure: Option<CommandError>,
}

/// A ledger in a folder, and the prefix of this run in it.
struct EvidenceFolder {
    ledger: Ledger,
    prefix: String,
    runtime: tokio::runtime::Runtime,
}

impl FindingWriter {
    /// Creates the writer that the arguments describe.
    ///
    /// # Errors
    /// [`CommandError`] if the ledger's folder cannot be opened.
    pub(super) fn from_arguments(
        command: &ReplayArguments,
        library: &PolicyLibrary,
    ) -> Result<FindingWriter, CommandError> {
        let evidence = command
            .out
            .as_ref()
            .map(|folder| EvidenceFolder::open_folder(folder, command, library));
        Ok(FindingWriter {
            format: command.format,
            lines: BufWriter::new(std::io::stdout()),
            evidence: evidence.transpose()?,
            failure: None,
        })
    }

    /// Writes one finding. Returns whether the replay can continue.
    pub(super) fn write_finding(&mut self, rendered: &RenderedFinding) -> bool {
        let printed = match self.format {
            FindingFormat::Text => print_stdout(&rendered.line),
            FindingFormat::Jsonl | FindingFormat::Ocsf => {
                let line = self.lines.write_all(rendered.line.as_bytes());
                line.and_then(|()| self.lines.write_all(b"\n"))
                    .map_err(CommandError::io_error("cannot write to standard output"))
            }
        };
        let kept = match &self.evidence {
            Some(evidence) => evidence.write_finding(rendered),
            None => Ok(()),
        };
        match printed.and(kept) {
            Ok(()) => true,
            Err(error) => {
                self.failure = Some(error);
                false
            }
        }
    }

    /// Returns whether the reader of standard output has closed it, as with `| head`.
    pub(super) fn is_reader_gone(&self) -> bool {
        matches!(
            &self.failure,
            Some(CommandError::Io { error, .. }) if error.kind() == std::io::ErrorKind::BrokenPipe
        )
    }

    /// Flushes the output, and writes the totals next to the findings.
    ///
    /// # Errors
    /// [`CommandError::Io`] if this write or an earlier one failed.
    pub(super) fn finish_output(
        mut self,
        totals: &ReplayTotals,
        set: &PolicySet,
    ) -> Result<(), CommandError> {
        let flushed = crate::common::terminal::ignore_broken_pipe(self.lines.flush());
        if let Some(error) = self.failure {
            return Err(error);
        }
        flushed.map_err(CommandError::io_error("cannot write to standard output"))?;
        match &self.evidence {
            Some(evidence) => evidence.write_summary(totals, set),
            None => Ok(()),
        }
    }
}

impl EvidenceFolder {
    fn open_folder(
        folder: &std::path::Path,
        command: &ReplayArguments,
        library: &PolicyLibrary,
    ) -> Result<EvidenceFolder, CommandError> {
        let ledger =
            Ledger::open_folder(folder).map_err(|error| CommandError::Usage(error.to_string()))?;
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(CommandError::io_error("cannot start the runtime"))?;
        Ok(EvidenceFolder { ledger, prefix: format!("runs/{}", run_id(command, library)), runtime })
    }

    fn write_finding(&self, rendered: &RenderedFinding) -> Result<(), CommandError> {
        let record = ocsf::serialize_finding(&rendered.finding);
        self.write_record(&ocsf::finding_key(&rendered.finding), record.as_bytes())
    }

    fn write_summary(&self, totals: &ReplayTotals, set: &PolicySet) -> Result<(), CommandError> {
        let ids: Vec<&str> = set.policies().iter().map(|policy| policy.id.as_str()).collect();
        let summary =
            serde_json::json!({"policies": ids, "sums": totals, "records": totals.record_count()});
        self.write_record("summary.json", format!("{summary:#}\n").as_bytes())
    }

    fn write_record(&self, key: &str, record: &[u8]) -> Result<(), CommandError> {
        let key = format!("{}/{key}", self.prefix);
        let written = self.runtime.block_on(self.ledger.write_record(&key, record));
        written.map(drop).map_err(|error| CommandError::Io {
            what: "cannot write to the ledger".to_owned(),
            error: std::io::Error::other(error.to_string()),
        })
    }
}

/// Returns the id of a run. Equal policies and equal arguments give the same id, so that a repeated
/// run writes the same records.
fn run_id(command: &ReplayArguments, library: &PolicyLibrary) -> Uuid {
    let mut name = String::new();
    for file in library.policies.iter().chain(&library.functions).chain(&library.settings) {
        name += &format!("{}\n{}\n", file.name, file.text);
    }
    name += &command.describe_selection();
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}
