//! Where findings go: standard output, and the ledger's folder.

use super::arguments::{Format, Replay};
use super::sums::Sums;
use super::work::Rendered;
use crate::common::exit::Stopped;
use crate::common::library::Library;
use crate::common::terminal::print;
use evenkeel_ledger::Ledger;
use evenkeel_rules::ocsf;
use evenkeel_rules::policy::PolicySet;
use std::io::{BufWriter, Write};
use uuid::Uuid;

/// Writes findings in the order they come.
pub(super) struct Writer {
    format: Format,
    lines: BufWriter<std::io::Stdout>,
    evidence: Option<Evidence>,
    failed: Option<Stopped>,
}

/// The ledger's folder, and the run's prefix in it.
struct Evidence {
    ledger: Ledger,
    prefix: String,
    runtime: tokio::runtime::Runtime,
}

impl Writer {
    pub(super) fn open(command: &Replay, library: &Library) -> Result<Writer, Stopped> {
        let evidence = command.out.as_ref().map(|folder| Evidence::open(folder, command, library));
        Ok(Writer {
            format: command.format,
            lines: BufWriter::new(std::io::stdout()),
            evidence: evidence.transpose()?,
            failed: None,
        })
    }

    /// Writes one finding; says whether to go on.
    pub(super) fn finding(&mut self, rendered: &Rendered) -> bool {
        let printed = match self.format {
            Format::Text => print(&rendered.line),
            Format::Jsonl | Format::Ocsf => {
                let line = self.lines.write_all(rendered.line.as_bytes());
                line.and_then(|()| self.lines.write_all(b"\n"))
                    .map_err(Stopped::io("cannot write to standard output"))
            }
        };
        let kept = match &self.evidence {
            Some(evidence) => evidence.finding(rendered),
            None => Ok(()),
        };
        match printed.and(kept) {
            Ok(()) => true,
            Err(error) => {
                self.failed = Some(error);
                false
            }
        }
    }

    /// Whether nobody reads standard output any more, as after `| head`.
    pub(super) fn reader_left(&self) -> bool {
        matches!(
            &self.failed,
            Some(Stopped::Io { error, .. }) if error.kind() == std::io::ErrorKind::BrokenPipe
        )
    }

    /// Ends the writing, and keeps the sums beside the findings.
    pub(super) fn finish(mut self, sums: &Sums, set: &PolicySet) -> Result<(), Stopped> {
        let flushed = crate::common::terminal::ignore_closed(self.lines.flush());
        if let Some(error) = self.failed {
            return Err(error);
        }
        flushed.map_err(Stopped::io("cannot write to standard output"))?;
        match &self.evidence {
            Some(evidence) => evidence.summary(sums, set),
            None => Ok(()),
        }
    }
}

impl Evidence {
    fn open(
        folder: &std::path::Path,
        command: &Replay,
        library: &Library,
    ) -> Result<Evidence, Stopped> {
        let ledger = Ledger::folder(folder).map_err(|error| Stopped::Usage(error.to_string()))?;
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(Stopped::io("cannot start the runtime"))?;
        Ok(Evidence { ledger, prefix: format!("runs/{}", run_id(command, library)), runtime })
    }

    fn finding(&self, rendered: &Rendered) -> Result<(), Stopped> {
        let record = ocsf::record(&rendered.finding);
        self.write(&ocsf::key(&rendered.finding), record.as_bytes())
    }

    fn summary(&self, sums: &Sums, set: &PolicySet) -> Result<(), Stopped> {
        let ids: Vec<&str> = set.policies().iter().map(|policy| policy.id.as_str()).collect();
        let sums = serde_json::json!({"policies": ids, "sums": sums, "records": sums.records()});
        self.write("summary.json", format!("{sums:#}\n").as_bytes())
    }

    fn write(&self, key: &str, record: &[u8]) -> Result<(), Stopped> {
        let key = format!("{}/{key}", self.prefix);
        let written = self.runtime.block_on(self.ledger.write(&key, record));
        written.map(drop).map_err(|error| Stopped::Io {
            what: "cannot write to the ledger".to_owned(),
            error: std::io::Error::other(error.to_string()),
        })
    }
}

/// The same for the same policies and inputs, so that a second run finds its own records.
fn run_id(command: &Replay, library: &Library) -> Uuid {
    let mut name = String::new();
    for file in library.policies.iter().chain(&library.functions).chain(&library.settings) {
        name += &format!("{}\n{}\n", file.name, file.text);
    }
    name += &command.what_is_judged();
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}
