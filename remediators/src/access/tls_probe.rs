//! The TLS probe: a handshake that shows whether a backend supports TLS.

use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, InvalidDnsNameError, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// The timeout of a handshake, including the DNS lookup.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// The future of a handshake.
pub type HandshakeFuture<'a> =
    Pin<Box<dyn Future<Output = Result<(), HandshakeError>> + Send + 'a>>;

/// The reason why a handshake failed.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The host is not a valid DNS name or IP address.
    #[error(transparent)]
    Name(#[from] InvalidDnsNameError),
    /// The DNS lookup or the connection failed, or the backend has no trusted certificate.
    #[error(transparent)]
    Connection(#[from] std::io::Error),
    /// The host name resolves to private addresses only.
    #[error("the host name does not resolve to a public address")]
    NotPublic,
    /// The backend did not complete the handshake before the timeout.
    #[error("no response within {} s", HANDSHAKE_TIMEOUT.as_secs())]
    TimedOut,
}

/// A probe that checks whether a backend supports TLS.
pub trait TlsProbe: Debug + Send + Sync {
    /// Makes a TLS handshake with `host` at `port` and verifies the certificate for the host name.
    ///
    /// # Errors
    /// [`HandshakeError`] if the handshake fails.
    fn verify_handshake<'a>(&'a self, host: &'a str, port: u16) -> HandshakeFuture<'a>;
}

/// The reason why a probe cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum ProbeSetupError {
    /// The file cannot be read or is not a PEM file.
    #[error(
        "the root certificates of the TLS probe cannot be read: {0}; set the probe to `on`, `off` \
         or the path of a PEM file"
    )]
    File(#[from] rustls::pki_types::pem::Error),
    /// The TLS library does not accept the certificates.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

/// A probe that makes a TLS handshake and sends no application data.
#[derive(Clone, Debug)]
pub struct HandshakeProbe {
    config: Arc<ClientConfig>,
    allows_private_addresses: bool,
}

impl HandshakeProbe {
    /// Returns a probe that trusts the Mozilla root certificates and connects to public addresses
    /// only. Otherwise the backend URI of an API could make the probe connect to hosts of an
    /// internal network.
    ///
    /// # Errors
    /// [`rustls::Error`] if the TLS library cannot be configured.
    pub fn with_public_roots() -> Result<HandshakeProbe, rustls::Error> {
        let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        Ok(HandshakeProbe {
            config: Arc::new(build_client_config(roots)?),
            allows_private_addresses: false,
        })
    }

    /// Returns the probe for a setting: `on` (the default), `off`, or the path of a PEM file with
    /// root certificates. With a PEM file, the probe also connects to private addresses.
    ///
    /// # Errors
    /// [`ProbeSetupError`] if the root certificates cannot be used.
    pub fn from_setting(setting: Option<&str>) -> Result<Option<HandshakeProbe>, ProbeSetupError> {
        Ok(match setting {
            None | Some("" | "on") => Some(HandshakeProbe::with_public_roots()?),
            Some("off") => None,
            Some(roots) => Some(HandshakeProbe::from_pem_file(Path::new(roots))?),
        })
    }

    /// Returns a probe that trusts `roots` and connects to all addresses.
    ///
    /// # Errors
    /// [`rustls::Error`] if the TLS library cannot be configured.
    pub fn with_roots(roots: RootCertStore) -> Result<HandshakeProbe, rustls::Error> {
        Ok(HandshakeProbe {
            config: Arc::new(build_client_config(roots)?),
            allows_private_addresses: true,
        })
    }

    /// Returns a probe that trusts the certificates of a PEM file and connects to all addresses.
    ///
    /// # Errors
    /// [`ProbeSetupError`] if the file cannot be read, or if it contains an entry that is not a
    /// certificate.
    pub fn from_pem_file(file: &Path) -> Result<HandshakeProbe, ProbeSetupError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(file)? {
            roots.add(certificate?)?;
        }
        Ok(HandshakeProbe::with_roots(roots)?)
    }

    /// Tries the addresses of a host until a handshake succeeds.
    async fn connect_host(&self, host: &str, port: u16) -> Result<(), HandshakeError> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned())?;
        let addresses = lookup_host((host, port)).await?;
        let mut why = HandshakeError::NotPublic;
        for address in
            addresses.filter(|address| self.allows_private_addresses || is_public(address.ip()))
        {
            match self.complete_handshake(address, name.clone()).await {
                Ok(()) => return Ok(()),
                Err(error) => why = error.into(),
            }
        }
        Err(why)
    }

    async fn complete_handshake(
        &self,
        address: SocketAddr,
        name: ServerName<'static>,
    ) -> std::io::Result<()> {
        let stream = TcpStream::connect(address).await?;
        TlsConnector::from(Arc::clone(&self.config)).connect(name, stream).await.map(drop)
    }
}

