//! Whether a backend speaks TLS, asked of the backend itself.

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

/// A backend that is silent for this long is none that a gateway would wait for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The answer to come.
pub type HandshakeFuture<'a> =
    Pin<Box<dyn Future<Output = Result<(), HandshakeError>> + Send + 'a>>;

/// Why there is no handshake.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The host is no name and no address.
    #[error(transparent)]
    Name(#[from] InvalidDnsNameError),
    /// Its name cannot be looked up, its address is not reached, or it speaks no TLS that is trusted.
    #[error(transparent)]
    Connection(#[from] std::io::Error),
    /// Its name leads inside a network.
    #[error("its name leads to no public address")]
    NotPublic,
    /// It is silent.
    #[error("no answer within {} s", PATIENCE.as_secs())]
    TimedOut,
}

/// Asks backends for TLS.
pub trait TlsProbe: Debug + Send + Sync {
    /// A handshake with `host` at `port`, by its name and the public roots. The error says why there is none.
    fn verify_handshake<'a>(&'a self, host: &'a str, port: u16) -> HandshakeFuture<'a>;
}

/// Why roots cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProbeSetupError {
    /// The file is no PEM file.
    #[error("the roots cannot be read: {0}")]
    File(#[from] rustls::pki_types::pem::Error),
    /// The TLS library does not take them.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

/// Makes a TLS handshake, and says nothing more.
#[derive(Clone, Debug)]
pub struct HandshakeProbe {
    config: Arc<ClientConfig>,
    allows_private_addresses: bool,
}

impl HandshakeProbe {
    /// Trusts Mozilla's roots, and calls public addresses only: a URI in somebody's API must not make us
    /// knock on doors inside a network.
    ///
    /// # Errors
    /// When the TLS library cannot be set up.
    pub fn with_public_roots() -> Result<HandshakeProbe, rustls::Error> {
        let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        Ok(HandshakeProbe {
            config: Arc::new(build_client_config(roots)?),
            allows_private_addresses: false,
        })
    }

    /// As a setting says: `on` (which is what none means), `off`, or a PEM file of roots, with which addresses inside
    /// a network are called as well.
    ///
    /// # Errors
    /// When the roots cannot be used.
    pub fn from_setting(setting: Option<&str>) -> Result<Option<HandshakeProbe>, ProbeSetupError> {
        Ok(match setting {
            None | Some("" | "on") => Some(HandshakeProbe::with_public_roots()?),
            Some("off") => None,
            Some(roots) => Some(HandshakeProbe::from_pem_file(Path::new(roots))?),
        })
    }

    /// Trusts `roots`, and calls any address.
    ///
    /// # Errors
    /// When the TLS library cannot be set up.
    pub fn with_roots(roots: RootCertStore) -> Result<HandshakeProbe, rustls::Error> {
        Ok(HandshakeProbe {
            config: Arc::new(build_client_config(roots)?),
            allows_private_addresses: true,
        })
    }

    /// Trusts the certificates of a PEM file, and calls any address.
    ///
    /// # Errors
    /// When the file cannot be read, or holds what is no certificate.
    pub fn from_pem_file(file: &Path) -> Result<HandshakeProbe, ProbeSetupError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(file)? {
            roots.add(certificate?)?;
        }
        Ok(HandshakeProbe::with_roots(roots)?)
    }

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
            let met = timeout(PATIENCE, self.connect_host(host, port)).await;
            met.unwrap_or(Err(HandshakeError::TimedOut))
        })
    }
}

/// The provider is named, because a process may know two.
fn build_client_config(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = rustls::ALL_VERSIONS;
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Whether the whole internet can reach an address.
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
    // Global unicast, without documentation, 6to4 and Teredo, which hold addresses of version 4.
    let [a, b, ..] = address.segments();
    a & 0xe000 == 0x2000 && a != 0x2002 && !(a == 0x2001 && (b == 0 || b == 0xdb8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_called() {
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
    async fn an_address_inside_is_not_called() {
        let probe = HandshakeProbe::with_public_roots().unwrap();
        let why = probe.verify_handshake("localhost", 443).await.unwrap_err();
        assert!(matches!(why, HandshakeError::NotPublic), "{why}");
        assert!(probe.verify_handshake("a b", 443).await.is_err());
    }

    /// A backend on this machine that knows a certificate for `localhost`, and the roots that trust it.
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
        let strange = HandshakeProbe::with_roots(RootCertStore::empty()).unwrap();
        let unknown = strange.verify_handshake("localhost", port).await.unwrap_err();
        assert!(unknown.to_string().contains("UnknownIssuer"), "{unknown}");
    }

    #[tokio::test]
    async fn a_backend_in_clear_text_makes_no_handshake() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let answer = b"HTTP/1.1 400 Bad Request\r\n\r\n";
            tokio::io::AsyncWriteExt::write_all(&mut stream, answer).await.unwrap();
        });
        let probe = HandshakeProbe::with_roots(RootCertStore::empty()).unwrap();
        assert!(probe.verify_handshake("127.0.0.1", port).await.is_err());
    }
}
