//! The command-line options of the benchmark.

use std::error::Error;
use std::num::ParseIntError;
use std::path::PathBuf;

/// The parsed options.
pub(crate) struct Options {
    /// The uncompressed size of the trail, in bytes.
    pub(crate) size: u64,
    pub(crate) seed: u64,
    pub(crate) rounds: usize,
    /// A new folder in which the trail and the policies are kept. Without this option, the
    /// benchmark removes the trail and the policies at the end.
    pub(crate) keep: Option<PathBuf>,
    /// Measure only rows whose name contains this text.
    pub(crate) only: Option<String>,
    /// The numbers of threads. The default is 1 and the number of processors.
    pub(crate) threads: Vec<usize>,
    /// Only decompress this trail; the benchmark starts itself with this option.
    pub(crate) floor: Option<PathBuf>,
}

pub(crate) const USAGE: &str = "\
cargo bench --bench replay -- [options]
  --size SIZE    uncompressed size of the trail [default: 200MB]
  --seed N       seed of the trail [default: 1]
  --rounds N     number of measurements, of which the median is shown [default: 3]
  --threads N    number of threads; can be repeated [default: 1 and all processors]
  --only TEXT    measure only rows whose name contains TEXT
  --keep DIR     keep the trail and the policies in the new folder DIR";

impl Options {
    pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Result<Options, Box<dyn Error>> {
        let mut options = Options {
            size: 200_000_000,
            seed: 1,
            rounds: 3,
            keep: None,
            only: None,
            threads: Vec::new(),
            floor: None,
        };
        // Cargo itself adds `--bench`.
        let mut arguments = arguments.filter(|argument| argument != "--bench");
        while let Some(name) = arguments.next() {
            let value =
                arguments.next().ok_or_else(|| format!("`{name}` needs a value\n{USAGE}"))?;
            match name.as_str() {
                "--size" => options.size = size(&value)?,
                "--seed" => options.seed = value.parse()?,
                "--rounds" => options.rounds = value.parse::<usize>()?.max(1),
                "--threads" => options.threads.push(value.parse::<usize>()?.max(1)),
                "--only" => options.only = Some(value),
                "--keep" => options.keep = Some(PathBuf::from(value)),
                "--floor" => options.floor = Some(PathBuf::from(value)),
                _ => return Err(format!("`{name}` is not an option\n{USAGE}").into()),
            }
        }
        if options.threads.is_empty() {
            let all = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
            options.threads = vec![1, all];
            options.threads.dedup();
        }
        Ok(options)
    }
}

/// Parses a number of bytes, such as `5MB`.
fn size(text: &str) -> Result<u64, ParseIntError> {
    let units = [("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000)];
    for (unit, factor) in units {
        if let Some(number) = text.strip_suffix(unit) {
            return Ok(number.trim().parse::<u64>()?.saturating_mul(factor));
        }
    }
    text.parse()
}
