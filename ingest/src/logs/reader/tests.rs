//! Tests the reading of files: all storage formats, damaged files, and the records before the
//! damage.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::ops::ControlFlow;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::gzip::GzipError;
use crate::logs::discovery::discover_files;
use crate::logs::discovery::tests::Scratch;
use crate::logs::item::LogItem;
use crate::logs::problem::{DocumentError, InvalidRecordError, ProblemKind};
use crate::logs::progress::ProgressCounts;

/// The result of reading a file: its records, the numbers of its invalid records, and the report.
#[derive(Debug, PartialEq)]
struct Outcome {
    records: Vec<Vec<u8>>,
    bad: Vec<(u64, InvalidRecordError)>,
    report: FileReport,
}

impl Outcome {
    fn problems(&self) -> Vec<ProblemKind> {
        self.report.problems.iter().map(|problem| problem.kind.clone()).collect()
    }
}

fn read_with(run: impl FnOnce(&ReadProgress, &mut ItemSink<'_>) -> FileReport) -> Outcome {
    let progress = ReadProgress::default();
    let (mut records, mut bad) = (Vec::new(), Vec::new());
    let report = run(&progress, &mut |item| {
        match item {
            LogItem::Record { bytes, .. } => records.push(bytes.to_vec()),
            LogItem::Invalid { number, why } => bad.push((number, why)),
            LogItem::Resource { .. } | LogItem::Skipped { .. } => {}
        }
        ControlFlow::Continue(())
    });
    let counts = ProgressCounts {
        files: 1,
        compressed: report.compressed,
        bytes: report.bytes,
        records: report.records,
    };
    assert_eq!(progress.current_counts(), counts);
    assert_eq!(usize::try_from(report.records), Ok(records.len()));
    assert_eq!(usize::try_from(report.invalid_records), Ok(bad.len()));
    Outcome { records, bad, report }
}

fn gzip_error(error: GzipError) -> ProblemKind {
    ReadError::from(error).into()
}

fn read_path(path: String) -> Outcome {
    let files = discover_files(&[path]).files;
    read_with(|progress, sink| LogReader::new().read_file(&files[0], progress, sink))
}

/// Reads bytes as a file and as a stream. Both results must be equal.
fn read(bytes: &[u8]) -> Outcome {
    let scratch = Scratch::new();
    let mut by_file = read_path(scratch.write("log", bytes));
    for problem in &mut by_file.report.problems {
        "stream".clone_into(&mut problem.file);
    }
    let streamed =
        read_with(|progress, sink| LogReader::new().read_from("stream", bytes, progress, sink));
    assert_eq!(by_file, streamed);
    by_file
}

fn record(number: usize) -> String {
    format!(
        r#"{{"eventVersion":"1.08","eventID":"{number}-{}"}}"#,
        number.wrapping_mul(2_654_435_761)
    )
}

fn log(count: usize) -> Vec<u8> {
    let records: Vec<String> = (0..count).map(record).collect();
    format!(r#"{{"Records":[{}]}}"#, records.join(",")).into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    gzip_at(Compression::default(), bytes)
}

fn gzip_at(level: Compression, bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn assert_is_log(outcome: &Outcome, count: usize) {
    assert_eq!(outcome.problems(), []);
    assert_eq!(outcome.bad, []);
    assert_eq!(outcome.records.len(), count);
    assert!(
        outcome.records.iter().enumerate().all(|(index, bytes)| *bytes == record(index).as_bytes())
    );
}

#[test]
fn the_content_of_a_file_determines_its_type() {
    let text = log(100);
    let packed = gzip(&text);
    for (stored, bytes) in [(&text, &text), (&packed, &packed)] {
        let outcome = read(stored);
        assert_is_log(&outcome, 100);
        assert_eq!(usize::try_from(outcome.report.compressed), Ok(bytes.len()));
        assert_eq!(usize::try_from(outcome.report.bytes), Ok(text.len()));
    }
    assert_is_log(&read(&[b"\xEF\xBB\xBF".as_slice(), &text].concat()), 100);
}

#[test]
fn unsupported_formats_are_reported_also_inside_gzip() {
    let utf16: Vec<u8> = "{\"Records\":[]}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read(&utf16).problems(), [UnsupportedFormat::Utf16.into()]);
    assert_eq!(read(b"PK\x03\x04rest").problems(), [UnsupportedFormat::Zip.into()]);
    assert_eq!(read(&gzip(b"PAR1....")).problems(), [UnsupportedFormat::Parquet.into()]);
    assert_eq!(read(&gzip(&gzip(&log(3)))).problems(), [UnsupportedFormat::GzipTwice.into()]);
    assert_eq!(read(b"").problems(), [DocumentError::Empty.into()]);
    assert_eq!(read(&gzip(b"")).problems(), [DocumentError::Empty.into()]);
}

#[test]
fn several_gzip_members_are_read() {
    let text = log(50);
    let (first, second) = text.split_at(text.len().checked_div(2).unwrap());
    assert_is_log(&read(&[gzip(first), gzip(second)].concat()), 50);
    assert_is_log(&read(&[gzip(b""), gzip(&text), gzip(b"")].concat()), 50);
    let two = read(&[gzip(&text), gzip(&text)].concat());
    assert_eq!((two.records.len(), two.problems()), (100, vec![]));
}

#[test]
fn records_before_damage_are_delivered() {
    let packed = gzip(&log(2000));
    let whole = packed.len();
    for length in [
        3,
        10,
        100,
        whole.checked_div(2).unwrap(),
        whole.saturating_sub(9),
        whole.saturating_sub(1),
    ] {
        let cut = read(&packed[..length]);
        assert_eq!(cut.problems()[0], gzip_error(GzipError::CutOff), "{length}");
        assert!(length < 1000 || cut.records.len() > 500, "{length}: {}", cut.records.len());
    }
    let mut wrong_checksum = packed;
    wrong_checksum[whole.saturating_sub(6)] ^= 1;
    let outcome = read(&wrong_checksum);
    assert_eq!(outcome.records.len(), 2000);
    assert_eq!(outcome.problems(), [gzip_error(GzipError::Damaged)]);
    // The blocks are stored uncompressed. A block header of ones is invalid.
    let mut broken = gzip_at(Compression::none(), &log(4000));
    let half = broken.len().checked_div(2).unwrap();
    broken[half..].fill(0xFF);
    let outcome = read(&broken);
    assert_eq!(outcome.problems()[0], gzip_error(GzipError::Damaged));
    assert!(outcome.records.len() > 1000);
}

#[test]
fn bytes_after_the_last_member_are_reported() {
    let packed = gzip(&log(20));
    for tail in [b"garbage".as_slice(), &[0; 600], b"\x1F\x8Bxyz", b"\0\0\0\0"] {
        let outcome = read(&[&packed, tail].concat());
        assert_eq!(outcome.records.len(), 20, "{tail:?}");
        assert_eq!(outcome.problems(), [gzip_error(GzipError::Trailing)], "{tail:?}");
    }
}

#[test]
fn a_bomb_is_refused() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(b"{\"Records\":[{\"eventID\":1},").unwrap();
    let spaces = vec![b' '; 1 << 20];
    for _ in 0..80 {
        encoder.write_all(&spaces).unwrap();
    }
    let scratch = Scratch::new();
    let outcome = read_path(scratch.write("bomb", encoder.finish().unwrap()));
    assert!(matches!(
        outcome.problems()[0],
        ProblemKind::Read(ReadError::Gzip(GzipError::Bomb(_)))
    ));
    assert_eq!(outcome.records.len(), 1);
    assert!(outcome.report.bytes < 70 << 20);
}

#[test]
fn long_files_are_read_in_pieces() {
    let mut text = log(400_000);
    assert!(text.len() > MAX_PACKED);
    assert_is_log(&read(&text), 400_000);
    assert_is_log(&read(&gzip(&text)), 400_000);
    text.truncate(text.len().saturating_sub(10));
    let outcome = read(&text);
    assert_eq!(outcome.bad, [(400_000, InvalidRecordError::CutOff)]);
}

#[test]
fn a_record_longer_than_a_piece_is_complete_and_an_oversized_one_is_skipped() {
    let long = |length| format!(r#"{{"eventID":"{}"}}"#, "x".repeat(length));
    let fits = long(5 << 20);
    let too_long = long(MAX_RECORD);
    let text = format!("{}\n{fits}\n{too_long}\n{}\n", record(0), record(1));
    for bytes in [text.as_bytes().to_vec(), gzip(text.as_bytes())] {
        let outcome = read(&bytes);
        assert_eq!(outcome.bad, [(3, InvalidRecordError::TooLong)]);
        assert_eq!(outcome.records.len(), 3);
        assert_eq!(outcome.records[1], fits.as_bytes());
    }
}

#[test]
fn records_around_the_hole_of_a_sparse_file_are_read() {
    let scratch = Scratch::new();
    let path = scratch.write("holes.log", record(0));
    OpenOptions::new().write(true).open(&path).unwrap().set_len(20 << 20).unwrap();
    let mut end = OpenOptions::new().append(true).open(&path).unwrap();
    end.write_all(record(1).as_bytes()).unwrap();
    let outcome = read_path(path);
    assert_eq!(outcome.records.len(), 2);
    assert_eq!(outcome.problems(), [DocumentError::ZeroBytes.into()]);
    let empty = scratch.path("hole.json");
    File::create(&empty).unwrap().set_len(1 << 20).unwrap();
    assert_eq!(read_path(empty).problems(), [DocumentError::ZeroBytes.into()]);
}

/// A source that fails after its last byte.
struct Failing<'b>(&'b [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::ErrorKind::ConnectionReset.into()),
            count => Ok(count),
        }
    }
}

