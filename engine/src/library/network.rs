//! CEL functions for IP addresses and CIDR ranges, as the network extension of the CEL
//! specification defines them.

use cel::common::types::{CelBool, CelInt, CelString};
use cel::common::value::Val;
use cel::{DeclarationError, Env, ExecutionError};

use super::address::{CidrValue, IpValue, parse_cidr, parse_ip};
use super::function::FunctionDoc;

/// The documentation of the functions in this file.
pub(super) const DOCS: &[FunctionDoc] = &[
    ("ip(s)", "the IP address `s`; an error if `s` is not an IP address"),
    ("isIP(s)", "whether `s` is an IP address"),
    ("ip.isCanonical(s)", "whether the IP address `s` is in canonical form"),
    ("string(ip)", "the address as a string, in canonical form"),
    ("a.family()", "4 for an IPv4 address, 6 for an IPv6 address"),
    ("a.isUnspecified()", "whether the address is 0.0.0.0 or ::"),
    ("a.isLoopback()", "whether the address is in 127.0.0.0/8, or is ::1"),
    (
        "a.isGlobalUnicast()",
        "whether the address identifies one host; private addresses are included",
    ),
    (
        "a.isLinkLocalMulticast()",
        "whether the address is in 224.0.0.0/24, or is an IPv6 multicast address with link-local \
         scope, such as ff02::1",
    ),
    ("a.isLinkLocalUnicast()", "whether the address is in 169.254.0.0/16 or fe80::/10"),
    (
        "a.isPrivate()",
        "whether the address is in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or fc00::/7",
    ),
    ("cidr(s)", "the CIDR range `s`; an error if `s` is not a CIDR range"),
    ("isCIDR(s)", "whether `s` is a CIDR range"),
    ("string(cidr)", "the range as a string"),
    ("c.containsIP(ip)", "whether the range contains an address, given as a value or a string"),
    ("c.containsCIDR(cidr)", "whether the range contains a range, given as a value or a string"),
    ("c.ip()", "the address before the slash"),
    ("c.masked()", "the range with the bits of its address after the prefix set to zero"),
    ("c.prefixLength()", "the prefix length, which is the number after the slash"),
];

/// Declares the types and the functions of this file in the environment.
pub(super) fn declare_network_functions(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_type(IpValue::cel_type().to_owned())?;
    env.add_type(CidrValue::cel_type().to_owned())?;
    declare_ip_functions(env)?;
    declare_cidr_functions(env)
}

