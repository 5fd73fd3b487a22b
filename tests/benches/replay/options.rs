//! What the benchmark can be told.

use std::error::Error;
use std::num::ParseIntError;
use std::path::PathBuf;

/// What the benchmark is told.
pub(crate) struct Options {
    /// The size of the trail, unpacked, in bytes.
    pub(crate) size: u64,
    pub(crate) seed: u64,
    pub(crate) rounds: usize,
    /// Where to leave the trail and the policies; otherwise they are removed.
    pub(crate) keep: Option<PathBuf>,
    /// Only rows whose name has this in it.
    pub(crate) only: Option<String>,
    /// The numbers of threads, where not 1 and all.
    pub(crate) threads: Vec<usize>,
    /// Unpack this trail, and do nothing else.
    pub(crate) floor: Option<PathBuf>,
}

pub(crate) const USAGE: &str = "\
cargo bench --bench replay -- [options]
  --size SIZE    of the trail, unpacked: 200MB
  --seed N       of the trail: 1
  --rounds N     the median of so many is shown: 3
  --threads N    this number of threads; 1 and all unless given; may be repeated
  --only TEXT    rows whose name contains it
  --keep DIR     leave the trail and the policies in a new folder";

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
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value\n{USAGE}"))?;
            match name.as_str() {
                "--size" => options.size = size(&value)?,
                "--seed" => options.seed = value.parse()?,
                "--rounds" => options.rounds = value.parse::<usize>()?.max(1),
                "--threads" => options.threads.push(value.parse::<usize>()?.max(1)),
                "--only" => options.only = Some(value),
                "--keep" => options.keep = Some(PathBuf::from(value)),
                "--floor" => options.floor = Some(PathBuf::from(value)),
                _ => return Err(format!("{name} is no option\n{USAGE}").into()),
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

/// A number of bytes, such as `5MB`.
fn size(text: &str) -> Result<u64, ParseIntError> {
    let units = [("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000)];
    for (unit, factor) in units {
        if let Some(number) = text.strip_suffix(unit) {
            return Ok(number.trim().parse::<u64>()?.saturating_mul(factor));
        }
    }
    text.parse()
}
