//! The command-line arguments of `evenkeel replay`.

use crate::common::exit::CommandError;
use clap::{Args, ValueEnum};
use evenkeel_engine::glob;
use evenkeel_rules::policy::{PolicySet, Severity};
use evenkeel_rules::{EventFilter, parse_epoch_millis};
use std::path::PathBuf;

/// Evaluate recorded CloudTrail logs and AWS Config items
///
/// The command runs offline. The inputs are files, folders with their subfolders, quoted patterns,
/// or standard input (-). The formats are CloudTrail log files (.json, .json.gz), files with one
/// JSON record a line, the output of `aws cloudtrail lookup-events`, and configuration items,
/// snapshots and histories of AWS Config.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel replay examples/trail
  evenkeel replay AWSLogs/ --since 2026-03-01 --severity HIGH
  evenkeel replay 'logs/*_eu-*.json.gz' --policy 's3-*' --format jsonl > out.jsonl
  aws cloudtrail lookup-events | evenkeel replay -
  evenkeel replay AWSLogs/ --policies policies/ --out evidence/ --fail-on HIGH

Exit codes:
  0  every record was read, and there is no finding at or above --fail-on
  1  a finding or insufficient data at or above --fail-on, an evaluation error,
     or an invalid policy or waiver
  2  invalid usage
  3  a file or a record could not be read; the summary names it, and all other
     records were evaluated")]
pub(crate) struct ReplayArguments {
    /// Log files, folders, quoted patterns, or - for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub(super) inputs: Vec<String>,
    /// Policy file, or folder of policies; may be repeated [default: the shipped library]
    #[arg(long, value_name = "PATH")]
    pub(super) policies: Vec<PathBuf>,
    /// File of waivers; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(super) waivers: Vec<PathBuf>,
    /// Only events at or after this day (2026-03-01) or time (2026-03-01T12:00:00Z)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only events before this day or time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only events in this account; may be repeated
    #[arg(long, value_name = "ID")]
    account: Vec<String>,
    /// Only events in this Region; may be repeated
    #[arg(long, value_name = "NAME")]
    region: Vec<String>,
    /// Only the policy with this id, or policies whose id matches a pattern such as 's3-*'; may be
    /// repeated
    #[arg(long, value_name = "ID")]
    policy: Vec<String>,
    /// Only policies of this severity or above
    #[arg(long, value_enum, ignore_case = true, value_name = "SEVERITY")]
    severity: Option<SeverityArgument>,
    /// Output format of the findings
    #[arg(long, value_enum, default_value_t = FindingFormat::Text)]
    pub(super) format: FindingFormat,
    /// Also write findings to this folder, in the ledger's layout
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Number of threads [default: the number of processors]
    #[arg(long, value_name = "N")]
    threads: Option<std::num::NonZeroUsize>,
    /// Exit with code 1 if a policy of this severity or above has a violation or insufficient data
    #[arg(long, value_enum, ignore_case = true, value_name = "SEVERITY")]
    pub(super) fail_on: Option<SeverityArgument>,
}

/// The output format of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FindingFormat {
    /// Readable text
    Text,
    /// One JSON object per line for each finding
    Jsonl,
    /// One OCSF 1.8 Compliance Finding per line
    Ocsf,
}

/// A severity on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SeverityArgument {
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

impl From<SeverityArgument> for Severity {
    fn from(level: SeverityArgument) -> Severity {
        match level {
            SeverityArgument::Informational => Severity::Informational,
            SeverityArgument::Low => Severity::Low,
            SeverityArgument::Medium => Severity::Medium,
            SeverityArgument::High => Severity::High,
            SeverityArgument::Critical => Severity::Critical,
        }
    }
}

impl ReplayArguments {
    /// Returns the number of threads to use.
    pub(super) fn thread_count(&self) -> usize {
        let all = || std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        self.threads.map_or_else(all, std::num::NonZeroUsize::get)
    }

    /// Describes the arguments that select inputs, events and policies as text.
    ///
    /// The text identifies a run, so it does not contain arguments that change only the output or
    /// the speed.
    pub(super) fn describe_selection(&self) -> String {
        let ReplayArguments {
            inputs,
            waivers,
            since,
            until,
            account,
            region,
            policy,
            severity,
            ..
        } = self;
        format!(
            "{inputs:?} {waivers:?} {since:?} {until:?} {account:?} {region:?} \
             {policy:?} {severity:?}"
        )
    }

    /// Builds the filter for events.
    ///
    /// # Errors
    /// [`CommandError::Usage`] if a time is invalid, or `--since` is not before `--until`.
    pub(super) fn build_filter(&self) -> Result<EventFilter, CommandError> {
        let time = |name: &str, text: &Option<String>| {
            let Some(text) = text else { return Ok(None) };
            parse_epoch_millis(text).map(Some).ok_or_else(|| {
                let formats = "use 2026-03-01 or 2026-03-01T12:00:00Z";
                CommandError::Usage(format!("{name} `{text}` is not a valid time; {formats}"))
            })
        };
        let (since, until) = (time("--since", &self.since)?, time("--until", &self.until)?);
        if let (Some(since), Some(until)) = (since, until)
            && since >= until
        {
            return Err(CommandError::Usage("--since is not before --until".to_owned()));
        }
        let (accounts, regions) = (self.account.clone(), self.region.clone());
        Ok(EventFilter { since, until, accounts, regions })
    }

    /// Returns the policies of `set` that the arguments select.
    ///
    /// # Errors
    /// [`CommandError::Usage`] if a pattern matches no policy, or no policy is selected.
    pub(super) fn select_policies(&self, set: PolicySet) -> Result<PolicySet, CommandError> {
        for pattern in &self.policy {
            if !set.policies().iter().any(|policy| glob::matches_pattern(pattern, &policy.id)) {
                return Err(CommandError::Usage(format!("--policy `{pattern}` matches no policy")));
            }
        }
        let least = self.severity.map(Severity::from);
        let named = |id: &str| {
            self.policy.is_empty()
                || self.policy.iter().any(|pattern| glob::matches_pattern(pattern, id))
        };
        let set = set.retain_policies(|policy| {
            named(&policy.id) && least.is_none_or(|least| policy.severity >= least)
        });
        if set.policies().is_empty() {
            let message = "no policy matches both --policy and --severity";
            return Err(CommandError::Usage(message.to_owned()));
        }
        Ok(set)
    }
}
