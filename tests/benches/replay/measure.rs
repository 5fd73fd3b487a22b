//! Measures the time, the memory and the output of processes.

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The interval at which the memory of a process is read.
const EVERY: Duration = Duration::from_millis(1);

/// Runs a process and returns its duration.
pub(crate) fn time(command: &mut Command) -> Result<Duration, Box<dyn Error>> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status()?;
    let taken = start.elapsed();
    if status.success() { Ok(taken) } else { Err(format!("{command:?}: {status}").into()) }
}

/// The memory and the output lines of a process. The measurement of the memory slows the process
/// down, so the duration comes from a separate run.
pub(crate) struct Watched {
    /// The peak memory in bytes, if the system reports it.
    pub(crate) memory: Option<u64>,
    pub(crate) lines: u64,
}

/// Runs a process with its standard output in the file `output`, and measures its memory.
pub(crate) fn watch(command: &mut Command, output: &Path) -> Result<Watched, Box<dyn Error>> {
    let errors = output.with_extension("errors");
    command.stdin(Stdio::null()).stdout(File::create(output)?).stderr(File::create(&errors)?);
    let mut child = command.spawn()?;
    let mut memory = None;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        memory = memory.max(peak(child.id()));
        thread::sleep(EVERY);
    };
    if !status.success() {
        let said = fs::read_to_string(&errors)?;
        return Err(format!("{command:?}: {status}\n{said}").into());
    }
    let lines = BufReader::new(File::open(output)?).split(b'\n').count();
    Ok(Watched { memory, lines: u64::try_from(lines)? })
}

/// Returns the peak memory of a running process in bytes, if the system reports it.
fn peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}

/// Returns the median, or NaN for an empty list.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
