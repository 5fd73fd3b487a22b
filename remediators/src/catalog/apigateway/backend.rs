//! Backends of integrations: their addresses, and whether they speak TLS.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::probe::Probe;
use crate::remediator::Check;

/// The scheme in clear text.
const CLEAR: &str = "http://";

/// The mark of a stage variable.
///
/// Source: Amazon API Gateway Developer Guide, "API Gateway stage variables reference".
const VARIABLE: &str = "${stageVariables.";

/// Whether a URI is in clear text.
pub(crate) fn is_clear(uri: &str) -> bool {
    uri.get(..CLEAR.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(CLEAR))
}

/// The same URI over TLS. The port 80 goes with its scheme, any other stays.
pub(crate) fn secured(uri: &str) -> String {
    let Some(rest) = uri.get(CLEAR.len()..).filter(|_| is_clear(uri)) else {
        return uri.to_owned();
    };
    let end = authority_end(rest);
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    format!("https://{}{path}", authority.strip_suffix(":80").unwrap_or(authority))
}

/// The stage variables in a URI.
pub(crate) fn variables(uri: &str) -> BTreeSet<String> {
    let names = uri.split(VARIABLE).skip(1);
    names.filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect()
}

/// A URI with its variables filled in; none if one is not known.
pub(crate) fn resolved(uri: &str, values: &BTreeMap<String, String>) -> Option<String> {
    variables(uri).into_iter().try_fold(uri.to_owned(), |uri, name| {
        Some(uri.replace(&format!("{VARIABLE}{name}}}"), values.get(&name)?))
    })
}

/// Host and port of a URI over TLS.
pub(crate) fn address(uri: &str) -> Option<(String, u16)> {
    let rest = uri.split_once("://").filter(|(scheme, _)| scheme.eq_ignore_ascii_case("https"))?.1;
    let (authority, _) = rest.split_at_checked(authority_end(rest))?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (authority, 443),
    };
    // Path parameters may stand in a host: who answers is then not known.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]_".contains(&byte);
    (!host.is_empty() && host.bytes().all(plain)).then(|| (host.to_owned(), port))
}

/// Where a URI's authority ends, without what stands in a variable.
fn authority_end(rest: &str) -> usize {
    rest.find(['/', '?', '#']).unwrap_or(rest.len())
}

/// Whether all backends speak TLS.
pub(crate) async fn check(probe: Option<&dyn Probe>, uris: &BTreeSet<String>) -> Check {
    let mut addresses = BTreeSet::new();
    for uri in uris {
        match address(uri) {
            Some(address) => _ = addresses.insert(address),
            None => return Check::Ask(format!("which host `{uri}` leads to cannot be told")),
        }
    }
    let Some(probe) = probe else {
        return Check::Ask("the backend was not asked whether it speaks TLS".to_owned());
    };
    for (host, port) in addresses {
        if let Err(why) = probe.shake_hands(&host, port).await {
            return Check::Refuse(format!("no TLS with {host}:{port}: {why}"));
        }
    }
    Check::Go
}

/// Whether every backend that a URI leads to speaks TLS, with each stage's variables.
pub(crate) async fn check_stages<'a>(
    probe: Option<&dyn Probe>,
    uri: &str,
    stages: impl Iterator<Item = (&'a String, &'a BTreeMap<String, String>)>,
) -> Check {
    let mut uris = BTreeSet::new();
    if variables(uri).is_empty() {
        uris.insert(uri.to_owned());
    }
    for (stage, values) in stages {
        match resolved(uri, values) {
            Some(uri) => _ = uris.insert(uri),
            None => return Check::Refuse(format!("stage `{stage}` lacks a variable of `{uri}`")),
        }
    }
    if uris.is_empty() {
        return Check::Ask(format!("no stage tells where `{uri}` leads to"));
    }
    check(probe, &uris).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_scheme_and_its_port_change() {
        for (clear, tls) in [
            ("http://a.example/x?y=http://z", "https://a.example/x?y=http://z"),
            ("HTTP://a.example:80/", "https://a.example/"),
            ("http://a.example:8080/{proxy}", "https://a.example:8080/{proxy}"),
            ("http://${stageVariables.host}/x", "https://${stageVariables.host}/x"),
            ("https://a.example:80/", "https://a.example:80/"),
            ("http://a.example:80", "https://a.example"),
        ] {
            assert_eq!(secured(clear), tls);
            assert_eq!(secured(tls), tls);
        }
    }

    #[test]
    fn variables_are_filled_in_or_the_host_is_not_known() {
        let values = BTreeMap::from([("host".to_owned(), "b.example:8443".to_owned())]);
        let uri = resolved("https://${stageVariables.host}/x", &values).unwrap();
        assert_eq!(address(&uri), Some(("b.example".to_owned(), 8443)));
        assert_eq!(resolved("https://${stageVariables.other}/x", &values), None);
        for unknown in ["https://{host}/x", "http://a.example/", "https:///x", "https://a:b/"] {
            assert_eq!(address(unknown), None, "{unknown}");
        }
        assert_eq!(address("https://[2001:db8::1]/"), Some(("[2001:db8::1]".to_owned(), 443)));
    }
}
