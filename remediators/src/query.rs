//! AWS's Query protocol, for the services whose own SDK costs minutes of compilation: EC2, RDS and IAM.
//!
//! Source: Amazon EC2 API Reference, "Query requests for Amazon EC2" and "Error codes"; Amazon RDS API
//! Reference, "Common Errors".

mod xml;

pub(crate) use xml::Element;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_types::SdkConfig;
use evenkeel_aws::Partition;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::aws::Aws;
use crate::kill_switch::KillSwitch;

/// One attempt takes no longer.
const ATTEMPT: Duration = Duration::from_secs(10);

/// A call takes no longer, with all its attempts.
const CALL: Duration = Duration::from_secs(35);

/// After what passes by itself it is tried again, after these times.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// Credentials are fetched anew so long before they end.
const EARLY: Duration = Duration::from_mins(5);

/// More pages than any answer has: whoever gives more is not believed.
const PAGES: usize = 100;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// Codes of what passes by itself, beside statuses of 500 and more.
///
/// Source: Amazon EC2 API Reference, "Error codes"; AWS SDKs Reference Guide, "Retry behavior".
const PASSING: &[&str] = &[
    "EC2ThrottledException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QueryError {
    /// AWS said no.
    #[error("{code}: {message}")]
    Refused { status: u16, code: String, message: String },
    /// AWS was not asked or not heard, or what it said is not all of an answer.
    #[error("{0}")]
    Unanswered(String),
}

type Result<T> = std::result::Result<T, QueryError>;

fn unanswered(error: impl std::fmt::Display) -> QueryError {
    QueryError::Unanswered(error.to_string())
}

impl QueryError {
    /// AWS's code, such as `InvalidGroup.NotFound`.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            QueryError::Refused { code, .. } => Some(code),
            QueryError::Unanswered(_) => None,
        }
    }

    fn passes(&self) -> bool {
        match self {
            QueryError::Refused { status, code, .. } => {
                *status >= 500 || PASSING.contains(&code.as_str())
            }
            QueryError::Unanswered(_) => true,
        }
    }
}

/// A service that speaks the protocol.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    config: SdkConfig,
    service: &'static str,
    version: &'static str,
    connector: Arc<Connector>,
    switch: Option<KillSwitch>,
    credentials: Arc<Mutex<Option<Credentials>>>,
}

impl Query {
    /// Amazon EC2.
    pub(crate) fn ec2(aws: &Aws) -> Query {
        Query::new(aws, "ec2", "2016-11-15")
    }

    /// Amazon RDS, and what shares its API.
    pub(crate) fn rds(aws: &Aws) -> Query {
        Query::new(aws, "rds", "2014-10-31")
    }

    /// IAM, which is one for all Regions of a partition.
    pub(crate) fn iam(aws: &Aws) -> Query {
        Query::new(aws, "iam", "2010-05-08")
    }

    fn new(aws: &Aws, service: &'static str, version: &'static str) -> Query {
        let connector = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        let (config, switch) = (aws.config.clone(), aws.switch.clone());
        let (connector, credentials) = (Arc::new(connector.build()), Arc::default());
        Query { config, service, version, connector, switch, credentials }
    }

    /// A call of an action, without parameters yet.
    pub(crate) fn call(&self, action: &str) -> Call<'_> {
        let body = format!("Action={action}&Version={}", self.version);
        Call { query: self, body }
    }

    async fn send(&self, body: &str) -> Result<Element> {
        let answer = tokio::time::timeout(CALL, self.attempts(body)).await;
        Element::read(&answer.map_err(|_| unanswered("AWS did not answer in time"))??)
    }

    async fn attempts(&self, body: &str) -> Result<String> {
        let mut pauses = PAUSES.iter();
        loop {
            let attempt = tokio::time::timeout(ATTEMPT, self.attempt(body)).await;
            let answer = attempt.unwrap_or_else(|late| Err(unanswered(late)));
            match (answer, pauses.next()) {
                (Err(error), Some(pause)) if error.passes() => tokio::time::sleep(*pause).await,
                (answer, _) => return answer,
            }
        }
    }

    async fn attempt(&self, body: &str) -> Result<String> {
        let request = self.signed(body).await?;
        if let Some(switch) = &self.switch {
            let checked = switch.check_request(&request).await;
            checked.map_err(|error| unanswered(DisplayErrorContext(error)))?;
        }
        // The alternate form tells the causes too.
        let sent = self.connector.call(request).await;
        let answer = sent.map_err(|error| unanswered(format!("{error:?}")))?;
        let status = answer.status().as_u16();
        let body = ByteStream::new(answer.into_body()).collect().await.map_err(unanswered)?;
        let text = String::from_utf8(body.to_vec()).map_err(unanswered)?;
        if status == 200 { Ok(text) } else { Err(refused(status, &text)) }
    }

    async fn signed(&self, body: &str) -> Result<HttpRequest> {
        let region = self.config.region().ok_or_else(|| unanswered("there is no region"))?;
        let url = self.url(region.as_ref());
        let region = self.scope(region.as_ref());
        let identity = self.credentials().await?.into();
        let signing = SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(self.service)
            .time(SystemTime::now())
            .settings(SigningSettings::default());
        let signing = signing.build().map_err(unanswered)?.into();
        let bytes = SignableBody::Bytes(body.as_bytes());
        let unsigned = SignableRequest::new("POST", &url, std::iter::once(FORM), bytes);
        let signed = sign(unsigned.map_err(unanswered)?, &signing).map_err(unanswered)?;
        let mut request = http::Request::post(&url)
            .header(FORM.0, FORM.1)
            .body(SdkBody::from(body))
            .map_err(unanswered)?;
        signed.into_parts().0.apply_to_request_http1x(&mut request);
        HttpRequest::try_from(request).map_err(unanswered)
    }

    /// Source: AWS General Reference, "Amazon EC2 endpoints", "Amazon RDS endpoints" and "IAM endpoints".
    fn url(&self, region: &str) -> String {
        let suffix = Partition::of_region(region).dns_suffix;
        let host = || match (self.service, self.scope(region)) {
            ("iam", "us-east-1") => "https://iam.amazonaws.com/".to_owned(),
            ("iam", "us-gov-west-1") => "https://iam.us-gov.amazonaws.com/".to_owned(),
            (service, region) => format!("https://{service}.{region}.{suffix}/"),
        };
        self.config.endpoint_url().map_or_else(host, str::to_owned)
    }

    /// The Region that requests are signed for.
    fn scope<'r>(&self, region: &'r str) -> &'r str {
        if self.service == "iam" { Partition::of_region(region).iam_region } else { region }
    }

    /// Kept until they end: who provides them may assume a role each time.
    async fn credentials(&self) -> Result<Credentials> {
        let kept = self.credentials.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let lasts =
            |end: SystemTime| end.duration_since(SystemTime::now()).is_ok_and(|left| left > EARLY);
        if let Some(kept) = kept.filter(|kept| kept.expiry().is_none_or(lasts)) {
            return Ok(kept);
        }
        let provider = self.config.credentials_provider();
        let provider = provider.ok_or_else(|| unanswered("there are no credentials"))?;
        let fetched = provider.provide_credentials().await.map_err(unanswered)?;
        let mut kept = self.credentials.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(fetched.clone());
        Ok(fetched)
    }
}

