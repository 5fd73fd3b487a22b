//! Maintenance windows: the times at which remediations may begin.

use super::remediation_scope::RemediationScope;
use serde::Deserialize;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The days of a week, in the order of days since 1970-01-01, which was a Thursday.
const WEEK: [&str; 7] = ["THU", "FRI", "SAT", "SUN", "MON", "TUE", "WED"];

/// A time of the week (UTC) in which remediations may begin.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MaintenanceWindow {
    /// The days on which the window begins, such as `SAT`. An empty list means every day.
    #[serde(default)]
    pub days: Vec<String>,
    /// The time at which the window begins (UTC), such as `22:00`.
    pub start: String,
    /// The length of the window in hours, at most 24.
    pub hours: u32,
    /// The remediations for which the window applies.
    #[serde(flatten)]
    pub scope: RemediationScope,
}

/// The reason why a maintenance window is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// The start is not a time.
    #[error("`{0}` is not a valid start of a maintenance window; use 22:00")]
    Start(String),
    /// The day does not exist.
    #[error("`{0}` is not a valid day; use MON, TUE, WED, THU, FRI, SAT or SUN")]
    Day(String),
    /// The length is not between 1 and 24.
    #[error("a maintenance window of {0} hours is not valid; use 1 to 24 hours")]
    Length(u32),
}

impl MaintenanceWindow {
    /// Checks the values.
    ///
    /// # Errors
    /// [`WindowError`] for the first value that is not valid.
    pub fn check(&self) -> Result<(), WindowError> {
        self.start_minutes().ok_or_else(|| WindowError::Start(self.start.clone()))?;
        if let Some(day) = self.days.iter().find(|day| !WEEK.contains(&day.as_str())) {
            return Err(WindowError::Day(day.clone()));
        }
        if (1..=24).contains(&self.hours) { Ok(()) } else { Err(WindowError::Length(self.hours)) }
    }

    /// Returns the beginning of the next window in milliseconds since 1970, or `None` if the window
    /// is open at `now`.
    pub fn find_start(&self, now: i64) -> Option<i64> {
        let begin = self.start_minutes().unwrap_or_default().saturating_mul(MINUTE);
        let length = i64::from(self.hours).saturating_mul(HOUR);
        let today = now.div_euclid(DAY);
        let starts = (-1..=7).map(|offset| today.saturating_add(offset)).filter(|day| {
            let name = usize::try_from(day.rem_euclid(7)).ok().and_then(|at| WEEK.get(at));
            self.days.is_empty() || name.is_some_and(|name| self.days.iter().any(|day| day == name))
        });
        let mut starts = starts.map(|day| day.saturating_mul(DAY).saturating_add(begin));
        let next = starts.find(|start| start.saturating_add(length) > now)?;
        (next > now).then_some(next)
    }

    fn start_minutes(&self) -> Option<i64> {
        let (hours, minutes) = self.start.split_once(':')?;
        let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
        let is_valid = (0..24).contains(&hours) && (0..60).contains(&minutes);
        is_valid.then(|| hours.saturating_mul(60).saturating_add(minutes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_passes_midnight_is_open_on_the_next_day() {
        let window = MaintenanceWindow {
            days: vec!["SAT".to_owned()],
            start: "22:00".to_owned(),
            hours: 4,
            scope: RemediationScope::default(),
        };
        window.check().unwrap();
        // 1970-01-03 was a Saturday.
        let at = |day: i64, hour: i64| day * DAY + hour * HOUR;
        assert_eq!(window.find_start(at(2, 21)), Some(at(2, 22)));
        assert_eq!(window.find_start(at(2, 22)), None);
        assert_eq!(window.find_start(at(3, 1)), None);
        assert_eq!(window.find_start(at(3, 2)), Some(at(9, 22)));
        let daily = MaintenanceWindow { days: Vec::new(), ..window };
        assert_eq!(daily.find_start(at(3, 2)), Some(at(3, 22)));
    }
}