impl TlsProbe for HandshakeProbe {
    fn verify_handshake<'a>(&'a self, host: &'a str, port: u16) -> HandshakeFuture<'a> {
        Box::pin(async move {
            let result = timeout(HANDSHAKE_TIMEOUT, self.connect_host(host, port)).await;
            result.unwrap_or(Err(HandshakeError::TimedOut))
        })
    }
}

/// Returns the TLS configuration. The function names the crypto provider, because a process can
/// contain two providers.
fn build_client_config(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = rustls::ALL_VERSIONS;
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Returns whether an address is reachable from the public internet.
///
/// Source: IANA IPv4 and IPv6 Special-Purpose Address Registries.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_public_v4(mapped),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (b == 18 || b == 19))
        || (a == 192 && b == 0 && c == 0))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // Only global unicast addresses (2000::/3) are public. Documentation addresses are excluded,
    // and so are 6to4 and Teredo addresses, because they can contain a private IPv4 address.
    let [a, b, ..] = address.segments();
    a & 0xe000 == 0x2000 && a != 0x2002 && !(a == 0x2001 && (b == 0 || b == 0xdb8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_for_special_purposes_are_not_public() {
        for inside in [
            "10.1.2.3",
            "127.0.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "0.0.0.0",
            "198.18.0.1",
            "255.255.255.255",
            "::1",
            "fd00:ec2::254",
            "fe80::1",
            "::ffff:10.0.0.1",
            "2002:a00:1::",
            "2001:db8::1",
            "::",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["3.5.140.2", "2600:1f00::1", "192.0.1.1", "100.128.0.1"] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    #[tokio::test]
    async fn the_probe_does_not_connect_to_a_private_address() {
        let probe = HandshakeProbe::with_public_roots().unwrap();
        let why = probe.verify_handshake("localhost", 443).await.unwrap_err();
        assert!(matches!(why, HandshakeError::NotPublic), "{why}");
        assert!(probe.verify_handshake("a b", 443).await.is_err());
    }

    /// Starts a local backend with a certificate for `localhost`. Returns its port and its root
    /// certificate.
    async fn backend() -> (u16, RootCertStore) {
        let (port, file) = evenkeel_testing::backend::backend().await;
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(file).unwrap()).unwrap();
        (port, roots)
    }

    #[tokio::test]
    async fn a_certificate_must_be_trusted_and_for_the_name() {
        let (port, roots) = backend().await;
        let trusting = HandshakeProbe::with_roots(roots).unwrap();
        trusting.verify_handshake("localhost", port).await.unwrap();
        let other = trusting.verify_handshake("127.0.0.1", port).await.unwrap_err();
        assert!(other.to_string().contains("certificate not valid for name"), "{other}");
        let distrusting = HandshakeProbe::with_roots(RootCertStore::empty()).unwrap();
        let unknown = distrusting.verify_handshake("localhost", port).await.unwrap_err();
        assert!(unknown.to_string().contains("UnknownIssuer"), "{unknown}");
    }

    #[tokio::test]
    async fn a_handshake_with_an_unencrypted_backend_fails() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let response = b"HTTP/1.1 400 Bad Request\r\n\r\n";
            tokio::io::AsyncWriteExt::write_all(&mut stream, response).await.unwrap();
        });
        let probe = HandshakeProbe::with_roots(RootCertStore::empty()).unwrap();
        assert!(probe.verify_handshake("127.0.0.1", port).await.is_err());
    }
}
