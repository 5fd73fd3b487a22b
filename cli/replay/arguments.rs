//! What `evenkeel replay` can be told.

use crate::common::exit::CommandError;
use clap::{Args, ValueEnum};
use evenkeel_engine::glob;
use evenkeel_rules::policy::{PolicySet, Severity};
use evenkeel_rules::{EventFilter, parse_epoch_millis};
use std::path::PathBuf;

/// Judge recorded CloudTrail events by policies, offline
///
/// Reads log files as CloudTrail delivers them, from a file, a folder of any depth, a quoted pattern or
/// standard input (-): .json, .json.gz, one record a line, or what `aws cloudtrail lookup-events` prints.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel replay examples/trail
  evenkeel replay AWSLogs/ --since 2026-03-01 --severity HIGH
  evenkeel replay 'logs/*_eu-central-1_*.json.gz' --policy 's3-*' --format jsonl > findings.jsonl
  aws cloudtrail lookup-events | evenkeel replay -
  evenkeel replay AWSLogs/ --policies policies/ --out evidence/ --fail-on HIGH

Exit codes:
  0  every record was read, and nothing at or above --fail-on was found
  1  a finding at or above --fail-on, data missing for a policy at or above it, or a policy that could not
     be evaluated
  2  wrong usage
  3  a file or record could not be read (it is named, and the rest was judged)")]
pub(crate) struct ReplayArguments {
    /// Log files, folders, patterns, or - for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub(super) inputs: Vec<String>,
    /// Policies' files, or folders of them; the shipped ones unless given
    #[arg(long, value_name = "PATH")]
    pub(super) policies: Vec<PathBuf>,
    /// Files of waivers
    #[arg(long, value_name = "FILE")]
    pub(super) waivers: Vec<PathBuf>,
    /// Only events from then on: a day (2026-03-01) or a time (2026-03-01T12:00:00Z)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only events before then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only events in this account; may be repeated
    #[arg(long, value_name = "ID")]
    account: Vec<String>,
    /// Only events in this region; may be repeated
    #[arg(long, value_name = "NAME")]
    region: Vec<String>,
    /// Only this policy, or those that a pattern such as 's3-*' matches; may be repeated
    #[arg(long, value_name = "ID")]
    policy: Vec<String>,
    /// Only policies of this severity or above
    #[arg(long, value_enum, ignore_case = true, value_name = "SEVERITY")]
    severity: Option<SeverityArgument>,
    /// How to print findings
    #[arg(long, value_enum, default_value_t = FindingFormat::Text)]
    pub(super) format: FindingFormat,
    /// Also write findings to this folder, in the ledger's layout
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// How many threads to use; as many as there are processors unless given
    #[arg(long, value_name = "N")]
    threads: Option<std::num::NonZeroUsize>,
    /// End with exit code 1 if something of this severity or above is found, or cannot be told for want of data
    #[arg(long, value_enum, ignore_case = true, value_name = "SEVERITY")]
    pub(super) fail_on: Option<SeverityArgument>,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FindingFormat {
    /// For people
    Text,
    /// One finding a line, as JSON
    Jsonl,
    /// One OCSF 1.8 Compliance Finding a line, as JSON
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
    pub(super) fn thread_count(&self) -> usize {
        let all = || std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        self.threads.map_or_else(all, std::num::NonZeroUsize::get)
    }

    /// All that decides which findings come out, as text: not how they are printed or how fast.
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
            "{inputs:?} {waivers:?} {since:?} {until:?} {account:?} {region:?} {policy:?} {severity:?}"
        )
    }

    /// The events that are judged.
    pub(super) fn build_filter(&self) -> Result<EventFilter, CommandError> {
        let time = |name: &str, text: &Option<String>| {
            let Some(text) = text else { return Ok(None) };
            parse_epoch_millis(text).map(Some).ok_or_else(|| {
                let forms = "write 2026-03-01 or 2026-03-01T12:00:00Z";
                CommandError::Usage(format!("{name} `{text}` is no time: {forms}"))
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

    /// The policies that judge.
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
            let message = "no policy is of that name and of that severity: nothing would be judged";
            return Err(CommandError::Usage(message.to_owned()));
        }
        Ok(set)
    }
}
