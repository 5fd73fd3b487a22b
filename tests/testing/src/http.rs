//! A minimal HTTP/1.1 client and server for tests.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

/// A response with a complete body.
pub type Answer = Response<Full<Bytes>>;

/// An error that closes the connection without a response.
#[derive(Debug, thiserror::Error)]
#[error("closed")]
pub struct Closed;

/// Sends a request on a new connection. Returns the head and the body of the response.
///
/// # Errors
/// The error of the connection, for example if the server closes it.
pub async fn send(
    to: SocketAddr,
    request: Request<Full<Bytes>>,
) -> Result<(hyper::http::response::Parts, Bytes), hyper::Error> {
    let stream = TcpStream::connect(to).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let (head, body) = sender.send_request(request).await?.into_parts();
    Ok((head, body.collect().await?.to_bytes()))
}

/// An `Authorization` header with the test credentials. The stand-in does not check the signature.
pub const ASKED_BY: &str = "AWS4-HMAC-SHA256 Credential=test/20260311/eu-central-1/s3/aws4_request, \
                        SignedHeaders=host, Signature=none";

/// Sends a request with a body. Returns the status and the body of the response.
pub async fn call(
    to: SocketAddr,
    method: &str,
    path: &str,
    body: impl Into<Bytes>,
) -> (StatusCode, Bytes) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", to.to_string())
        .header("authorization", ASKED_BY)
        .body(Full::new(body.into()))
        .unwrap();
    let (head, body) = send(to, request).await.unwrap();
    (head.status, body)
}

/// Serves `answer` on a free port until the runtime ends. Returns the address.
pub async fn serve<F, R>(answer: F) -> SocketAddr
where
    F: Fn(Request<Incoming>) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Answer, Closed>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = Arc::clone(&answer);
            let service = service_fn(move |request| answer(request));
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(async move {
                // `Closed` ends a connection intentionally.
                drop(connection.await);
                Ok::<(), Infallible>(())
            });
        }
    });
    address
}
