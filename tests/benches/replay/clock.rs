//! The times of a generated trail in CloudTrail's formats.

/// The number of days of each month of 2026.
const MONTHS: [u64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// A time in 2026 or later. Every year has 365 days.
#[derive(Clone, Copy)]
pub(crate) struct Time {
    year: u64,
    month: u64,
    day: u64,
    second: u64,
}

impl Time {
    /// Returns the time `seconds` after the beginning of 2026.
    pub(crate) fn after(seconds: u64) -> Time {
        const DAY: u64 = 86_400;
        let days = seconds.checked_div(DAY).unwrap_or_default();
        let (year, mut day) = (2026_u64.saturating_add(days / 365), days % 365);
        let mut month = 1_u64;
        for length in MONTHS {
            let Some(rest) = day.checked_sub(length) else { break };
            (day, month) = (rest, month.saturating_add(1));
        }
        Time { year, month, day: day.saturating_add(1), second: seconds % DAY }
    }

    fn clock(self) -> (u64, u64, u64) {
        (self.second / 3600, self.second / 60 % 60, self.second % 60)
    }

    /// Returns the time in the format of records.
    pub(crate) fn in_record(self) -> String {
        let (hour, minute, second) = self.clock();
        let Time { year, month, day, .. } = self;
        format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    /// Returns the time in the format of file names.
    pub(crate) fn in_name(self) -> String {
        let (hour, minute, _) = self.clock();
        let Time { year, month, day, .. } = self;
        format!("{year}{month:02}{day:02}T{hour:02}{minute:02}Z")
    }

    /// Returns the date in the format of folder names.
    pub(crate) fn in_folder(self) -> String {
        let Time { year, month, day, .. } = self;
        format!("{year}/{month:02}/{day:02}")
    }
}
