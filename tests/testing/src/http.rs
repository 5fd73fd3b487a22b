//! HTTP/1.1 by hand: one request on one connection, and a server of one closure.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

/// A message whose body is all there.
pub type Answer = Response<Full<Bytes>>;

/// The connection is closed, and nothing is answered.
#[derive(Debug, thiserror::Error)]
#[error("closed")]
pub struct Closed;

/// Sends one request.
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

/// Names who asks; the stand-in looks at no signature.
pub const ASKED_BY: &str = "AWS4-HMAC-SHA256 Credential=test/20260311/eu-central-1/s3/aws4_request, \
                        SignedHeaders=host, Signature=none";

/// Sends a body, and takes the answer's status and body.
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

/// Serves `answer` on a port of the system's choice, for as long as the runtime lives.
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
                // A connection that was closed on purpose is no failure.
                drop(connection.await);
                Ok::<(), Infallible>(())
            });
        }
    });
    address
}
