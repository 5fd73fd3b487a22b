//! The IP address and CIDR range values of the network functions.

use std::any::Any;
use std::net::IpAddr;

use cel::ExecutionError;
use cel::common::types::Type;
use cel::common::value::{StaticVal, Val};
use ipnet::IpNet;

use super::function::{function_error, text_excerpt};

static IP_TYPE: Type = Type::new_unspecified_type("net.IP");
static CIDR_TYPE: Type = Type::new_unspecified_type("net.CIDR");

/// An IP address. An IPv4 address that is mapped into IPv6 is stored as the IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IpValue(pub(super) IpAddr);

/// A CIDR range. Its address may have bits beyond the prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CidrValue(pub(super) IpNet);

impl IpValue {
    /// Returns whether the address identifies one host. Private addresses are included.
    pub(super) fn is_global_unicast(self) -> bool {
        let broadcast = matches!(self.0, IpAddr::V4(v4) if v4.is_broadcast());
        let special = self.0.is_unspecified() || self.0.is_loopback() || self.0.is_multicast();
        !(broadcast || special || self.is_link_local_unicast())
    }

    /// Returns whether the address is a multicast address with link-local scope.
    pub(super) fn is_link_local_multicast(self) -> bool {
        match self.0 {
            IpAddr::V4(v4) => matches!(v4.octets(), [224, 0, 0, _]),
            // The low half of the second byte is the scope. Scope 2 is link-local.
            IpAddr::V6(v6) => matches!(v6.octets(), [0xff, scope, ..] if scope & 0x0f == 2),
        }
    }

    /// Returns whether the address is a unicast address with link-local scope.
    pub(super) fn is_link_local_unicast(self) -> bool {
        match self.0 {
            IpAddr::V4(v4) => v4.is_link_local(),
            IpAddr::V6(v6) => v6.is_unicast_link_local(),
        }
    }

    /// Returns whether the address is reserved for private networks.
    pub(super) fn is_private(self) -> bool {
        match self.0 {
            IpAddr::V4(v4) => v4.is_private(),
            IpAddr::V6(v6) => v6.is_unique_local(),
        }
    }
}

/// Parses an IP address. The function rejects zones, and dotted IPv4 notation inside IPv6, as the
/// CEL specification requires.
pub(super) fn parse_ip(function: &str, s: &str) -> Result<IpValue, ExecutionError> {
    let dotted_v6 = s.contains(':') && s.contains('.');
    match s.parse::<IpAddr>() {
        Ok(address) if !dotted_v6 => Ok(IpValue(address.to_canonical())),
        _ => Err(function_error(function, format!("`{}` is not an ip address", text_excerpt(s)))),
    }
}

/// Parses a CIDR range: an address, a slash, and a prefix length without leading zeros.
pub(super) fn parse_cidr(function: &str, s: &str) -> Result<CidrValue, ExecutionError> {
    let parsed = s.split_once('/').and_then(|(address, prefix)| {
        let address = parse_ip(function, address).ok()?;
        let length: u8 = prefix.parse().ok()?;
        // `parse` also accepts `+8` and `08`, which are not valid prefix lengths.
        if length.to_string() != prefix {
            return None;
        }
        IpNet::new(address.0, length).ok()
    });
    parsed.map(CidrValue).ok_or_else(|| {
        function_error(function, format!("`{}` is not a cidr range", text_excerpt(s)))
    })
}

impl Val for IpValue {
    fn get_type(&self) -> &Type {
        &IP_TYPE
    }

    fn cel_type() -> &'static Type {
        &IP_TYPE
    }

    fn equals(&self, other: &dyn Val) -> bool {
        other.downcast_ref::<Self>() == Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(*self)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for IpValue {}

impl Val for CidrValue {
    fn get_type(&self) -> &Type {
        &CIDR_TYPE
    }

    fn cel_type() -> &'static Type {
        &CIDR_TYPE
    }

    fn equals(&self, other: &dyn Val) -> bool {
        other.downcast_ref::<Self>() == Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(*self)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for CidrValue {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lenient_spellings_are_rejected() {
        for s in ["fe80::1%en0", "::ffff:192.168.0.1", " 1.2.3.4", "1.2.3.4 ", "0x1.2.3.4"] {
            assert!(parse_ip("ip", s).is_err(), "{s}");
        }
        for s in ["10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/8/8", "::ffff:1.2.3.4/24", "/8"] {
            assert!(parse_cidr("cidr", s).is_err(), "{s}");
        }
    }

    #[test]
    fn a_mapped_address_equals_the_ipv4_address() {
        assert_eq!(parse_ip("ip", "::ffff:c0a8:1").ok(), parse_ip("ip", "192.168.0.1").ok());
    }
}
