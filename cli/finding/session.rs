//! What the commands about one finding have in common: the ledger, the finding, and the account that is acted in.

use clap::Args;
use evenkeel_ledger::{FindingError, FindingRecord, Ledger};
use evenkeel_remediators::{
    AccountAccess, AccountAccessError, AccountRole, ExecutorError, MaximumModes, PolicyViolation,
    RemediationExecutor, RemediationPreview,
};
use evenkeel_rules::policy::RemediationMode;
use similar::{ChangeTag, TextDiff};

use crate::common::exit::CommandError;
use crate::common::ledger::{ledger_read_error, open_ledger};
use crate::common::terminal::{GREEN, RED, escape_terminal, style_text};

/// Where the findings are, and in which role their accounts are entered.
#[derive(Debug, Args)]
pub(crate) struct FindingArguments {
    /// The ledger: a folder, or `s3://BUCKET/PREFIX`
    #[arg(long, value_name = "LEDGER", default_value = "evidence")]
    ledger: String,
    /// The role to take in the finding's account; its own credentials must be the environment's otherwise
    #[arg(long, value_name = "NAME")]
    role: Option<String>,
    /// The external id that the role demands
    #[arg(long, value_name = "ID", requires = "role")]
    external_id: Option<String>,
    /// Whether backends are asked for TLS before they are called so: on, off, or a PEM file of roots to trust
    #[arg(long, value_name = "on|off|FILE", env = "EVENKEEL_PROBE")]
    probe: Option<String>,
}

/// A finding, and what can be done about it.
pub(crate) struct FindingSession {
    /// Where it is in the ledger.
    pub(crate) key: String,
    /// What it tells.
    pub(crate) violation: PolicyViolation,
    /// The remediator, in the account and region.
    pub(crate) remediation: RemediationExecutor,
    /// Who acts.
    pub(crate) operator: AccountAccess,
}

impl FindingArguments {
    /// The ledger.
    pub(crate) async fn open_ledger(&self) -> Result<Ledger, CommandError> {
        open_ledger(&self.ledger).await
    }

    /// Opens a finding, by its uid, the beginning of it, or the key of its record.
    pub(crate) async fn open_finding(&self, finding: &str) -> Result<FindingSession, CommandError> {
        let ledger = self.open_ledger().await?;
        let found = ledger.find_finding(finding).await.map_err(finding_lookup_error)?;
        let FindingRecord { key, bytes: record } = found;
        let violation = PolicyViolation::from_record(&record)
            .map_err(|error| CommandError::Usage(format!("nothing can be repaired: {error}")))?;
        let role = self
            .role
            .clone()
            .map(|name| AccountRole { name, external_id: self.external_id.clone() });
        // A person is there: what a policy would do by itself is asked about as well.
        let ceilings = MaximumModes::for_all_accounts(RemediationMode::Approve);
        let operator =
            AccountAccess::from_environment(ledger, role, ceilings, self.probe.as_deref()).await;
        let operator = operator.map_err(|error| CommandError::Usage(error.to_string()))?;
        let drive = operator
            .open_executor(&violation)
            .await
            .map_err(|error| account_access_error(&error))?;
        Ok(FindingSession { key, violation, remediation: drive, operator })
    }
}

/// No record of the finding was found.
fn finding_lookup_error(error: FindingError) -> CommandError {
    match error {
        FindingError::Ledger(error) => ledger_read_error(error),
        FindingError::Unknown(_) | FindingError::Ambiguous { .. } => {
            CommandError::Usage(error.to_string())
        }
    }
}

/// AWS, or the ledger, does not let it be done now.
pub(crate) fn retryable_error(error: ExecutorError) -> CommandError {
    CommandError::io_error("it could not be done, and can be tried again")(std::io::Error::other(
        error,
    ))
}

fn account_access_error(error: &AccountAccessError) -> CommandError {
    CommandError::Usage(error.to_string())
}

/// What would change, what it takes, and what stands against it.
pub(crate) fn render_preview(violation: &PolicyViolation, preview: &RemediationPreview) -> String {
    let target = &violation.target;
    let mut out = format!(
        "{} in {} {}\n  {} by {}\n",
        escape_terminal(&target.id),
        target.account,
        target.region,
        target.kind,
        violation.remediator
    );
    if let Some(plan) = &preview.plan {
        let pretty = |value| serde_json::to_string_pretty(value).unwrap_or_default();
        let (before, after) = (pretty(&preview.before), pretty(&preview.after));
        out += &render_state_diff(&before, &after);
        out += &format!("  calls  {}\n  plan   {plan}\n", preview.calls.join(", "));
    }
    for why in &preview.asks {
        out += &format!("  asks   {}\n", escape_terminal(why));
    }
    if let Some(why) = &preview.held {
        out += &format!("  held   {}\n", escape_terminal(why));
    }
    out
}

fn render_state_diff(before: &str, after: &str) -> String {
    let mut out = String::new();
    for change in TextDiff::from_lines(before, after).iter_all_changes() {
        let line = escape_terminal(change.value().trim_end());
        out += &match change.tag() {
            ChangeTag::Delete => style_text(RED, &format!("  - {line}")),
            ChangeTag::Insert => style_text(GREEN, &format!("  + {line}")),
            ChangeTag::Equal => format!("    {line}"),
        };
        out.push('\n');
    }
    out
}
