//! The kill switch: ledger records that stop all writes to AWS. Evenkeel reads these records before
//! each write call.
//!
//! A remediation can make several write calls over minutes. A switch that is set between two calls
//! stops the second call.

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

/// The ledger key of the kill switch for all remediations. A kill switch does not stop an undo. The
/// keys with the suffix `-account/ACCOUNT`, `-policy/POLICY` or `-remediator/REMEDIATOR` stop the
/// remediations of one account, one policy or one remediator.
pub const KILL_SWITCH: &str = "control/kill-switch";

/// The kill switches that apply to one target.
#[derive(Clone, Debug)]
pub struct KillSwitch {
    ledger: Ledger,
    /// The key of each switch, and a description of what it stops.
    switches: [(String, &'static str); 4],
    /// True if the switches are ignored, for an undo. All clones share the value.
    is_ignored: Arc<AtomicBool>,
}

/// A kill switch that is on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a kill switch stops {stops}; delete the ledger record `{key}` to continue")]
pub struct ActiveSwitch {
    /// The key of its ledger record.
    pub key: String,
    /// A description of what the switch stops.
    pub stops: &'static str,
}

impl KillSwitch {
    /// Returns the switches that apply to `target`.
    pub fn new(ledger: Ledger, target: &TargetResource) -> KillSwitch {
        let switches = [
            (KILL_SWITCH.to_owned(), "all remediation"),
            (format!("{KILL_SWITCH}-account/{}", target.account), "remediation in this account"),
            (format!("{KILL_SWITCH}-policy/{}", target.policy), "remediation for this policy"),
            (format!("{KILL_SWITCH}-remediator/{}", target.remediator), "this remediator"),
        ];
        KillSwitch { ledger, switches, is_ignored: Arc::default() }
    }

    /// Returns whether `key` is the key of a kill switch. A record with a misspelled key stops
    /// nothing.
    pub fn is_switch_key(key: &str) -> bool {
        let rest = key.strip_prefix(KILL_SWITCH);
        rest.is_some_and(|rest| {
            let names =
                |prefix| rest.strip_prefix(prefix).is_some_and(|name: &str| !name.is_empty());
            let scopes = ["-account/", "-policy/", "-remediator/"];
            rest.is_empty() || scopes.into_iter().any(names)
        })
    }

    /// Returns an active switch that blocks writes, or `None`.
    ///
    /// # Errors
    /// [`LedgerError`] if the ledger cannot be read. Writes are then blocked as well.
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

    /// Allows writes from now on, for an undo that a person requested.
    pub(crate) fn ignore_switches(&self) {
        self.is_ignored.store(true, Ordering::Relaxed);
    }

    /// Returns a configuration that sends write calls only while no switch is on.
    pub(crate) fn guard_config(&self, config: &SdkConfig) -> SdkConfig {
        let inner = config.http_client().unwrap_or_else(new_http_client);
        config.to_builder().http_client(GuardedClient { inner, switch: self.clone() }).build()
    }

    /// Returns an error for a write request while a switch is on.
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

/// Returns whether a request can change something in AWS. A request that is not known to be a read
/// counts as a write. The function reads the body only if the protocol places the name of the
/// operation at the start of the body. The content of a resource therefore cannot make a write look
/// like a read.
///
/// Source: Smithy specification, "AWS JSON protocol" (`X-Amz-Target`) and "AWS Query protocol"
/// (`Action`).
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

/// An HTTP client that checks the kill switch before each write.
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
    fn reads_pass_and_unknown_requests_count_as_writes() {
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
