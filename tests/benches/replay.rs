//! Benchmark of `evenkeel replay`, compared with a process that only reads and decompresses the
//! files.
//!
//! Only the ratios are comparable between machines. The benchmark asserts no times.
#![expect(clippy::print_stdout, reason = "a benchmark prints its results")]

#[path = "replay/actors.rs"]
mod actors;
#[path = "replay/bench.rs"]
mod bench;
#[path = "replay/calls.rs"]
mod calls;
#[path = "replay/changes.rs"]
mod changes;
#[path = "replay/clock.rs"]
mod clock;
#[path = "replay/corpus.rs"]
mod corpus;
#[path = "replay/floor.rs"]
mod floor;
#[path = "replay/measure.rs"]
mod measure;
#[path = "replay/options.rs"]
mod options;
#[path = "replay/policies.rs"]
mod policies;
#[path = "replay/random.rs"]
mod random;
#[path = "replay/reads.rs"]
mod reads;
#[path = "replay/record.rs"]
mod record;
#[path = "replay/table.rs"]
mod table;
#[path = "replay/template.rs"]
mod template;

use bench::{HEAD, Row, Times, about};
use corpus::{Corpus, Plan};
use options::Options;
use policies::Set;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::read(std::env::args().skip(1))?;
    if let Some(folder) = &options.floor {
        let threads = options.threads.first().copied().unwrap_or(1);
        println!("{}", floor::run(folder, threads)?);
        return Ok(());
    }
    let place = Place::new(options.keep.as_deref())?;
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let sets = policies::write(&place.folder.join("policies"), &shipped)?;
    let trails = Trails::write(&place.folder, &options)?;
    println!("{}", about("trail", &trails.usual, &options));
    println!("{}\n", about("tiny files", &trails.tiny, &options));
    let rows = rows(&sets, &trails, &options);
    let output = place.folder.join("findings.jsonl");
    println!("{}", measured(&rows, &output, options.rounds)?);
    println!("{LEGEND}");
    Ok(())
}

const LEGEND: &str = "\
candidates   records with an event name that a policy watches
evaluations  evaluations of a policy, relative to the number of records
floor        a process that only reads and decompresses the files with libdeflater
start        a replay of one small file: mostly loading and compiling the policies
ratio-start  (replay - start) / floor
All values are medians. Each ratio is the median of the ratios of the rounds.";

/// The folder of the benchmark's files, which is removed at the end unless `keep` is true.
struct Place {
    folder: PathBuf,
    keep: bool,
}

impl Place {
    fn new(keep: Option<&Path>) -> Result<Place, Box<dyn Error>> {
        let unique = format!("evenkeel-bench-{}", std::process::id());
        let folder = keep.map_or_else(|| std::env::temp_dir().join(unique), Path::to_owned);
        // Create a new folder only, so that no existing file is overwritten or removed.
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Place { folder, keep: keep.is_some() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.keep
            && let Err(error) = fs::remove_dir_all(&self.folder)
        {
            println!("cannot remove {}: {error}", self.folder.display());
        }
    }
}

/// The trails of the benchmark: usual file sizes, tiny files, and one small file.
struct Trails {
    usual: Corpus,
    tiny: Corpus,
    little: PathBuf,
}

impl Trails {
    fn write(folder: &Path, options: &Options) -> Result<Trails, Box<dyn Error>> {
        let (size, seed) = (options.size, options.seed);
        let usual = Plan { size, seed, smallest_file: 30_000, doublings: 5 };
        let tiny = Plan { size, seed, smallest_file: 5_000, doublings: 2 };
        let little = Plan { size: 1, seed, smallest_file: 1, doublings: 0 };
        Ok(Trails {
            usual: corpus::write(&folder.join("trail"), usual)?,
            tiny: corpus::write(&folder.join("tiny"), tiny)?,
            little: corpus::write(&folder.join("little"), little)?.folder,
        })
    }
}

fn rows<'a>(sets: &'a [Set], trails: &'a Trails, options: &Options) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    let little = trails.little.as_path();
    for threads in options.threads.iter().copied() {
        for set in sets {
            rows.push(Row { name: &set.name, corpus: &trails.usual, little, set, threads });
        }
        if let Some(set) = sets.iter().find(|set| set.name == "shipped") {
            let name = "shipped, tiny files";
            rows.push(Row { name, corpus: &trails.tiny, little, set, threads });
        }
    }
    rows.retain(|row| options.only.as_deref().is_none_or(|only| row.name.contains(only)));
    rows
}

/// Measures all rows once in each round. Returns the table of results.
fn measured(rows: &[Row<'_>], output: &Path, rounds: usize) -> Result<String, Box<dyn Error>> {
    let mut measured: Vec<(Row<'_>, Times)> =
        rows.iter().map(|row| (*row, Times::default())).collect();
    for (row, times) in &mut measured {
        row.watch(output, times)?;
    }
    for _ in 0..rounds {
        for (row, times) in &mut measured {
            row.round(times)?;
        }
    }
    let head = HEAD.iter().map(|name| (*name).to_owned()).collect();
    let cells = measured.into_iter().map(|(row, times)| row.cells(times));
    Ok(table::text(&std::iter::once(head).chain(cells).collect::<Vec<_>>()))
}
