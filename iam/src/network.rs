//! Which rules of a firewall let the Internet in.

use std::collections::BTreeSet;

use crate::internet::find_internet_ranges;

/// A rule of a security group or a network ACL for inbound traffic from one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkRule<'t> {
    /// The protocol, such as `tcp`; `-1` means all protocols.
    pub protocol: &'t str,
    /// The first port.
    pub from_port: i64,
    /// The last port.
    pub to_port: i64,
    /// The CIDR range. Any other source, such as a prefix list, is not the Internet.
    pub range: &'t str,
}

impl NetworkRule<'_> {
    fn allows(&self, protocol: &str, port: i64) -> bool {
        self.protocol == "-1"
            || self.protocol == protocol && self.from_port <= port && port <= self.to_port
    }
}

/// Returns the positions of the rules whose range covers the Internet, alone or together with the
/// ranges of other rules for the same protocol and the same port. With `ports`, only these TCP and UDP
/// ports count.
///
/// ```
/// use evenkeel_iam::{NetworkRule, find_open_rules};
///
/// let rule = |from_port, to_port, range| NetworkRule { protocol: "tcp", from_port, to_port, range };
/// let halves = [rule(22, 22, "0.0.0.0/1"), rule(0, 100, "128.0.0.0/1"), rule(443, 443, "::/0")];
/// assert_eq!(find_open_rules(&halves, &[]).into_iter().collect::<Vec<_>>(), [0, 1, 2]);
/// assert_eq!(find_open_rules(&halves, &[22]).into_iter().collect::<Vec<_>>(), [0, 1]);
/// ```
pub fn find_open_rules(rules: &[NetworkRule<'_>], ports: &[i64]) -> BTreeSet<usize> {
    let protocols: BTreeSet<&str> = rules
        .iter()
        .map(|rule| rule.protocol)
        .filter(|protocol| ports.is_empty() && *protocol != "-1")
        .chain(["tcp", "udp"])
        .collect();
    // The ranges of a group of rules change only where a rule begins.
    let starts: BTreeSet<i64> = rules.iter().map(|rule| rule.from_port).collect();
    let points: BTreeSet<i64> =
        if ports.is_empty() { starts } else { ports.iter().copied().collect() };
    let mut open = BTreeSet::new();
    let mut seen: BTreeSet<Vec<usize>> = BTreeSet::new();
    for protocol in protocols {
        for port in &points {
            let group: Vec<usize> = rules
                .iter()
                .enumerate()
                .filter(|(_, rule)| rule.allows(protocol, *port))
                .map(|(number, _)| number)
                .collect();
            if !group.is_empty() && seen.insert(group.clone()) {
                open.extend(find_open_group(rules, &group));
            }
        }
    }
    open
}

/// Returns the rules of a group whose ranges cover the Internet together.
fn find_open_group<'r>(
    rules: &'r [NetworkRule<'_>],
    group: &'r [usize],
) -> impl Iterator<Item = usize> + 'r {
    let range = |number: &usize| rules.get(*number).map_or("", |rule| rule.range);
    let ranges: Vec<&str> = group.iter().map(range).collect();
    let found: BTreeSet<&str> = find_internet_ranges(&ranges).into_iter().collect();
    group.iter().copied().filter(move |number| found.contains(range(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: [usize; 0] = [];

    fn open(rules: &[(&str, i64, i64, &str)], ports: &[i64]) -> Vec<usize> {
        let rules: Vec<NetworkRule<'_>> = rules
            .iter()
            .map(|(protocol, from_port, to_port, range)| NetworkRule {
                protocol,
                from_port: *from_port,
                to_port: *to_port,
                range,
            })
            .collect();
        find_open_rules(&rules, ports).into_iter().collect()
    }

    #[test]
    fn ranges_count_together_only_for_one_protocol_and_port() {
        let halves = ("tcp", 22, 22, "0.0.0.0/1");
        assert_eq!(
            open(&[("tcp", 22, 22, "16.0.0.0/8"), ("tcp", 22, 22, "17.0.0.0/8")], &[]),
            [0, 1]
        );
        assert_eq!(
            open(&[("tcp", 22, 22, "16.0.0.0/8"), ("tcp", 23, 23, "17.0.0.0/8")], &[]),
            NOTHING
        );
        assert_eq!(
            open(&[("tcp", 22, 22, "16.0.0.0/8"), ("udp", 22, 22, "17.0.0.0/8")], &[]),
            NOTHING
        );
        assert_eq!(
            open(&[("tcp", 0, 99, "16.0.0.0/8"), ("-1", 0, 0, "17.0.0.0/8")], &[22]),
            [0, 1]
        );
        assert_eq!(open(&[halves, ("icmp", 0, 255, "::/0")], &[22]), [0]);
    }

    #[test]
    fn other_sources_and_small_ranges_are_not_open() {
        let rules =
            [("tcp", 22, 22, "pl-1"), ("tcp", 22, 22, "sg-1"), ("tcp", 22, 22, "10.0.0.0/8")];
        assert_eq!(open(&rules, &[]), NOTHING);
        let beside = [("tcp", 22, 22, "0.0.0.0/0"), ("tcp", 22, 22, "8.8.8.0/24")];
        assert_eq!(open(&beside, &[22]), [0]);
    }
}
