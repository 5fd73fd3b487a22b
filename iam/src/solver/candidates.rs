//! Values of a key that are sufficient to decide conditions on numbers, dates and addresses.
//!
//! The limits of the conditions divide all values into intervals. The candidates contain a value of
//! each interval.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::internet::border_ranges;
use crate::model::values::{parse_date, parse_number, write_date};

/// Returns numbers: each limit, a number between each two limits, and numbers beyond them.
pub(crate) fn candidate_numbers(limits: &[&str]) -> Vec<String> {
    let mut limits: Vec<f64> = limits.iter().filter_map(|text| parse_number(text)).collect();
    limits.sort_by(f64::total_cmp);
    limits.dedup();
    let mut all = Vec::new();
    for limit in &limits {
        all.extend([*limit, limit - 1.0, limit + 1.0]);
    }
    let between = limits.windows(2).filter_map(|pair| match pair {
        [low, high] => Some(f64::midpoint(*low, *high)),
        _ => None,
    });
    all.extend(between);
    all.iter().map(|number| format!("{number}")).collect()
}

/// Returns dates: each limit, and the second before and after it.
pub(crate) fn candidate_dates(limits: &[&str]) -> Vec<String> {
    let seconds = limits.iter().filter_map(|text| parse_date(text));
    let near = seconds.flat_map(|at| [at, at.saturating_sub(1), at.saturating_add(1)]);
    near.filter_map(write_date).collect()
}

/// Returns addresses: a public address, the first address of each range, and the address after each
/// range.
pub(crate) fn candidate_addresses(ranges: &[IpNet]) -> Vec<IpAddr> {
    let mut all: Vec<IpAddr> = Vec::new();
    let borders: Vec<IpNet> = border_ranges().collect();
    for range in ranges.iter().chain(&borders) {
        all.push(range.network());
        all.extend(next_address(range.broadcast()));
    }
    all.extend([IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)]);
    all
}

fn next_address(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            address.to_bits().checked_add(1).map(|bits| Ipv4Addr::from_bits(bits).into())
        }
        IpAddr::V6(address) => {
            address.to_bits().checked_add(1).map(|bits| Ipv6Addr::from_bits(bits).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::internet::is_public_address;
    use crate::model::values::parse_range;

    #[test]
    fn each_interval_has_a_candidate() {
        let numbers = candidate_numbers(&["1", "1.2"]);
        for wanted in [0.5, 1.1, 2.0] {
            let in_interval = |text: &String| {
                let number: f64 = text.parse().unwrap();
                (number < 1.0) == (wanted < 1.0) && (number > 1.2) == (wanted > 1.2)
            };
            assert!(numbers.iter().any(in_interval), "{wanted}");
        }
        assert!(candidate_dates(&["1970-01-02"]).contains(&"1970-01-01T23:59:59Z".to_owned()));
    }

    #[test]
    fn there_is_a_public_address_outside_all_but_a_full_cover() {
        let half = |text: &str| parse_range(text).unwrap();
        let outside = |ranges: &[IpNet]| {
            let mut all = candidate_addresses(ranges).into_iter();
            all.any(|one| {
                is_public_address(one) && !ranges.iter().any(|range| range.contains(&one))
            })
        };
        assert!(outside(&[half("0.0.0.0/1"), half("::/0")]));
        assert!(!outside(&[half("0.0.0.0/1"), half("128.0.0.0/1"), half("2000::/3")]));
    }
}
