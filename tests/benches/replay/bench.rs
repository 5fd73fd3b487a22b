//! The measurement of one row of the table: a trail, a set of policies and a number of threads.

use super::corpus::Corpus;
use super::measure::{median, time, watch};
use super::options::Options;
use super::policies::Set;
use std::error::Error;
use std::path::Path;
use std::process::Command;

/// The headings of the columns.
pub(crate) const HEAD: [&str; 13] = [
    "policies",
    "threads",
    "candidates",
    "evaluations",
    "findings",
    "floor ms",
    "replay ms",
    "ratio",
    "start ms",
    "ratio-start",
    "MB/s",
    "events/s",
    "peak MB",
];

/// The parameters of a row.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) name: &'a str,
    pub(crate) corpus: &'a Corpus,
    /// A trail with one small file, to measure the start time.
    pub(crate) little: &'a Path,
    pub(crate) set: &'a Set,
    pub(crate) threads: usize,
}

/// The measurements of a row, in seconds and bytes.
#[derive(Default)]
pub(crate) struct Times {
    floor: Vec<f64>,
    replay: Vec<f64>,
    start: Vec<f64>,
    ratio: Vec<f64>,
    net_ratio: Vec<f64>,
    findings: u64,
    memory: Option<u64>,
}

impl Row<'_> {
    fn replay(&self, folder: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_evenkeel"));
        command.arg("replay").arg(folder).arg("--policies").arg(&self.set.folder);
        command.args(["--format", "jsonl", "--threads", &self.threads.to_string()]);
        command
    }

    fn floor(&self) -> Result<Command, Box<dyn Error>> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--floor").arg(&self.corpus.folder);
        command.args(["--threads", &self.threads.to_string()]);
        Ok(command)
    }

    /// Measures the memory and the number of findings of the replay. This run also loads the files
    /// into the file cache.
    pub(crate) fn watch(&self, output: &Path, times: &mut Times) -> Result<(), Box<dyn Error>> {
        let watched = watch(&mut self.replay(&self.corpus.folder), output)?;
        (times.findings, times.memory) = (watched.lines, watched.memory);
        Ok(())
    }

    /// Measures one round: the floor, the replay and the start, in sequence.
    pub(crate) fn round(&self, times: &mut Times) -> Result<(), Box<dyn Error>> {
        let floor = time(&mut self.floor()?)?.as_secs_f64();
        let replay = time(&mut self.replay(&self.corpus.folder))?.as_secs_f64();
        let start = time(&mut self.replay(self.little))?.as_secs_f64();
        times.floor.push(floor);
        times.replay.push(replay);
        times.start.push(start);
        times.ratio.push(replay / floor);
        times.net_ratio.push((replay - start) / floor);
        Ok(())
    }

    /// Returns the cells of the row.
    pub(crate) fn cells(&self, times: Times) -> Vec<String> {
        let census = &self.corpus.census;
        let interest = self.set.interest(census);
        let replay = median(times.replay);
        let milliseconds = |seconds: f64| format!("{:.0}", seconds * 1000.0);
        let rate = |count: u64, unit: f64| format!("{:.0}", float(count) / replay / unit);
        let memory = times.memory.map(|bytes| format!("{:.0}", float(bytes) / 1e6));
        vec![
            self.name.to_owned(),
            self.threads.to_string(),
            format!("{:.1} %", interest.candidates / 10.0),
            format!("{:.1} %", interest.evaluations / 10.0),
            times.findings.to_string(),
            milliseconds(median(times.floor)),
            milliseconds(replay),
            format!("{:.2}", median(times.ratio)),
            milliseconds(median(times.start)),
            format!("{:.2}", median(times.net_ratio)),
            rate(census.unpacked, 1e6),
            rate(census.records, 1.0),
            memory.unwrap_or_else(|| "?".to_owned()),
        ]
    }
}

/// Describes a trail in one line.
pub(crate) fn about(name: &str, corpus: &Corpus, options: &Options) -> String {
    let census = &corpus.census;
    let records = census.records.max(1);
    format!(
        "{name}: {} records in {} files, {:.1} MB uncompressed, {:.1} MB compressed ({:.1} times), {:.0} bytes per record, seed {}",
        census.records,
        census.files,
        float(census.unpacked) / 1e6,
        float(census.packed) / 1e6,
        float(census.unpacked) / float(census.packed.max(1)),
        float(census.unpacked) / float(records),
        options.seed,
    )
}

#[expect(clippy::cast_precision_loss, reason = "the results are rounded anyway")]
fn float(count: u64) -> f64 {
    count as f64
}
