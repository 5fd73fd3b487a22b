//! Counts the progress of reading, so that other threads can display the progress.

use std::sync::atomic::{AtomicU64, Ordering};

/// The counts of all workers. Any thread can read the counts at any time.
#[derive(Debug, Default)]
pub struct ReadProgress {
    files: AtomicU64,
    compressed: AtomicU64,
    bytes: AtomicU64,
    records: AtomicU64,
}

/// The counts at one point in time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProgressCounts {
    /// The number of finished files, including files that could not be read completely.
    pub files: u64,
    /// The number of bytes read from files, as stored: compressed if the file is compressed.
    pub compressed: u64,
    /// The number of bytes of text after decompression.
    pub bytes: u64,
    /// The number of delivered records.
    pub records: u64,
}

impl ReadProgress {
    /// Returns the current counts.
    pub fn current_counts(&self) -> ProgressCounts {
        ProgressCounts {
            files: self.files.load(Ordering::Relaxed),
            compressed: self.compressed.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            records: self.records.load(Ordering::Relaxed),
        }
    }

    /// Adds the counts since the last call.
    pub(crate) fn add_counts(&self, done: ProgressCounts) {
        self.files.fetch_add(done.files, Ordering::Relaxed);
        self.compressed.fetch_add(done.compressed, Ordering::Relaxed);
        self.bytes.fetch_add(done.bytes, Ordering::Relaxed);
        self.records.fetch_add(done.records, Ordering::Relaxed);
    }
}
