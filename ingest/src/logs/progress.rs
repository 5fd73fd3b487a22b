//! How far the reading has come, for whoever wants to show it meanwhile.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts that all workers share; read at any time from any thread.
#[derive(Debug, Default)]
pub struct ReadProgress {
    files: AtomicU64,
    compressed: AtomicU64,
    bytes: AtomicU64,
    records: AtomicU64,
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProgressCounts {
    /// Files read to their end, or as far as they could be.
    pub files: u64,
    /// Bytes read from files, as stored: compressed where the file is.
    pub compressed: u64,
    /// Bytes of text that came out.
    pub bytes: u64,
    /// Records delivered.
    pub records: u64,
}

impl ReadProgress {
    /// The counts now.
    pub fn current_counts(&self) -> ProgressCounts {
        ProgressCounts {
            files: self.files.load(Ordering::Relaxed),
            compressed: self.compressed.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            records: self.records.load(Ordering::Relaxed),
        }
    }

    /// Adds what was done since the last call.
    pub(crate) fn add_counts(&self, done: ProgressCounts) {
        self.files.fetch_add(done.files, Ordering::Relaxed);
        self.compressed.fetch_add(done.compressed, Ordering::Relaxed);
        self.bytes.fetch_add(done.bytes, Ordering::Relaxed);
        self.records.fetch_add(done.records, Ordering::Relaxed);
    }
}
