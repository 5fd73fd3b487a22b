//! `evenkeel replay`: judges recorded events, offline.

mod arguments;
mod finding;
mod progress;
mod summary;
mod sums;
mod work;
mod write;

pub(crate) use arguments::Replay;

use crate::common::diagnostics::show;
use crate::common::exit::{Exit, Stopped};
use crate::common::library::Library;
use crate::common::terminal::{note, print};
use arguments::Format;
use evenkeel_ingest::{Progress, discover};
use evenkeel_rules::Waivers;
use evenkeel_rules::policy::PolicySet;
use std::ops::ControlFlow;
use sums::Sums;
use work::{Batch, Worker};
use write::Writer;

pub(crate) fn run(command: &Replay) -> Result<Exit, Stopped> {
    let filter = command.filter()?;
    let library = Library::read(&command.policies)?;
    let set = command.chosen(library.load()?)?;
    let waivers = read_waivers(command, &set)?;
    let found = discover(&command.inputs);
    let mut sums = Sums::new(found.ignored.count);
    for problem in &found.problems {
        sums.problem(problem.into());
    }
    let mut writer = Writer::open(command, &library)?;
    let progress = Progress::default();
    let bar = progress::Bar::new(&found.files);
    let threads = command.threads();
    let result = bar.while_reading(&progress, || {
        evenkeel_ingest::run(
            &found.files,
            threads,
            || Worker::new(&set, &waivers, &filter, &progress, command.format),
            Worker::read,
            |index, batch: Batch| {
                let file = found.files.get(index).map_or("", |file| file.name.as_str());
                take(file, batch, &mut sums, &mut writer, &bar)
            },
        )
    });
    let panicked = result.map_err(|error| Stopped::Usage(error.to_string()))?;
    for problem in &panicked {
        sums.problem(problem.into());
    }
    if writer.reader_left() {
        return Ok(Exit::Well);
    }
    if panicked.is_empty() {
        sums.reconcile();
    }
    writer.finish(&sums, &set)?;
    let text = summary::text(&sums, &set, command.fail_on);
    if command.format == Format::Text {
        print(&text)?;
    } else {
        note(&text);
    }
    Ok(sums.exit(command.fail_on))
}

/// Takes what came of a part of a file, in the files' order.
fn take(
    file: &str,
    batch: Batch,
    sums: &mut Sums,
    writer: &mut Writer,
    bar: &progress::Bar,
) -> ControlFlow<()> {
    for event in sums.add(file, batch) {
        for finding in event.evaluations.into_iter().filter_map(|one| one.finding) {
            bar.found();
            if !bar.suspended(|| writer.finding(&finding)) {
                return ControlFlow::Break(());
            }
        }
    }
    ControlFlow::Continue(())
}

fn read_waivers(command: &Replay, set: &PolicySet) -> Result<Waivers, Stopped> {
    let mut waivers = Waivers::default();
    for path in &command.waivers {
        let name = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(Stopped::io(format!("cannot read {name}")))?;
        match Waivers::load(&name, &text, set) {
            Ok(more) => waivers.extend(more),
            Err(wrong) => {
                show(&wrong, &[(name, text)].into());
                return Err(Stopped::Wrong("the waivers cannot be used".to_owned()));
            }
        }
    }
    Ok(waivers)
}