fn declare_ip_functions(env: &mut Env) -> Result<(), DeclarationError> {
    cel::add_overload!(env, fn ip: (CelString<'_>) -> Result<IpValue>)?;
    cel::add_overload!(env, fn is_ip: (CelString<'_>) -> CelBool, name = "isIP")?;
    cel::add_overload!(
        env,
        fn is_canonical: (CelString<'_>) -> Result<CelBool>,
        name = "ip.isCanonical"
    )?;
    cel::add_overload!(env, fn ip_string: (IpValue) -> CelString<'_>, name = "string")?;
    cel::add_member_overload!(env, fn family: (IpValue) -> CelInt)?;
    cel::add_member_overload!(env, fn is_unspecified: (IpValue) -> CelBool)?;
    cel::add_member_overload!(env, fn is_loopback: (IpValue) -> CelBool)?;
    cel::add_member_overload!(env, fn is_global_unicast: (IpValue) -> CelBool)?;
    cel::add_member_overload!(env, fn is_link_local_multicast: (IpValue) -> CelBool)?;
    cel::add_member_overload!(env, fn is_link_local_unicast: (IpValue) -> CelBool)?;
    cel::add_member_overload!(env, fn is_private: (IpValue) -> CelBool)
}

fn declare_cidr_functions(env: &mut Env) -> Result<(), DeclarationError> {
    cel::add_overload!(env, fn cidr: (CelString<'_>) -> Result<CidrValue>)?;
    cel::add_overload!(env, fn is_cidr: (CelString<'_>) -> CelBool, name = "isCIDR")?;
    cel::add_overload!(env, fn cidr_string: (CidrValue) -> CelString<'_>, name = "string")?;
    cel::add_member_overload!(
        env,
        fn contains_ip: (CidrValue, IpValue) -> CelBool,
        name = "containsIP"
    )?;
    cel::add_member_overload!(
        env,
        fn contains_ip_text: (CidrValue, CelString<'_>) -> Result<CelBool>,
        name = "containsIP"
    )?;
    cel::add_member_overload!(
        env,
        fn contains_cidr: (CidrValue, CidrValue) -> CelBool,
        name = "containsCIDR"
    )?;
    cel::add_member_overload!(
        env,
        fn contains_cidr_text: (CidrValue, CelString<'_>) -> Result<CelBool>,
        name = "containsCIDR"
    )?;
    cel::add_member_overload!(env, fn base_address: (CidrValue) -> IpValue, name = "ip")?;
    cel::add_member_overload!(env, fn masked: (CidrValue) -> CidrValue)?;
    cel::add_member_overload!(env, fn prefix_length: (CidrValue) -> CelInt)
}

fn ip(s: &CelString<'_>) -> Result<IpValue, ExecutionError> {
    parse_ip("ip", s)
}

fn is_ip(s: &CelString<'_>) -> CelBool {
    parse_ip("isIP", s).is_ok().into()
}

fn is_canonical(s: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    Ok((parse_ip("ip.isCanonical", s)?.0.to_string() == s.inner()).into())
}

fn ip_string(ip: &IpValue) -> CelString<'static> {
    ip.0.to_string().into()
}

fn family(ip: &IpValue) -> CelInt {
    CelInt::from(if ip.0.is_ipv4() { 4 } else { 6 })
}

fn is_unspecified(ip: &IpValue) -> CelBool {
    ip.0.is_unspecified().into()
}

fn is_loopback(ip: &IpValue) -> CelBool {
    ip.0.is_loopback().into()
}

fn is_global_unicast(ip: &IpValue) -> CelBool {
    ip.is_global_unicast().into()
}

fn is_link_local_multicast(ip: &IpValue) -> CelBool {
    ip.is_link_local_multicast().into()
}

fn is_link_local_unicast(ip: &IpValue) -> CelBool {
    ip.is_link_local_unicast().into()
}

fn is_private(ip: &IpValue) -> CelBool {
    ip.is_private().into()
}

fn cidr(s: &CelString<'_>) -> Result<CidrValue, ExecutionError> {
    parse_cidr("cidr", s)
}

fn is_cidr(s: &CelString<'_>) -> CelBool {
    parse_cidr("isCIDR", s).is_ok().into()
}

fn cidr_string(cidr: &CidrValue) -> CelString<'static> {
    cidr.0.to_string().into()
}

fn contains_ip(cidr: &CidrValue, ip: &IpValue) -> CelBool {
    cidr.0.contains(&ip.0).into()
}

fn contains_ip_text(cidr: &CidrValue, ip: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    Ok(contains_ip(cidr, &parse_ip("containsIP", ip)?))
}

fn contains_cidr(cidr: &CidrValue, inner: &CidrValue) -> CelBool {
    cidr.0.contains(&inner.0).into()
}

fn contains_cidr_text(cidr: &CidrValue, inner: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    Ok(contains_cidr(cidr, &parse_cidr("containsCIDR", inner)?))
}

fn base_address(cidr: &CidrValue) -> IpValue {
    IpValue(cidr.0.addr())
}

fn masked(cidr: &CidrValue) -> CidrValue {
    CidrValue(cidr.0.trunc())
}

fn prefix_length(cidr: &CidrValue) -> CelInt {
    CelInt::from(i64::from(cidr.0.prefix_len()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_fails, assert_holds};

    #[test]
    fn ranges_can_be_compared_and_contain_addresses() {
        assert_holds(&[
            "cidr('0.0.0.0/0').prefixLength() == 0 && cidr('::/0').prefixLength() == 0",
            "cidr('0.0.0.0/0').containsIP('8.8.8.8') && !cidr('0.0.0.0/0').containsIP('::1')",
            "cidr('10.1.2.3/8') != cidr('10.0.0.0/8')",
            "cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8')",
            "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')",
            "!cidr('10.1.0.0/16').containsCIDR('10.0.0.0/8')",
        ]);
    }

    #[test]
    fn service_names_are_not_addresses() {
        assert_holds(&[
            "!isIP('cloudformation.amazonaws.com') && !isIP('AWS Internal') && !isIP('')",
        ]);
        assert_fails(
            "is not an ip address",
            &["ip('10.0.0.0/8')", "ip('1.2.3')", "ip('01.2.3.4')"],
        );
        assert_fails(
            "is not a cidr",
            &["cidr('10.0.0.0')", "cidr('10.0.0.0/33')", "cidr('10.0.0.0/08')"],
        );
    }

    #[test]
    fn private_addresses_are_global_unicast_addresses() {
        assert_holds(&[
            "ip('10.0.0.1').isPrivate() && ip('172.31.0.1').isPrivate()",
            "ip('fd00::1').isPrivate()",
            "!ip('172.32.0.1').isPrivate() && !ip('127.0.0.1').isPrivate()",
            "ip('10.0.0.1').isGlobalUnicast()",
        ]);
    }
}