#[test]
fn a_failing_source_is_reported_after_its_records() {
    for count in [10, 50_000] {
        let text = log(count);
        let source = Failing(&text);
        let outcome =
            read_with(|progress, sink| LogReader::new().read_from("s", source, progress, sink));
        assert_eq!(outcome.records.len(), count);
        assert_eq!(outcome.problems(), [ReadError::Failed(io::ErrorKind::ConnectionReset).into()]);
    }
}

#[test]
fn a_file_that_changed_since_it_was_opened_is_reported() {
    for (size, text) in
        [(1 << 20, log(10)), (10, log(10)), (1 << 30, log(50_000)), (9 << 20, log(400_000))]
    {
        let outcome = read_with(|progress, sink| {
            let mut job = FileReadJob::new(progress);
            LogReader::new().run(&mut InputFile::new(text.as_slice(), Some(size)), &mut job, sink);
            job.into_report("s")
        });
        assert_eq!(outcome.problems(), [ReadError::Changed.into()], "{size}");
        assert!(outcome.records.len() >= 10);
    }
}

#[test]
fn a_folder_or_a_missing_file_is_reported() {
    let scratch = Scratch::new();
    let file = |path: &str| LogFile { name: "f".to_owned(), path: Some(path.into()), size: 0 };
    let problems = |path: String| {
        read_with(|progress, sink| LogReader::new().read_file(&file(&path), progress, sink))
            .problems()
    };
    assert_eq!(problems(scratch.path("")), [ReadError::Folder.into()]);
    assert_eq!(problems(scratch.path("gone")), [ReadError::Failed(io::ErrorKind::NotFound).into()]);
    fs::create_dir_all(scratch.path("d")).unwrap();
    assert_eq!(problems(scratch.path("d")), [ReadError::Folder.into()]);
}

#[test]
fn a_reader_can_be_reused() {
    let mut reader = LogReader::new();
    let scratch = Scratch::new();
    let paths = [
        scratch.write("a", gzip(&log(5000))),
        scratch.write("b", &gzip(&log(9))[..40]),
        scratch.write("c", log(3)),
        scratch.write("d", gzip(&log(1))),
    ];
    let files = discover_files(&paths).files;
    let mut counts = Vec::new();
    for file in &files {
        let outcome = read_with(|progress, sink| reader.read_file(file, progress, sink));
        counts.push(outcome.records.len());
    }
    assert_eq!((counts[0], counts[2], counts[3]), (5000, 3, 1));
}

#[test]
fn a_sink_that_returns_break_stops_the_reading() {
    let text = log(400_000);
    let progress = ReadProgress::default();
    let report = LogReader::new()
        .read_from("s", text.as_slice(), &progress, &mut |_| ControlFlow::Break(()));
    assert_eq!((report.records, report.problems), (1, vec![]));
    assert!(report.bytes <= 2 << 20);
}
