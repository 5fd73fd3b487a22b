//! Parses the URIs of integration backends, and checks that the backends support TLS.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::tls_probe::TlsProbe;
use crate::remediator::PrecheckResult;

/// The unencrypted URI scheme.
const UNENCRYPTED_SCHEME: &str = "http://";

/// The start of a reference to a stage variable.
///
/// Source: Amazon API Gateway Developer Guide, "API Gateway stage variables reference".
const VARIABLE: &str = "${stageVariables.";

/// Returns whether a URI has the scheme `http`.
pub(crate) fn is_unencrypted(uri: &str) -> bool {
    uri.get(..UNENCRYPTED_SCHEME.len())
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case(UNENCRYPTED_SCHEME))
}

/// Changes the scheme of a URI from `http` to `https`. The function removes port 80 and keeps other
/// ports. It returns a URI with another scheme unchanged.
pub(crate) fn to_https_uri(uri: &str) -> String {
    let Some(rest) = uri.get(UNENCRYPTED_SCHEME.len()..).filter(|_| is_unencrypted(uri)) else {
        return uri.to_owned();
    };
    let end = find_authority_end(rest);
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    format!("https://{}{path}", authority.strip_suffix(":80").unwrap_or(authority))
}

/// Returns the names of the stage variables in a URI.
pub(crate) fn find_stage_variables(uri: &str) -> BTreeSet<String> {
    let names = uri.split(VARIABLE).skip(1);
    names.filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect()
}

/// Replaces the stage variables in a URI. Returns `None` if the value of a variable is unknown.
pub(crate) fn fill_stage_variables(uri: &str, values: &BTreeMap<String, String>) -> Option<String> {
    find_stage_variables(uri).into_iter().try_fold(uri.to_owned(), |uri, name| {
        Some(uri.replace(&format!("{VARIABLE}{name}}}"), values.get(&name)?))
    })
}

/// Returns the host and the port of an HTTPS URI. Returns `None` if they cannot be determined.
pub(crate) fn parse_tls_address(uri: &str) -> Option<(String, u16)> {
    let rest = uri.split_once("://").filter(|(scheme, _)| scheme.eq_ignore_ascii_case("https"))?.1;
    let (authority, _) = rest.split_at_checked(find_authority_end(rest))?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (authority, 443),
    };
    // A host can contain path parameters, such as `{host}`. The backend is then unknown.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]_".contains(&byte);
    (!host.is_empty() && host.bytes().all(plain)).then(|| (host.to_owned(), port))
}

/// Returns the end of the authority in a URI without its scheme.
fn find_authority_end(rest: &str) -> usize {
    rest.find(['/', '?', '#']).unwrap_or(rest.len())
}

/// Checks that the backends of all `uris` complete a TLS handshake.
pub(crate) async fn check_backends(
    probe: Option<&dyn TlsProbe>,
    uris: &BTreeSet<String>,
) -> PrecheckResult {
    let mut addresses = BTreeSet::new();
    for uri in uris {
        match parse_tls_address(uri) {
            Some(address) => _ = addresses.insert(address),
            None => {
                return PrecheckResult::RequireApproval(format!(
                    "the host of `{uri}` cannot be determined; check that the backend supports TLS \
                     before you approve"
                ));
            }
        }
    }
    let Some(probe) = probe else {
        return PrecheckResult::RequireApproval(
            "the TLS probe is off; check that the backend supports TLS before you approve"
                .to_owned(),
        );
    };
    for (host, port) in addresses {
        if let Err(why) = probe.verify_handshake(&host, port).await {
            return PrecheckResult::Abort(format!(
                "the TLS handshake with backend {host}:{port} failed: {why}; set up TLS on the \
                 backend first"
            ));
        }
    }
    PrecheckResult::Proceed
}

/// Fills in the stage variables of a URI for each stage, and checks that all resulting backends
/// complete a TLS handshake.
pub(crate) async fn check_stage_backends<'a>(
    probe: Option<&dyn TlsProbe>,
    uri: &str,
    stages: impl Iterator<Item = (&'a String, &'a BTreeMap<String, String>)>,
) -> PrecheckResult {
    let mut uris = BTreeSet::new();
    if find_stage_variables(uri).is_empty() {
        uris.insert(uri.to_owned());
    }
    for (stage, values) in stages {
        match fill_stage_variables(uri, values) {
            Some(uri) => _ = uris.insert(uri),
            None => {
                return PrecheckResult::Abort(format!(
                    "stage `{stage}` does not define a stage variable of `{uri}`; define the \
                     variable first"
                ));
            }
        }
    }
    if uris.is_empty() {
        return PrecheckResult::RequireApproval(format!(
            "no stage defines the stage variables of `{uri}`; check that the backend supports TLS \
             before you approve"
        ));
    }
    check_backends(probe, &uris).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_scheme_and_its_port_change() {
        for (unencrypted, tls) in [
            ("http://a.example/x?y=http://z", "https://a.example/x?y=http://z"),
            ("HTTP://a.example:80/", "https://a.example/"),
            ("http://a.example:8080/{proxy}", "https://a.example:8080/{proxy}"),
            ("http://${stageVariables.host}/x", "https://${stageVariables.host}/x"),
            ("https://a.example:80/", "https://a.example:80/"),
            ("http://a.example:80", "https://a.example"),
        ] {
            assert_eq!(to_https_uri(unencrypted), tls);
            assert_eq!(to_https_uri(tls), tls);
        }
    }

    #[test]
    fn variables_are_replaced_or_the_host_is_unknown() {
        let values = BTreeMap::from([("host".to_owned(), "b.example:8443".to_owned())]);
        let uri = fill_stage_variables("https://${stageVariables.host}/x", &values).unwrap();
        assert_eq!(parse_tls_address(&uri), Some(("b.example".to_owned(), 8443)));
        assert_eq!(fill_stage_variables("https://${stageVariables.other}/x", &values), None);
        for unknown in ["https://{host}/x", "http://a.example/", "https:///x", "https://a:b/"] {
            assert_eq!(parse_tls_address(unknown), None, "{unknown}");
        }
        assert_eq!(
            parse_tls_address("https://[2001:db8::1]/"),
            Some(("[2001:db8::1]".to_owned(), 443))
        );
    }
}
