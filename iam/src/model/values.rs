//! Reads the values of conditions: numbers, dates and addresses.

use std::net::IpAddr;

use chrono::DateTime;
use ipnet::IpNet;

/// Parses a number of a `Numeric...` condition.
pub(crate) fn parse_number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// Parses a date of a `Date...` condition: the number of seconds since 1970, or a date and time of
/// ISO 8601. The result is in seconds.
pub(crate) fn parse_date(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp());
    }
    let whole = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        17 => format!("{}:00Z", text.strip_suffix('Z')?),
        _ => return None,
    };
    DateTime::parse_from_rfc3339(&whole).ok().map(|time| time.timestamp())
}

/// Writes a date, in seconds since 1970, as a date and time of ISO 8601.
pub(crate) fn write_date(seconds: i64) -> Option<String> {
    DateTime::from_timestamp(seconds, 0).map(|time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// Parses an address or a range of an `IpAddress` condition. An address is a range of one address.
pub(crate) fn parse_range(text: &str) -> Option<IpNet> {
    text.parse()
        .ok()
        .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
        .map(|net| net.trunc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_four_forms() {
        let day = 1_767_225_600;
        for text in ["2026-01-01", "2026-01-01T00:00Z", "2026-01-01T00:00:00Z", "1767225600"] {
            assert_eq!(parse_date(text), Some(day), "{text}");
        }
        assert_eq!(write_date(day).as_deref(), Some("2026-01-01T00:00:00Z"));
        assert_eq!(parse_date("tomorrow"), None);
    }

    #[test]
    fn an_address_is_a_range() {
        assert_eq!(parse_range("203.0.113.7").unwrap().to_string(), "203.0.113.7/32");
        assert_eq!(parse_range("203.0.113.7/24").unwrap().to_string(), "203.0.113.0/24");
        assert_eq!(parse_range("everywhere"), None);
    }
}
