//! Sends the requests of the object store with the HTTP and TLS libraries of the AWS SDK.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

/// The timeout for the establishment of a connection. A successful connection takes only
/// milliseconds, so that a longer attempt has probably failed.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The factory of the HTTP client for the store.
#[derive(Clone, Copy, Debug)]
pub(super) struct SdkHttp {
    timeout: Duration,
}

impl SdkHttp {
    /// Creates the factory. `timeout` is the maximum time for a request and its response.
    pub(super) fn new(timeout: Duration) -> SdkHttp {
        SdkHttp { timeout }
    }
}

impl HttpConnector for SdkHttp {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).build();
        let connector = Connector::builder()
            .connector_settings(settings)
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build();
        Ok(HttpClient::new(SdkHttpService { connector, timeout: self.timeout }))
    }
}

#[derive(Debug)]
struct SdkHttpService {
    connector: Connector,
    timeout: Duration,
}

#[async_trait]
impl HttpService for SdkHttpService {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let request = request.map(SdkBody::from_body_1_x);
        let request =
            request.try_into().map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
        let now = Instant::now();
        let deadline = now.checked_add(self.timeout).unwrap_or(now);
        let answer = timeout_at(deadline, self.connector.call(request)).await;
        let answer = answer.map_err(|late| HttpError::new(HttpErrorKind::Timeout, late))?;
        let answer = answer.map_err(to_http_error)?.try_into_http1x();
        let answer = answer.map_err(|error| HttpError::new(HttpErrorKind::Decode, error))?;
        let timed = |body| TimedBody { body, deadline: Box::pin(sleep_until(deadline)) };
        Ok(answer.map(|body| HttpResponseBody::new(timed(body))))
    }
}

fn to_http_error(error: ConnectorError) -> HttpError {
    let kind = if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if error.is_io() || error.as_other().is_some() {
        // The connection failed, and it is unknown whether the server processed the request. The
        // store retries the request, as with its own HTTP client. This is safe, because a record is
        // created only if it does not exist.
        HttpErrorKind::Request
    } else {
        HttpErrorKind::Unknown
    };
    HttpError::new(kind, error)
}

/// A response body that fails when the deadline passes.
struct TimedBody {
    body: SdkBody,
    deadline: Pin<Box<Sleep>>,
}

impl Body for TimedBody {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            let interrupted = |error| HttpError::new_boxed(HttpErrorKind::Interrupted, error);
            return Poll::Ready(frame.map(|frame| frame.map_err(interrupted)));
        }
        ready!(self.deadline.as_mut().poll(context));
        let late = std::io::Error::from(std::io::ErrorKind::TimedOut);
        Poll::Ready(Some(Err(HttpError::new(HttpErrorKind::Timeout, late))))
    }

    fn size_hint(&self) -> http_body::SizeHint {
        Body::size_hint(&self.body)
    }
}
