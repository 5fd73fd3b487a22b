//! Benchmark of the evaluate function: start and evaluation times, compared with a function that
//! does nothing. Both are processes that poll a stand-in for the Runtime API.
//!
//! Only the ratios are comparable between machines. The benchmark asserts no times.
#![expect(clippy::print_stdout, reason = "a benchmark prints its results")]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a failed measurement ends the benchmark"
)]

#[path = "function/aws.rs"]
mod aws;
#[path = "function/payloads.rs"]
mod payloads;
#[path = "function/process.rs"]
mod process;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;

use process::{HELLO, Process};

/// The number of starts of each function.
const ROUNDS: usize = 15;

/// The number of batches. The first tenth of them is a warm-up, so it is not measured.
const BATCHES: usize = 200;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    if std::env::var_os(HELLO).is_some() {
        return process::hello();
    }
    let folder = tempfile::tempdir()?;
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
    let sets = [
        ("shipped policies", shipped),
        ("100 policies", payloads::policies(&folder.path().join("100"), 100)?),
        ("200 policies", payloads::policies(&folder.path().join("200"), 200)?),
    ];
    starts(&sets.each_ref().map(|(name, path)| (*name, path.as_path())))?;
    let hundred = &sets[1].1;
    for size in [10, 100] {
        warm(hundred, size)?;
    }
    large(hundred)?;
    let size = fs::metadata(env!("CARGO_BIN_EXE_evaluate"))?.len();
    println!("binary: {:.1} MB", float(size) / 1e6);
    Ok(())
}

/// Prints the median times from the start of the process to the first poll, the first answer and
/// the first finding, with the ratios to the function that does nothing.
fn starts(sets: &[(&str, &Path)]) -> Outcome<()> {
    let event = payloads::event(1, false);
    let violation = payloads::event(1, true);
    let mut times: Vec<[Vec<Duration>; 3]> = vec![<[Vec<Duration>; 3]>::default(); sets.len() + 1];
    for _ in 0..ROUNDS {
        for (at, times) in times.iter_mut().enumerate() {
            let policies = at.checked_sub(1).and_then(|at| sets.get(at)).map(|set| set.1);
            let mut process = Process::start(policies)?;
            times[0].push(process.first_poll()?);
            times[1].push(process.first_answer(&event)?);
            let mut process = Process::start(policies)?;
            process.first_poll()?;
            times[2].push(process.first_answer(&violation)?);
        }
    }
    let medians: Vec<[f64; 3]> = times.into_iter().map(|one| one.map(median)).collect();
    let names = std::iter::once("hello world").chain(sets.iter().map(|set| set.0));
    println!("start, ms (ratio to hello world)   first poll    first answer  first finding");
    for (name, row) in names.zip(&medians) {
        let cell = |at: usize| format!("{:6.1} ({:4.2})", row[at], row[at] / medians[0][at]);
        println!("{name:34} {} {} {}", cell(0), cell(1), cell(2));
    }
    Ok(())
}

/// Prints the throughput for SQS batches of `size` events without findings.
fn warm(policies: &Path, size: usize) -> Outcome<()> {
    let payload = payloads::batch(size);
    let (mut evaluate, mut hello) = (Process::start(Some(policies))?, Process::start(None)?);
    let (mut times, mut floor) = (Vec::new(), Vec::new());
    for process in [&mut evaluate, &mut hello] {
        process.first_poll()?;
    }
    for number in 0..BATCHES {
        let (time, least) = (evaluate.invoke(&payload)?, hello.invoke(&payload)?);
        if number >= BATCHES / 10 {
            times.push(time);
            floor.push(least);
        }
    }
    let (time, floor) = (median(times), median(floor));
    let events = float(u64::try_from(size)?);
    println!(
        "batches of {size}: {:.0} events/s, {:.0} µs per event, of which {:.0} µs in the function; {:.2} times hello world",
        events / time * 1e3,
        time / events * 1e3,
        (time - floor) / events * 1e3,
        time / floor,
    );
    Ok(())
}

/// Prints the time and the peak memory for a log object of 50 MB.
fn large(policies: &Path) -> Outcome<()> {
    let object = payloads::object(50 << 20)?;
    let (packed, text, records) = (object.packed.len(), object.text, object.records);
    let mut process = Process::start_with_object(policies, object.packed)?;
    process.first_poll()?;
    let before = process.peak()?;
    let time = process.invoke(&payloads::written())?;
    println!(
        "a log object of {:.0} MB ({records} records, {:.0} MB of text): {:.1} s, peak {:.0} MB ({:.0} MB before)",
        float(u64::try_from(packed)?) / 1e6,
        float(text) / 1e6,
        time.as_secs_f64(),
        float(process.peak()?) / 1e6,
        float(before) / 1e6,
    );
    Ok(())
}

/// Returns the median in milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times.get(times.len() / 2).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

#[expect(clippy::cast_precision_loss, reason = "the results are rounded anyway")]
fn float(count: u64) -> f64 {
    count as f64
}
