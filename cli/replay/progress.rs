//! A bar that shows how far the reading has come, on a terminal only.

use evenkeel_ingest::{LogFile, Progress};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How often the bar is drawn.
const EVERY: Duration = Duration::from_millis(120);

/// The bar, hidden where there is no terminal.
#[derive(Debug)]
pub(super) struct Bar {
    drawn: ProgressBar,
    shown: bool,
    findings: AtomicU64,
}

impl Bar {
    /// A bar for reading these files.
    pub(super) fn new(files: &[LogFile]) -> Self {
        let total = files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.size));
        let shown = std::io::stderr().is_terminal();
        let target =
            if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3}%  {msg}") {
            bar.set_style(style);
        }
        Bar { drawn: bar, shown, findings: AtomicU64::new(0) }
    }

    /// Counts a finding.
    pub(super) fn found(&self) {
        self.findings.fetch_add(1, Ordering::Relaxed);
    }

    /// Does what writes to the terminal without the bar in its way.
    pub(super) fn suspended<T>(&self, work: impl FnOnce() -> T) -> T {
        if self.shown { self.drawn.suspend(work) } else { work() }
    }

    /// Does `work`, which counts its progress, and shows that meanwhile.
    pub(super) fn while_reading<T>(&self, progress: &Progress, work: impl FnOnce() -> T) -> T {
        if !self.shown {
            return work();
        }
        let (start, over) = (Instant::now(), AtomicBool::new(false));
        std::thread::scope(|threads| {
            let painter = threads.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    self.draw(progress, start.elapsed());
                    std::thread::park_timeout(EVERY);
                }
            });
            let result = work();
            over.store(true, Ordering::Relaxed);
            painter.thread().unpark();
            self.drawn.finish_and_clear();
            result
        })
    }

    fn draw(&self, progress: &Progress, elapsed: Duration) {
        let counts = progress.counts();
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = counts.records.saturating_mul(1000).checked_div(millis).unwrap_or_default();
        self.drawn.set_position(counts.compressed);
        self.drawn.set_message(format!(
            "{}  {} events  {}/s  {} findings",
            HumanBytes(counts.bytes),
            HumanCount(counts.records),
            HumanCount(rate),
            HumanCount(self.findings.load(Ordering::Relaxed)),
        ));
    }
}
