//! The kill switch: records of the ledger that stop every write to AWS, asked before each call that changes something.
//!
//! A repair may take many calls over minutes. A switch that is thrown meanwhile stops the next one.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_types::SdkConfig;
use evenkeel_client::config::new_http_client;
use evenkeel_ledger::{Ledger, LedgerError};

use crate::violation::TargetResource;

/// Whoever creates this record stops every repair; an undo goes on. Below it, one account's or one policy's.
pub const KILL_SWITCH: &str = "control/kill-switch";

/// The kill switches that apply to one target.
#[derive(Clone, Debug)]
pub struct KillSwitch {
    ledger: Ledger,
    /// The record of each switch, and what it stops.
    switches: [(String, &'static str); 3],
    /// A person's undo goes on: shared with the calls that are made for it.
    is_ignored: Arc<AtomicBool>,
}

/// A kill switch that is on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the kill switch stops {stops}: `{key}`")]
pub struct ActiveSwitch {
    /// Its record in the ledger.
    pub key: String,
    /// What it stops.
    pub stops: &'static str,
}

impl KillSwitch {
    /// The switches that apply to `target`, in `ledger`.
    pub fn new(ledger: Ledger, target: &TargetResource) -> KillSwitch {
        let switches = [
            (KILL_SWITCH.to_owned(), "all remediation"),
            (format!("{KILL_SWITCH}-account/{}", target.account), "remediation in this account"),
            (format!("{KILL_SWITCH}-policy/{}", target.policy), "remediation for this policy"),
        ];
        KillSwitch { ledger, switches, is_ignored: Arc::default() }
    }

    /// Whether a record with this key stops something: a slip in a name stops nothing.
    pub fn is_switch_key(key: &str) -> bool {
        let rest = key.strip_prefix(KILL_SWITCH);
        rest.is_some_and(|rest| {
            let of = |prefix| rest.strip_prefix(prefix).is_some_and(|name: &str| !name.is_empty());
            rest.is_empty() || of("-account/") || of("-policy/")
        })
    }

    /// The switch that lets no write be made now; none where none is on.
    ///
    /// # Errors
    /// When the ledger cannot be read: then no write may be made either.
    pub async fn find_active(&self) -> Result<Option<ActiveSwitch>, LedgerError> {
        if self.is_ignored.load(Ordering::Relaxed) {
            return Ok(None);
        }
        for (key, stops) in &self.switches {
            if self.ledger.has_record(key).await? {
                return Ok(Some(ActiveSwitch { key: key.clone(), stops }));
            }
        }
        Ok(None)
    }

    /// Lets writes pass from now on, for an undo that a person asked for.
    pub(crate) fn ignore_switches(&self) {
        self.is_ignored.store(true, Ordering::Relaxed);
    }

    /// A configuration whose calls that change something are made only while no switch is on.
    pub(crate) fn guard_config(&self, config: &SdkConfig) -> SdkConfig {
        let inner = config.http_client().unwrap_or_else(new_http_client);
        config.to_builder().http_client(GuardedClient { inner, switch: self.clone() }).build()
    }

    /// Refuses a request that changes something while a switch is on.
    pub(crate) async fn check_request(&self, request: &HttpRequest) -> Result<(), ConnectorError> {
        if !is_write(request) {
            return Ok(());
        }
        match self.find_active().await {
            Ok(None) => Ok(()),
            Ok(Some(active)) => Err(ConnectorError::user(active.into())),
            Err(error) => Err(ConnectorError::user(error.into())),
        }
    }
}

/// Whether a request can change something at AWS. What is not known to be a read counts as a change, and no content of
/// a resource makes a read of one: a body is looked at only where the protocol says that it begins with the operation.
///
/// Source: Smithy specification, "AWS JSON protocol" (`X-Amz-Target`) and "AWS Query protocol" (`Action`).
fn is_write(request: &HttpRequest) -> bool {
    let operation = match request.method() {
        "GET" | "HEAD" => return false,
        "POST" => find_target_operation(request).or_else(|| find_query_action(request)),
        _ => None,
    };
    operation.is_none_or(|operation| !crate::remediator::permission::is_read_action(operation))
}

fn find_target_operation(request: &HttpRequest) -> Option<&str> {
    request.headers().get("x-amz-target")?.rsplit('.').next()
}

fn find_query_action(request: &HttpRequest) -> Option<&str> {
    let kind = request.headers().get("content-type")?;
    if kind.split(';').next()?.trim() != "application/x-www-form-urlencoded" {
        return None;
    }
    let body = std::str::from_utf8(request.body().bytes()?).ok()?;
    body.strip_prefix("Action=")?.split('&').next()
}

/// An HTTP client that asks the kill switch before each change.
struct GuardedClient {
    inner: SharedHttpClient,
    switch: KillSwitch,
}

impl fmt::Debug for GuardedClient {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("GuardedClient")
    }
}

impl HttpClient for GuardedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(GuardedConnector { inner, switch: self.switch.clone() })
    }
}

struct GuardedConnector {
    inner: SharedHttpConnector,
    switch: KillSwitch,
}

impl fmt::Debug for GuardedConnector {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("GuardedConnector")
    }
}

impl HttpConnector for GuardedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, switch) = (self.inner.clone(), self.switch.clone());
        HttpConnectorFuture::new(async move {
            switch.check_request(&request).await?;
            inner.call(request).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::body::SdkBody;

    const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

    fn request(method: &str, target: Option<&str>, body: &str) -> HttpRequest {
        let builder = http::Request::builder().method(method).uri("https://aws.example/");
        let builder = match target {
            Some(target) => builder.header("X-Amz-Target", target),
            None if body.contains('=') => builder.header("Content-Type", FORM),
            None => builder,
        };
        HttpRequest::try_from(builder.body(SdkBody::from(body)).unwrap()).unwrap()
    }

    #[test]
    fn reads_pass_and_what_is_not_known_counts_as_a_write() {
        let reads = [
            ("GET", None, ""),
            ("HEAD", None, ""),
            ("POST", Some("TrentService.GetKeyRotationStatus"), "{}"),
            ("POST", Some("AWSCloudTrail_20131101.DescribeTrails"), "{}"),
            ("POST", None, "Action=DescribeSecurityGroupRules&Version=2016-11-15"),
        ];
        for (method, target, body) in reads {
            assert!(!is_write(&request(method, target, body)), "{method} {target:?} {body}");
        }
        let writes = [
            ("PATCH", None, ""),
            ("DELETE", None, ""),
            ("PUT", None, "<Policy/>"),
            ("POST", None, "{}"),
            ("POST", Some("TrentService.EnableKey"), "{}"),
            ("POST", None, "Version=2016-11-15&Action=DescribeSecurityGroups"),
            ("PUT", None, "x&Action=GetFoo&y=1"),
            ("PUT", None, "Action=GetFoo&y=1"),
            ("PATCH", None, "[{\"value\":\"http://b/?v=1&Action=GetItem&y\"}]"),
            ("PUT", Some("TrentService.GetKeyRotationStatus"), "{}"),
            ("POST", None, "Action=RevokeSecurityGroupIngress&GroupId=Action=DescribeKey"),
        ];
        for (method, target, body) in writes {
            assert!(is_write(&request(method, target, body)), "{method} {target:?} {body}");
        }
    }
}
