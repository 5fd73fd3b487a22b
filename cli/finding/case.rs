//! What the commands about one finding have in common: the ledger, the finding, and the account that is acted in.

use clap::Args;
use evenkeel_ledger::{FindingError, FindingRecord, Ledger};
use evenkeel_remediators::{
    Ceilings, Drive, DriveError, Operator, OperatorError, Preview, Role, Violation,
};
use evenkeel_rules::policy::Mode;
use similar::{ChangeTag, TextDiff};

use crate::common::exit::Stopped;
use crate::common::ledger::{open, unreadable};
use crate::common::terminal::{GREEN, RED, paint, safe};

/// Where the findings are, and in which role their accounts are entered.
#[derive(Debug, Args)]
pub(crate) struct Desk {
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
pub(crate) struct Case {
    /// Where it is in the ledger.
    pub(crate) key: String,
    /// What it tells.
    pub(crate) violation: Violation,
    /// The remediator, in the account and region.
    pub(crate) drive: Drive,
    /// Who acts.
    pub(crate) operator: Operator,
}

impl Desk {
    /// The ledger.
    pub(crate) async fn ledger(&self) -> Result<Ledger, Stopped> {
        open(&self.ledger).await
    }

    /// Opens a finding, by its uid, the beginning of it, or the key of its record.
    pub(crate) async fn open(&self, finding: &str) -> Result<Case, Stopped> {
        let ledger = self.ledger().await?;
        let found = ledger.find_finding(finding).await.map_err(unfound)?;
        let FindingRecord { key, bytes: record } = found;
        let violation = Violation::read(&record)
            .map_err(|error| Stopped::Usage(format!("nothing can be repaired: {error}")))?;
        let role =
            self.role.clone().map(|name| Role { name, external_id: self.external_id.clone() });
        // A person is there: what a policy would do by itself is asked about as well.
        let ceilings = Ceilings::all(Mode::Approve);
        let operator = Operator::local(ledger, role, ceilings, self.probe.as_deref()).await;
        let operator = operator.map_err(|error| Stopped::Usage(error.to_string()))?;
        let drive = operator.drive(&violation).await.map_err(|error| refused(&error))?;
        Ok(Case { key, violation, drive, operator })
    }
}

/// No record of the finding was found.
fn unfound(error: FindingError) -> Stopped {
    match error {
        FindingError::Ledger(error) => unreadable(error),
        FindingError::Unknown(_) | FindingError::Ambiguous { .. } => {
            Stopped::Usage(error.to_string())
        }
    }
}

/// AWS, or the ledger, does not let it be done now.
pub(crate) fn undone(error: DriveError) -> Stopped {
    Stopped::io("it could not be done, and can be tried again")(std::io::Error::other(error))
}

fn refused(error: &OperatorError) -> Stopped {
    Stopped::Usage(error.to_string())
}

/// What would change, what it takes, and what stands against it.
pub(crate) fn shown(violation: &Violation, preview: &Preview) -> String {
    let target = &violation.target;
    let mut out = format!(
        "{} in {} {}\n  {} by {}\n",
        safe(&target.id),
        target.account,
        target.region,
        target.kind,
        violation.remediator
    );
    if let Some(plan) = &preview.plan {
        let pretty = |value| serde_json::to_string_pretty(value).unwrap_or_default();
        let (before, after) = (pretty(&preview.before), pretty(&preview.after));
        out += &changes(&before, &after);
        out += &format!("  calls  {}\n  plan   {plan}\n", preview.calls.join(", "));
    }
    for why in &preview.asks {
        out += &format!("  asks   {}\n", safe(why));
    }
    if let Some(why) = &preview.held {
        out += &format!("  held   {}\n", safe(why));
    }
    out
}

fn changes(before: &str, after: &str) -> String {
    let mut out = String::new();
    for change in TextDiff::from_lines(before, after).iter_all_changes() {
        let line = safe(change.value().trim_end());
        out += &match change.tag() {
            ChangeTag::Delete => paint(RED, &format!("  - {line}")),
            ChangeTag::Insert => paint(GREEN, &format!("  + {line}")),
            ChangeTag::Equal => format!("    {line}"),
        };
        out.push('\n');
    }
    out
}
