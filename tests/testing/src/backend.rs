//! A local TLS server, used as the backend of API integrations.

use std::path::PathBuf;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::project;

/// A self-signed certificate for `localhost`, valid until the year 9999. Only these tests trust it,
/// so its key is not a secret.
const CERTIFICATE: &[u8] = include_bytes!("backend/certificate.pem");
const KEY: &[u8] = include_bytes!("backend/key.der");

/// Starts the server. Returns its port and the file with its root certificate.
pub async fn backend() -> (u16, PathBuf) {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
    let key = PrivateKeyDer::try_from(KEY).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            drop(acceptor.accept(stream).await);
        }
    });
    (port, project("tests/testing/src/backend/certificate.pem"))
}
