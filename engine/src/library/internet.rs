//! Detects CIDR ranges that cover the Internet, alone or together with other ranges of a list.
//!
//! IANA allocates IPv4 addresses in blocks of /8, and IPv6 addresses in blocks of /12 to regional
//! registries, which allocate parts of these blocks. Therefore, a range that is wider than /8
//! (IPv4) or /16 (IPv6) cannot belong to one owner, and counts as the Internet. Adjacent ranges
//! count as the range that they form together. Several IPv4 ranges count as the Internet if they
//! contain at least one eighth of all public addresses. Evenkeel defines the limits of /16 and of
//! one eighth.
//!
//! Sources: IANA, "IPv4 Address Space Registry", "IPv4 Special-Purpose Address Registry" and "IPv6
//! Global Unicast Address Assignments"; RFC 6890.

use cel::common::types::LIST_TYPE;
use cel::common::value::CowVal;
use cel::{DeclarationError, Env, ExecutionError};
use ipnet::{IpNet, Ipv4Net};

use super::address::parse_cidr;
use super::function::{FunctionDoc, function_error};
use super::values;
use crate::run::budget;

/// The documentation of the functions in this file.
pub(super) const DOCS: &[FunctionDoc] = &[(
    "internet_ranges(list)",
    "the CIDR ranges of a list that cover the Internet, alone or together: wider than /8 (IPv4) \
     or /16 (IPv6), or one eighth of all public IPv4 addresses; private and reserved ranges do not \
     count",
)];

/// The shortest IPv4 prefix that can belong to one owner.
const OWN_V4: u8 = 8;
/// The shortest IPv6 prefix that can belong to one owner.
const OWN_V6: u8 = 16;

/// The divisor of the number of public IPv4 addresses. Ranges that contain at least an eighth of
/// these addresses count as the Internet.
const SHARE: u64 = 8;

/// IPv4 blocks that are not used on the public Internet.
const SPECIAL_V4: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
];

/// The IPv6 block that contains the public addresses.
const PUBLIC_V6: &str = "2000::/3";

/// Declares the function of this file in the environment.
pub(super) fn declare_internet_functions(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_overload("internet_ranges", "internet_ranges(list)", vec![LIST_TYPE], internet_ranges)
}

fn internet_ranges<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    const NAME: &str = "internet_ranges";
    let list = values::single_argument(NAME, args)?;
    let items =
        values::list_elements(&*list).ok_or_else(|| function_error(NAME, "needs a list"))?;
    budget::charge_cost(items.len())?;
    let texts: Vec<&str> = items.iter().filter_map(|item| values::as_text(*item)).collect();
    let found = find_internet_ranges(&texts);
    Ok(CowVal::owned(values::string_list(found.into_iter().map(str::to_owned))))
}

/// Returns whether the ranges cover the Internet, alone or together.
pub(super) fn cover_internet(ranges: &[String]) -> bool {
    !find_internet_ranges(&ranges.iter().map(String::as_str).collect::<Vec<_>>()).is_empty()
}

/// Returns the ranges that cover the Internet, in order. Strings that are not ranges are ignored.
fn find_internet_ranges<'t>(texts: &[&'t str]) -> Vec<&'t str> {
    let ranges: Vec<(&str, IpNet)> = texts
        .iter()
        .filter_map(|text| Some((*text, parse_cidr("internet_ranges", text).ok()?.0.trunc())))
        .filter(|(_, range)| public_size(range) > 0)
        .collect();
    let merged = IpNet::aggregate(&ranges.iter().map(|(_, range)| *range).collect());
    let wide: Vec<&IpNet> = merged.iter().filter(|range| is_wide(range)).collect();
    let size: u64 =
        merged.iter().filter(|range| matches!(range, IpNet::V4(_))).map(public_size).sum();
    let is_most = size >= count_public_v4().saturating_div(SHARE);
    let is_open = |range: &IpNet| {
        is_most && matches!(range, IpNet::V4(_)) || wide.iter().any(|wide| wide.contains(range))
    };
    ranges.iter().filter(|(_, range)| is_open(range)).map(|(text, _)| *text).collect()
}

fn is_wide(range: &IpNet) -> bool {
    let own = match range {
        IpNet::V4(_) => OWN_V4,
        IpNet::V6(_) => OWN_V6,
    };
    range.prefix_len() < own
}

