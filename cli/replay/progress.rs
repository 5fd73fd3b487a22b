//! A progress bar for reading logs, shown on a terminal only.

use evenkeel_ingest::{LogFile, ReadProgress};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The time between two updates of the bar.
const DRAW_INTERVAL: Duration = Duration::from_millis(120);

/// A progress bar, hidden if standard error is not a terminal.
#[derive(Debug)]
pub(super) struct ReadProgressBar {
    progress_bar: ProgressBar,
    is_visible: bool,
    findings: AtomicU64,
}

impl ReadProgressBar {
    /// Creates a bar for reading `files`.
    pub(super) fn new(files: &[LogFile]) -> Self {
        let total = files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.size));
        let shown = std::io::stderr().is_terminal();
        let target =
            if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3}%  {msg}") {
            bar.set_style(style);
        }
        ReadProgressBar { progress_bar: bar, is_visible: shown, findings: AtomicU64::new(0) }
    }

    /// Counts a finding.
    pub(super) fn count_finding(&self) {
        self.findings.fetch_add(1, Ordering::Relaxed);
    }

    /// Runs `work`, which writes to the terminal, while the bar is removed.
    pub(super) fn run_suspended<T>(&self, work: impl FnOnce() -> T) -> T {
        if self.is_visible { self.progress_bar.suspend(work) } else { work() }
    }

    /// Runs `work`, and shows the counts of `progress` until it ends.
    pub(super) fn run_with_progress<T>(
        &self,
        progress: &ReadProgress,
        work: impl FnOnce() -> T,
    ) -> T {
        if !self.is_visible {
            return work();
        }
        let (start, over) = (Instant::now(), AtomicBool::new(false));
        std::thread::scope(|threads| {
            let painter = threads.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    self.draw_counts(progress, start.elapsed());
                    std::thread::park_timeout(DRAW_INTERVAL);
                }
            });
            let result = work();
            over.store(true, Ordering::Relaxed);
            painter.thread().unpark();
            self.progress_bar.finish_and_clear();
            result
        })
    }

    fn draw_counts(&self, progress: &ReadProgress, elapsed: Duration) {
        let counts = progress.current_counts();
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = counts.records.saturating_mul(1000).checked_div(millis).unwrap_or_default();
        self.progress_bar.set_position(counts.compressed);
        self.progress_bar.set_message(format!(
            "{}  {} events  {}/s  {} findings",
            HumanBytes(counts.bytes),
            HumanCount(counts.records),
            HumanCount(rate),
            HumanCount(self.findings.load(Ordering::Relaxed)),
        ));
    }
}
