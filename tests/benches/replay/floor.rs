//! The minimal work of a replay: reads and decompresses every file.

use libdeflater::Decompressor;
use std::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Decompresses every log below `folder` on `threads` threads. Returns the number of bytes.
pub(crate) fn run(folder: &Path, threads: usize) -> Result<u64, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    let next = AtomicUsize::new(0);
    let unpacked = thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads.max(1)).map(|_| scope.spawn(|| work(&files, &next))).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|_| Err(io::Error::other("a panic"))))
            .sum::<Result<u64, io::Error>>()
    });
    Ok(unpacked?)
}

fn work(files: &[PathBuf], next: &AtomicUsize) -> Result<u64, io::Error> {
    let mut inflate = Decompressor::new();
    let (mut packed, mut text) = (Vec::new(), Vec::new());
    let mut unpacked = 0_u64;
    while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
        packed.clear();
        File::open(path)?.read_to_end(&mut packed)?;
        let size = packed.last_chunk().copied().map_or(0, u32::from_le_bytes);
        let size = usize::try_from(size).map_err(io::Error::other)?;
        if text.len() < size {
            text.resize(size, 0);
        }
        let out = text.get_mut(..size).unwrap_or_default();
        let count = inflate.gzip_decompress(&packed, out).map_err(io::Error::other)?;
        unpacked = unpacked.saturating_add(u64::try_from(count).unwrap_or_default());
    }
    Ok(unpacked)
}
