//! What counts as the Internet: addresses that are public, and ranges that cover them.
//!
//! IANA allocates IPv4 addresses in blocks of /8, and IPv6 addresses in blocks of /12 to regional
//! registries, which allocate parts of these blocks. Therefore, a range that is wider than /8
//! (IPv4) or /16 (IPv6) cannot belong to one owner, and counts as the Internet. Adjacent ranges
//! count as the range that they form together. Several IPv4 ranges count as the Internet if they
//! contain at least one eighth of all public addresses. The limits of /16 and of one eighth are a
//! choice of this crate.
//!
//! Sources: IANA, "IPv4 Address Space Registry", "IPv4 Special-Purpose Address Registry" and "IPv6
//! Global Unicast Address Assignments"; RFC 6890.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

/// The shortest IPv4 prefix that can belong to one owner.
const OWN_V4: u8 = 8;
/// The shortest IPv6 prefix that can belong to one owner.
const OWN_V6: u8 = 16;

/// The divisor of the number of public IPv4 addresses. Ranges that contain at least an eighth of
/// these addresses count as the Internet.
const SHARE: u64 = 8;

/// IPv4 blocks that are not used on the public Internet. The blocks for documentation (RFC 5737) are
/// not among them, because they stand for public addresses.
const SPECIAL_V4: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/3",
];

/// The IPv6 block that contains the public addresses.
const PUBLIC_V6: &str = "2000::/3";

/// Returns whether an address is one of the public Internet.
pub(crate) fn is_public_address(address: IpAddr) -> bool {
    public_size(&IpNet::from(address)) > 0
}

/// Returns the ranges at which the set of public addresses begins and ends.
pub(crate) fn border_ranges() -> impl Iterator<Item = IpNet> {
    SPECIAL_V4.iter().chain([&PUBLIC_V6]).filter_map(|text| text.parse().ok())
}

/// Returns the CIDR ranges that cover the Internet, alone or together, in order. Texts that are not
/// ranges are ignored.
///
/// ```
/// use evenkeel_iam::find_internet_ranges;
///
/// let halves = ["0.0.0.0/1", "128.0.0.0/1", "198.51.100.0/24"];
/// assert_eq!(find_internet_ranges(&halves), ["0.0.0.0/1", "128.0.0.0/1"]);
/// assert!(find_internet_ranges(&["10.0.0.0/8", "198.51.100.0/24"]).is_empty());
/// ```
pub fn find_internet_ranges<'t>(texts: &[&'t str]) -> Vec<&'t str> {
    let ranges: Vec<(&str, IpNet)> = texts
        .iter()
        .filter_map(|text| Some((*text, text.parse::<IpNet>().ok()?.trunc())))
        .filter(|(_, range)| public_size(range) > 0)
        .collect();
    let (alone, parts): (Vec<_>, Vec<_>) = ranges.iter().partition(|(_, range)| is_wide(range));
    // A small range beside the whole Internet adds nothing, so only the other ranges count together.
    let merged = IpNet::aggregate(&parts.iter().map(|(_, range)| *range).collect());
    let wide: Vec<&IpNet> = merged.iter().filter(|range| is_wide(range)).collect();
    let size: u64 =
        merged.iter().filter(|range| matches!(range, IpNet::V4(_))).map(public_size).sum();
    let is_most = size >= count_public_v4().saturating_div(SHARE);
    let is_open = |range: &IpNet| {
        is_most && matches!(range, IpNet::V4(_)) || wide.iter().any(|wide| wide.contains(range))
    };
    let is_found = |one: &&(&str, IpNet)| alone.contains(one) || is_open(&one.1);
    ranges.iter().filter(is_found).map(|(text, _)| *text).collect()
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
    use super::*;

    fn covers(ranges: &[String]) -> bool {
        !find_internet_ranges(&ranges.iter().map(String::as_str).collect::<Vec<_>>()).is_empty()
    }

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
            assert!(covers(&parts(prefix, "2000::/3")), "/{prefix}");
        }
        assert!(covers(&parts(16, "2400::/12")));
    }

    #[test]
    fn scattered_ranges_cover_the_internet_if_they_contain_an_eighth_of_it() {
        let scattered = |count: usize| -> Vec<String> {
            let odd = (11..223).step_by(2).filter(|first| ![127, 169, 203].contains(first));
            odd.take(count).map(|first| format!("{first}.0.0.0/8")).collect()
        };
        assert!(!covers(&scattered(20)));
        assert!(covers(&scattered(30)));
    }

    #[test]
    fn only_ranges_that_cover_the_internet_are_returned() {
        let all = ["8.8.8.0/24", "0.0.0.0/1", "10.0.0.0/8", "x", "::/0"];
        assert_eq!(find_internet_ranges(&all), ["0.0.0.0/1", "::/0"]);
        let one = ["198.51.100.7/32", "2000::/3", "10.0.0.0/8"];
        assert_eq!(find_internet_ranges(&one), ["2000::/3"]);
    }

    #[test]
    fn private_and_multicast_addresses_are_not_public() {
        for (text, is_public) in [
            ("8.8.8.8", true),
            ("10.1.2.3", false),
            ("239.0.0.1", false),
            ("2600::1", true),
            ("fe80::1", false),
        ] {
            assert_eq!(is_public_address(text.parse().unwrap()), is_public, "{text}");
        }
    }
}
