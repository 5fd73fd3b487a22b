//! The arguments and the session that the commands for one finding share.
//!
//! A session contains the finding, the ledger, and the access to the finding's account.

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

/// The argument that locates the ledger.
#[derive(Debug, Args)]
pub(crate) struct LedgerArgument {
    /// Ledger: a folder, or an S3 URL such as `s3://BUCKET/PREFIX`
    #[arg(long, value_name = "LEDGER", default_value = "evidence")]
    ledger: String,
}

/// The arguments that locate the ledger and the access to the finding's account.
#[derive(Debug, Args)]
pub(crate) struct FindingArguments {
    #[command(flatten)]
    ledger_argument: LedgerArgument,
    /// Name of the role to assume in the finding's account; without --role, your credentials must
    /// be for that account
    #[arg(long, value_name = "NAME")]
    role: Option<String>,
    /// External id that the role's trust policy requires
    #[arg(long, value_name = "ID", requires = "role")]
    external_id: Option<String>,
    /// TLS handshake with the backend, which remediators of API Gateway integrations make before
    /// they change the integration to TLS: `on`, `off` (the plan then needs an approval), or a PEM
    /// file with the root certificates to trust [default: on]
    #[arg(long, value_name = "on|off|FILE", env = "EVENKEEL_PROBE")]
    probe: Option<String>,
}

/// A finding, opened for remediation.
pub(crate) struct FindingSession {
    /// The key of the finding's record in the ledger.
    pub(crate) key: String,
    /// The violation that the finding describes.
    pub(crate) violation: PolicyViolation,
    /// The executor of the remediator, in the finding's account and Region.
    pub(crate) remediation: RemediationExecutor,
    /// The access of the caller to AWS and to the ledger.
    pub(crate) operator: AccountAccess,
}

impl LedgerArgument {
    /// Opens the ledger.
    ///
    /// # Errors
    /// [`CommandError`] if the ledger cannot be opened.
    pub(crate) async fn open_ledger(&self) -> Result<Ledger, CommandError> {
        open_ledger(&self.ledger).await
    }
}

impl FindingArguments {
    /// Opens a finding by its uid, a unique prefix of the uid, or the key of its record.
    ///
    /// # Errors
    /// [`CommandError::Usage`] if the finding is unknown, cannot be remediated, or its account
    /// cannot be accessed; [`CommandError::Io`] if the ledger cannot be read.
    pub(crate) async fn open_finding(&self, finding: &str) -> Result<FindingSession, CommandError> {
        let ledger = self.ledger_argument.open_ledger().await?;
        let found = ledger.find_finding(finding).await.map_err(finding_lookup_error)?;
        let FindingRecord { key, bytes: record } = found;
        let violation = PolicyViolation::from_record(&record).map_err(|error| {
            CommandError::Usage(format!("this finding cannot be remediated: {error}"))
        })?;
        let role = self
            .role
            .clone()
            .map(|name| AccountRole { name, external_id: self.external_id.clone() });
        // A user is present: a plan needs an approval even if the mode of its policy is `auto`.
        let maximum_modes = MaximumModes::for_all_accounts(RemediationMode::Approve);
        let operator =
            AccountAccess::from_environment(ledger, role, maximum_modes, self.probe.as_deref())
                .await;
        let operator = operator.map_err(|error| CommandError::Usage(error.to_string()))?;
        let remediation = operator
            .open_executor(&violation)
            .await
            .map_err(|error| account_access_error(&error))?;
        Ok(FindingSession { key, violation, remediation, operator })
    }
}

/// Converts an error of the search for a finding.
fn finding_lookup_error(error: FindingError) -> CommandError {
    match error {
        FindingError::Ledger(error) => ledger_read_error(error),
        FindingError::Unknown(_) | FindingError::Ambiguous { .. } => {
            CommandError::Usage(error.to_string())
        }
    }
}

/// Converts an error of the executor. The action did not complete, so the message asks the user to
/// try again.
pub(crate) fn retryable_error(error: ExecutorError) -> CommandError {
    CommandError::io_error("the action did not complete; try again")(std::io::Error::other(error))
}

fn account_access_error(error: &AccountAccessError) -> CommandError {
    CommandError::Usage(error.to_string())
}

/// Renders a remediation plan: the changes, the AWS actions, the reasons for approval, and the
/// reason that blocks the plan.
pub(crate) fn render_preview(violation: &PolicyViolation, preview: &RemediationPreview) -> String {
    render_plan(violation, preview) + &render_block_reason(preview)
}

/// Renders the reason that blocks a plan, or the result if there is nothing to change.
pub(crate) fn render_block_reason(preview: &RemediationPreview) -> String {
    let is_result = preview.plan.is_none() && preview.code.is_none();
    let label = if is_result { "result" } else { "blocked" };
    let reason = preview.blocked_by.as_deref();
    reason.map_or_else(String::new, |why| format!("  {label:<8}  {}\n", escape_terminal(why)))
}

/// Renders a remediation plan: the changes, the AWS actions, and the reasons for approval.
pub(crate) fn render_plan(violation: &PolicyViolation, preview: &RemediationPreview) -> String {
    let target = &violation.target;
    let mut out = format!(
        "{} in {} {}\n  {}, remediator {}\n",
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
        out += &format!("  actions   {}\n  plan      {plan}\n", preview.calls.join(", "));
    }
    for why in &preview.asks {
        out += &format!("  reason    {}\n", escape_terminal(why));
    }
    out
}

/// Renders the line differences between two states in JSON.
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
