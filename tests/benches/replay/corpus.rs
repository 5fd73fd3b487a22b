//! Writes a trail of an organization in CloudTrail's layout. The same seed gives the same trail.

use super::actors::Account;
use super::calls::Call;
use super::clock::Time;
use super::random::Random;
use super::record;
use super::template::ALPHANUMERIC;
use libdeflater::{CompressionLvl, Compressor};
use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// The Regions of the trail. A Region that is listed twice has twice as many files.
const REGIONS: [&str; 5] =
    ["eu-central-1", "eu-central-1", "us-east-1", "eu-west-1", "ap-southeast-2"];

const ACCOUNTS: usize = 12;

/// The seconds between delivery times, and the number of files of each delivery time.
const PERIOD: u64 = 300;
const FILES_PER_PERIOD: u64 = 6;

/// The number of records per thousand that are copies of a global service's record in another file.
const COPIES_PER_MILLE: u64 = 10;

/// The number of records of global services that are kept for copies.
const REMEMBERED: usize = 256;

/// The size and the seed of a trail.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    /// The uncompressed size, in bytes.
    pub(crate) size: u64,
    pub(crate) seed: u64,
    /// The smallest size of a file, in bytes. The size of each file is this size, doubled a random
    /// number of times up to `doublings`.
    pub(crate) smallest_file: u64,
    pub(crate) doublings: u64,
}

/// A written trail.
pub(crate) struct Corpus {
    pub(crate) folder: PathBuf,
    pub(crate) census: Census,
}

/// The counts of a trail's content.
#[derive(Default)]
pub(crate) struct Census {
    pub(crate) files: u64,
    pub(crate) packed: u64,
    pub(crate) unpacked: u64,
    pub(crate) records: u64,
    /// The number of records of each `eventSource` and `eventName`.
    pub(crate) calls: BTreeMap<(&'static str, &'static str), u64>,
}

/// Writes the trail of `plan` below `folder`.
pub(crate) fn write(folder: &Path, plan: Plan) -> Result<Corpus, Box<dyn Error>> {
    let mut random = Random::new(plan.seed);
    let organization = folder.join("AWSLogs").join("o-a1b2c3d4e5");
    let mut author = Author {
        accounts: (0..ACCOUNTS).map(|_| Account::new(&mut random)).collect(),
        random,
        remembered: Vec::new(),
        census: Census::default(),
        compressor: Compressor::new(CompressionLvl::default()),
    };
    while author.census.unpacked < plan.size {
        let left = plan.size.saturating_sub(author.census.unpacked);
        let doublings = author.random.below(plan.doublings.saturating_add(1));
        let size = plan.smallest_file.saturating_mul(1 << doublings.min(20));
        author.file(&organization, size.min(left))?;
    }
    Ok(Corpus { folder: folder.to_owned(), census: author.census })
}

struct Author {
    accounts: Vec<Account>,
    random: Random,
    remembered: Vec<(&'static Call, String)>,
    census: Census,
    compressor: Compressor,
}

impl Author {
    /// Writes one file of about `size` bytes.
    fn file(&mut self, organization: &Path, size: u64) -> Result<(), Box<dyn Error>> {
        let start = (self.census.files / FILES_PER_PERIOD).saturating_mul(PERIOD);
        // Use the smaller of two random numbers, so that a few accounts make most of the calls.
        let (one, other) = (self.random.index(ACCOUNTS), self.random.index(ACCOUNTS));
        let place = one.min(other);
        let region = self.random.text(&REGIONS);
        let text = self.text(place, region, start, usize::try_from(size)?);
        let Some(account) = self.accounts.get(place) else { return Ok(()) };
        let time = Time::after(start);
        let mut name = format!("{}_CloudTrail_{region}_{}_", account.id, time.in_name());
        self.random.letters(ALPHANUMERIC, 16, &mut name);
        let folder = organization.join(&account.id).join("CloudTrail").join(region);
        let folder = folder.join(time.in_folder());
        fs::create_dir_all(&folder)?;
        let packed = self.pack(text.as_bytes())?;
        fs::write(folder.join(name + ".json.gz"), &packed)?;
        let census = &mut self.census;
        census.files = census.files.saturating_add(1);
        census.packed = census.packed.saturating_add(u64::try_from(packed.len())?);
        census.unpacked = census.unpacked.saturating_add(u64::try_from(text.len())?);
        Ok(())
    }

    fn text(&mut self, account: usize, region: &str, start: u64, size: usize) -> String {
        let mut text = String::with_capacity(size.saturating_add(4096));
        text.push_str(r#"{"Records":["#);
        let mut first = true;
        while first || text.len() < size {
            if !first {
                text.push(',');
            }
            first = false;
            let time = start.saturating_add(self.random.below(PERIOD));
            if let Some(call) = self.record(account, region, time, &mut text) {
                self.count(call);
            }
        }
        text.push_str("]}");
        text
    }

    /// Appends a new record or, rarely, a copy of a record in another file.
    fn record(
        &mut self,
        account: usize,
        region: &str,
        time: u64,
        text: &mut String,
    ) -> Option<&'static Call> {
        let place = self.random.index(REMEMBERED);
        if self.random.chance(COPIES_PER_MILLE)
            && let Some((call, copy)) = self.remembered.get(place)
        {
            text.push_str(copy);
            return Some(call);
        }
        let begin = text.len();
        let account = self.accounts.get_mut(account)?;
        let time = Time::after(time).in_record();
        let call = record::write(account, region, &time, &mut self.random, text)?;
        if record::is_global(call) {
            let copy = text.get(begin..).unwrap_or_default().to_owned();
            match self.remembered.get_mut(place) {
                Some(kept) => *kept = (call, copy),
                None => self.remembered.push((call, copy)),
            }
        }
        Some(call)
    }

    fn count(&mut self, call: &Call) {
        self.census.records = self.census.records.saturating_add(1);
        let count = self.census.calls.entry((call.source, call.name)).or_default();
        *count = count.saturating_add(1);
    }

    fn pack(&mut self, text: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
        let mut packed = vec![0; self.compressor.gzip_compress_bound(text.len())];
        let count = self.compressor.gzip_compress(text, &mut packed)?;
        packed.truncate(count);
        Ok(packed)
    }
}