/// Returns the number of public addresses in a range. For IPv6, the result is 1 if the range
/// contains a public address, and 0 otherwise.
fn public_size(range: &IpNet) -> u64 {
    match range {
        IpNet::V4(range) => address_count(*range).saturating_sub(count_special_v4(*range)),
        IpNet::V6(_) => {
            let public: Option<IpNet> = PUBLIC_V6.parse().ok();
            let meets = |public: IpNet| public.contains(range) || range.contains(&public);
            u64::from(public.is_some_and(meets))
        }
    }
}

fn count_special_v4(range: Ipv4Net) -> u64 {
    let blocks = SPECIAL_V4.iter().filter_map(|block| block.parse::<Ipv4Net>().ok());
    blocks
        .map(|block| {
            if block.contains(&range) {
                address_count(range)
            } else if range.contains(&block) {
                address_count(block)
            } else {
                0
            }
        })
        .sum()
}

fn count_public_v4() -> u64 {
    Ipv4Net::new(std::net::Ipv4Addr::UNSPECIFIED, 0)
        .map_or(u64::MAX, |all| public_size(&all.into()))
}

fn address_count(range: Ipv4Net) -> u64 {
    let bits = u32::from(range.max_prefix_len().saturating_sub(range.prefix_len()));
    1_u64.checked_shl(bits).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_fails, assert_holds};
    use super::*;

    /// Splits the range `whole` into ranges with this prefix length.
    fn parts(prefix: u8, whole: &str) -> Vec<String> {
        let whole: IpNet = whole.parse().unwrap();
        whole.subnets(prefix).unwrap().map(|range| range.to_string()).collect()
    }

    #[test]
    fn one_wide_range_covers_the_internet() {
        for range in [
            "0.0.0.0/0",
            "0.0.0.0/1",
            "128.0.0.0/1",
            "64.0.0.0/2",
            "32.0.0.0/3",
            "16.0.0.0/7",
            "::/0",
            "2000::/3",
            "2400::/12",
            "2000::/4",
        ] {
            assert_eq!(find_internet_ranges(&[range]), [range]);
        }
        for range in [
            "10.0.0.0/8",
            "17.0.0.0/8",
            "240.0.0.0/4",
            "224.0.0.0/3",
            "fc00::/7",
            "fe80::/10",
            "ff00::/8",
            "2001:db8::/32",
            "2600:1f00::/24",
            "sg-0123456789abcdef0",
            "0.0.0.0",
            "",
        ] {
            assert_eq!(find_internet_ranges(&[range]), Vec::<&str>::new(), "{range}");
        }
    }

    #[test]
    fn adjacent_parts_cover_the_internet_together() {
        for prefix in 1..=8 {
            let all = parts(prefix, "0.0.0.0/0");
            let open = find_internet_ranges(&all.iter().map(String::as_str).collect::<Vec<_>>());
            let public = all.iter().filter(|one| public_size(&one.parse().unwrap()) > 0).count();
            assert_eq!(open.len(), public, "/{prefix}");
        }
        for prefix in 4..=14 {
            assert!(cover_internet(&parts(prefix, "2000::/3")), "/{prefix}");
        }
        assert!(cover_internet(&parts(16, "2400::/12")));
    }

    #[test]
    fn scattered_ranges_cover_the_internet_if_they_contain_an_eighth_of_it() {
        let scattered = |count: usize| -> Vec<String> {
            let odd = (11..223).step_by(2).filter(|first| ![127, 169, 203].contains(first));
            odd.take(count).map(|first| format!("{first}.0.0.0/8")).collect()
        };
        assert!(!cover_internet(&scattered(20)));
        assert!(cover_internet(&scattered(30)));
    }

    #[test]
    fn only_ranges_that_cover_the_internet_are_returned() {
        assert_holds(&[
            "internet_ranges(['8.8.8.0/24', '0.0.0.0/1', '10.0.0.0/8', 'x', '::/0']) \
             == ['8.8.8.0/24', '0.0.0.0/1', '::/0']",
            "internet_ranges(['198.51.100.7/32', '2000::/3', '10.0.0.0/8']) == ['2000::/3']",
            "internet_ranges([]) == [] && internet_ranges([1, null]) == []",
        ]);
        assert_fails("no matching overload", &["internet_ranges('0.0.0.0/0')"]);
    }
}
