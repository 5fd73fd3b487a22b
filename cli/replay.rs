//! `evenkeel replay`: evaluates recorded events offline.

mod arguments;
mod finding_text;
mod progress;
mod summary;
mod totals;
mod worker;
mod writer;

pub(crate) use arguments::ReplayArguments;

use crate::common::diagnostics::print_diagnostics;
use crate::common::exit::{CommandError, ExitStatus};
use crate::common::library::PolicyLibrary;
use crate::common::terminal::{print_stderr, print_stdout};
use arguments::FindingFormat;
use evenkeel_ingest::{ReadProgress, discover_files};
use evenkeel_rules::WaiverSet;
use evenkeel_rules::policy::PolicySet;
use std::ops::ControlFlow;
use totals::ReplayTotals;
use worker::{ReplayBatch, ReplayWorker};
use writer::FindingWriter;

pub(crate) fn run(command: &ReplayArguments) -> Result<ExitStatus, CommandError> {
    let filter = command.build_filter()?;
    let library = PolicyLibrary::read_files(&command.policies)?;
    let set = command.select_policies(library.load_policies()?)?;
    let waivers = read_waivers(command, &set)?;
    let found = discover_files(&command.inputs);
    let mut totals = ReplayTotals::new(found.ignored.count);
    for problem in &found.problems {
        totals.add_issue(problem.into());
    }
    let mut writer = FindingWriter::from_arguments(command, &library)?;
    let progress = ReadProgress::default();
    let bar = progress::ReadProgressBar::new(&found.files);
    let threads = command.thread_count();
    let result = bar.run_with_progress(&progress, || {
        evenkeel_ingest::run(
            &found.files,
            threads,
            || ReplayWorker::new(&set, &waivers, &filter, &progress, command.format),
            ReplayWorker::read_file,
            |index, batch: ReplayBatch| {
                let file = found.files.get(index).map_or("", |file| file.name.as_str());
                consume_batch(file, batch, &mut totals, &mut writer, &bar)
            },
        )
    });
    let panicked = result.map_err(|error| CommandError::Usage(error.to_string()))?;
    for problem in &panicked {
        totals.add_issue(problem.into());
    }
    if writer.is_reader_gone() {
        return Ok(ExitStatus::Success);
    }
    if panicked.is_empty() {
        totals.reconcile_counts();
    }
    writer.finish_output(&totals, &set)?;
    let text = summary::render_summary(&totals, &set, command.fail_on);
    if command.format == FindingFormat::Text {
        print_stdout(&text)?;
    } else {
        print_stderr(&text);
    }
    Ok(totals.exit_status(command.fail_on))
}

/// Counts and writes the results of one batch. Batches arrive in the order of the files.
fn consume_batch(
    file: &str,
    batch: ReplayBatch,
    totals: &mut ReplayTotals,
    writer: &mut FindingWriter,
    bar: &progress::ReadProgressBar,
) -> ControlFlow<()> {
    for event in totals.add_batch(file, batch) {
        for finding in event.evaluations.into_iter().filter_map(|one| one.finding) {
            bar.count_finding();
            if !bar.run_suspended(|| writer.write_finding(&finding)) {
                return ControlFlow::Break(());
            }
        }
    }
    ControlFlow::Continue(())
}

/// Reads the files of waivers, and prints their problems.
fn read_waivers(command: &ReplayArguments, set: &PolicySet) -> Result<WaiverSet, CommandError> {
    let mut waivers = WaiverSet::default();
    for path in &command.waivers {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(CommandError::io_error(format!("cannot read {name}")))?;
        match WaiverSet::load_checked(&name, &text, set) {
            Ok(more) => waivers.add_waivers(more),
            Err(problems) => {
                print_diagnostics(&problems, &[(name, text)].into());
                return Err(CommandError::Invalid("the waivers are invalid".to_owned()));
            }
        }
    }
    Ok(waivers)
}
