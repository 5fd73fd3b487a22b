//! The arguments and the session that the commands for one finding share.
//!
//! A session contains the finding, the ledger, and the access to the finding's account.

use clap::Args;
use evenkeel_ledger::{FindingError, FindingRecord, Ledger};
use evenkeel_remediators::{
    AccountAccess, AccountAccessError, AccountRole, ExecutorError, MaximumModes, PlanJournal,
    PlanRecord, PolicyViolation, RemediationExecutor, RemediationPreview,
};
use evenkeel_rules::policy::RemediationMode;
use similar::{ChangeTag, TextDiff};

use crate::common::exit::CommandError;
use crate::common::ledger::{ledger_read_error, open_ledger};
use crate::common::terminal::{GREEN, RED, escape_terminal, style_text};
use crate::finding::stack_client::StackClient;

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
    /// Use your own AWS credentials in the finding's account, and not the stack; this is the default
    /// for a ledger in a folder, and with --role
    #[arg(long)]
    direct: bool,
    /// URL of the stack's function `evenkeel-operate`; the default is the URL of the function with
    /// this name in the account of your AWS credentials
    #[arg(long, value_name = "URL", env = "EVENKEEL_URL", conflicts_with = "direct")]
    url: Option<String>,
}

/// A finding, opened for requests to the stack.
pub(crate) struct StackSession {
    /// The violation that the finding describes.
    pub(crate) violation: PolicyViolation,
    /// The plans in the ledger.
    pub(crate) plans: PlanJournal,
    /// The client of the stack.
    pub(crate) stack: StackClient,
}

/// A finding, opened for remediation.
pub(crate) struct FindingSession {
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
    /// Returns whether the command asks the stack to do the work.
    pub(crate) fn uses_stack(&self) -> bool {
        let is_bucket = Ledger::parse_bucket_location(&self.ledger_argument.ledger).is_some();
        is_bucket && !self.direct && self.role.is_none()
    }

    /// Opens a finding for requests to the stack.
    ///
    /// # Errors
    /// [`CommandError::Usage`] if the finding is unknown or cannot be remediated;
    /// [`CommandError::Io`] if the ledger or the stack cannot be reached.
    pub(crate) async fn open_in_stack(&self, finding: &str) -> Result<StackSession, CommandError> {
        let ledger = self.ledger_argument.open_ledger().await?;
        let (_, violation) = find_violation(&ledger, finding).await?;
        let plans = PlanJournal::new(ledger.clone());
        let stack = StackClient::open_stack(ledger, self.url.as_deref()).await?;
        Ok(StackSession { violation, plans, stack })
    }

    /// Opens a finding by its uid, a unique prefix of the uid, or the key of its record.
    ///
    /// # Errors
    /// [`CommandError::Usage`] if the finding is unknown, cannot be remediated, or its account
    /// cannot be accessed; [`CommandError::Io`] if the ledger cannot be read.
    pub(crate) async fn open_finding(&self, finding: &str) -> Result<FindingSession, CommandError> {
        let ledger = self.ledger_argument.open_ledger().await?;
        let (_, violation) = find_violation(&ledger, finding).await?;
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
        Ok(FindingSession { violation, remediation, operator })
    }
}

/// Returns the key of a finding's record, and the violation that it describes.
async fn find_violation(
    ledger: &Ledger,
    finding: &str,
) -> Result<(String, PolicyViolation), CommandError> {
    let found = ledger.find_finding(finding).await.map_err(finding_lookup_error)?;
    let FindingRecord { key, bytes } = found;
    let violation = PolicyViolation::from_record(&bytes).map_err(|error| {
        CommandError::Usage(format!("this finding cannot be remediated: {error}"))
    })?;
    let violation = violation.with_key(&key);
    Ok((key, violation))
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
        violation.target.remediator
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

/// Renders a recorded plan: what it changes, why, and what a person must decide.
pub(crate) fn render_plan_record(record: &PlanRecord) -> String {
    let row = |(label, text): (&str, String)| {
        let text = escape_terminal(&text);
        let text = match (label, text.get(..2)) {
            ("Change", Some("- ")) => style_text(RED, &text),
            ("Change", Some("+ ")) => style_text(GREEN, &text),
            _ => text,
        };
        format!("  {label:<10}{text}\n")
    };
    let rows = record.describe_plan().into_iter().map(row);
    format!("finding {}\n{}", record.finding, rows.collect::<String>())
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