/// A call in the making.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    query: &'a Query,
    body: String,
}

impl Call<'_> {
    /// With a parameter, such as `GroupId` or `SecurityGroupRuleId.1`.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.body += &format!("&{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
        self
    }

    /// The answer, of which every part that is asked for must be there.
    pub(crate) async fn send(self) -> Result<Element> {
        self.query.send(&self.body).await
    }

    /// The answers of all pages: EC2 names the next one in each.
    pub(crate) async fn pages(self) -> Result<Vec<Element>> {
        let mut pages = vec![self.query.send(&self.body).await?];
        while let Some(next) = pages.last().and_then(|page| page.find("nextToken")) {
            if next.text().is_empty() {
                break;
            }
            if pages.len() >= PAGES {
                return Err(unanswered("the answer has no end"));
            }
            let next = utf8_percent_encode(next.text(), NON_ALPHANUMERIC);
            let page = self.query.send(&format!("{}&NextToken={next}", self.body)).await?;
            pages.push(page);
        }
        Ok(pages)
    }
}

/// EC2 puts the error into `Errors`, RDS does not; what stands before AWS may answer without any.
fn refused(status: u16, text: &str) -> QueryError {
    let answer = Element::read(text).ok();
    let outer = answer.as_ref().map(|answer| answer.find("Errors").unwrap_or(answer));
    let error = outer.and_then(|outer| outer.find("Error"));
    let told = |name| error.and_then(|error| error.find(name)).map_or("", Element::text).to_owned();
    QueryError::Refused { status, code: told("Code"), message: told("Message") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nowhere() -> Aws {
        let config = SdkConfig::builder().build();
        Aws { config, probe: None, pace: crate::pace::Pace::default(), switch: None }
    }

    #[test]
    fn errors_of_both_services_are_read() {
        let ec2 = "<Response><Errors><Error><Code>InvalidGroup.NotFound</Code><Message>The group \
                   &#39;sg-1&#39; does not exist</Message></Error></Errors></Response>";
        let error = refused(400, ec2);
        assert_eq!(error.to_string(), "InvalidGroup.NotFound: The group 'sg-1' does not exist");
        assert!(!error.passes());
        let rds = "<ErrorResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><Error><Type>Sender\
                   </Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>";
        assert_eq!(refused(400, rds).code(), Some("Throttling"));
        assert!(refused(400, rds).passes());
        for (status, text, passes) in [(503, "", true), (500, "<html>", true), (403, "", false)] {
            assert_eq!(refused(status, text).passes(), passes, "{status} {text}");
        }
    }

    #[test]
    fn each_service_has_its_address() {
        let (ec2, rds) = (Query::ec2(&nowhere()), Query::rds(&nowhere()));
        assert_eq!(ec2.url("eu-central-1"), "https://ec2.eu-central-1.amazonaws.com/");
        assert_eq!(rds.url("cn-north-1"), "https://rds.cn-north-1.amazonaws.com.cn/");
        let iam = Query::iam(&nowhere());
        assert_eq!(iam.url("eu-central-1"), "https://iam.amazonaws.com/");
        assert_eq!(iam.url("us-gov-east-1"), "https://iam.us-gov.amazonaws.com/");
        assert_eq!(iam.url("cn-northwest-1"), "https://iam.cn-north-1.amazonaws.com.cn/");
        assert_eq!(iam.url("us-isob-east-1"), "https://iam.us-isob-east-1.sc2s.sgov.gov/");
        assert_eq!(ec2.url("eusc-de-east-1"), "https://ec2.eusc-de-east-1.amazonaws.eu/");
    }

    #[test]
    fn values_are_encoded() {
        let query = Query::ec2(&nowhere());
        let call = query.call("Do").with("Description", "a & b=c\u{e9} +");
        assert_eq!(
            call.body,
            "Action=Do&Version=2016-11-15&Description=a%20%26%20b%3Dc%C3%A9%20%2B"
        );
    }
}
