//! The policy sets of the benchmark: shipped policies, and generated policies that match other
//! calls.

use super::calls::{Call, WATCHED_READS};
use super::changes::CHANGES;
use super::corpus::Census;
use evenkeel_rules::policy::{PolicyFile, PolicySet};
use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// In a mixed set, one policy in this number of generated policies matches a frequent read call, up
/// to [`READ_POLICIES`] policies in the set.
const READ_EVERY: usize = 4;
const READ_POLICIES: usize = 16;

/// The services, verbs and nouns of calls that are in no record. Most policies of the largest sets
/// match such calls.
const ABSENT_SERVICES: [&str; 20] = [
    "athena",
    "backup",
    "batch",
    "cloudfront",
    "codebuild",
    "cognito-idp",
    "dms",
    "elasticache",
    "elasticfilesystem",
    "es",
    "events",
    "firehose",
    "glue",
    "guardduty",
    "kafka",
    "redshift",
    "sagemaker",
    "sns",
    "sqs",
    "wafv2",
];
const ABSENT_VERBS: [&str; 5] = ["Create", "Update", "Delete", "Put", "Disassociate"];
const ABSENT_NOUNS: [&str; 8] =
    ["Domain", "Policy", "Endpoint", "Cluster", "Rule", "Group", "Job", "Connection"];

/// The bodies of generated policies. Only calls from a client in 203.0.113.0/24 violate one of the
/// policies.
const BODIES: [&str; 8] = [
    "event.?userAgent.orValue('') == 'forbidden-client/<number>'",
    "event.?userIdentity.?type.orValue('') == 'Root'\n  && !event.?sourceIPAddress.orValue('').startsWith('10.')",
    "event.?userIdentity.?arn.orValue('').matches('^arn:aws:iam::[0-9]{12}:user/(?:admin|root|legacy)-<number>$')",
    "params.forbidden.exists(part, event.?userIdentity.?arn.orValue('').contains(part))",
    "isIP(event.?sourceIPAddress.orValue(''))\n  && cidr('203.0.113.0/24').containsIP(event.sourceIPAddress)",
    "event.?userIdentity.?sessionContext.?sessionIssuer.?arn.orValue('').glob(params.forbidden)",
    "as_list(request.?tags).exists(tag, tag.?key.orValue('') == 'Public<number>' && tag.?value.orValue('') != 'false')",
    "has(request.name) && size(request.name) > 200 || event.awsRegion in params.forbidden",
];

const POLICY: &str = "// METADATA
// title: Generated policy <number>
// description: Matches <call> of <source>, in addition to the shipped policies.
// severity: LOW
// match: {eventSource: <source>, eventName: <call>}
// resource: {type: \"AWS::::Account\", id: resource.account}
// parameters:
//   forbidden:
//     type: list(string)
//     default: [legacy-<number>, \"*:role/retired-<number>-*\", mars-north-<number>]
//     description: forbidden values
// message: \"{{event.eventName}} by {{event.?userIdentity.?arn.orValue('somebody')}} is forbidden\"
// controls: {NIST.800-53.r5: [AC-3]}

";

/// A set of policies in a separate folder.
pub(crate) struct Set {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) loaded: PolicySet,
}

/// The share of a trail's records that a set evaluates.
pub(crate) struct Interest {
    /// The number of records per thousand with an event name that a policy matches.
    pub(crate) candidates: f64,
    /// The number of evaluations per thousand records.
    pub(crate) evaluations: f64,
}

/// The calls that the generated policies of a set match: write calls only, or also read calls.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watch {
    Changes,
    Mixed,
}

/// Writes all sets below `folder`.
pub(crate) fn write(folder: &Path, shipped: &Path) -> Result<Vec<Set>, Box<dyn Error>> {
    let shipped = files_of(shipped)?;
    let absent = generated(1, |_| ("absent.amazonaws.com".to_owned(), "Absent".to_owned()));
    Ok(vec![
        set(folder, "scan", absent)?,
        set(folder, "shipped", shipped.clone())?,
        large(folder, &shipped, 100, Watch::Changes)?,
        large(folder, &shipped, 1000, Watch::Changes)?,
        large(folder, &shipped, 100, Watch::Mixed)?,
        large(folder, &shipped, 1000, Watch::Mixed)?,
    ])
}

/// Writes a set with `count` policies: the shipped ones and generated ones.
fn large(
    folder: &Path,
    shipped: &[PolicyFile],
    count: usize,
    watch: Watch,
) -> Result<Set, Box<dyn Error>> {
    let policies = shipped.iter().filter(|file| is_policy(&file.name)).count();
    let (mut calls, seen) = (Calls::new(), count.saturating_sub(policies));
    let more = generated(seen, |number| calls.next(number, watch));
    let name = match watch {
        Watch::Changes => format!("{count} changes"),
        Watch::Mixed => format!("{count} mixed"),
    };
    set(folder, &name, shipped.iter().cloned().chain(more).collect())
}

/// Assigns calls to the generated policies.
struct Calls {
    changes: Vec<(&'static str, &'static str)>,
    reads: usize,
}

impl Calls {
    fn new() -> Calls {
        let pair = |call: &Call| (call.source, plain(call.name));
        let changes: BTreeSet<_> = CHANGES.iter().map(pair).collect();
        Calls { changes: changes.into_iter().collect(), reads: 0 }
    }

    fn next(&mut self, number: usize, watch: Watch) -> (String, String) {
        let pair = if watch == Watch::Mixed
            && number.is_multiple_of(READ_EVERY)
            && self.reads < READ_POLICIES
        {
            self.reads = self.reads.saturating_add(1);
            cycle(&WATCHED_READS, self.reads)
        } else if number % 3 == 1 && number < 300 {
            cycle(&self.changes, number / 3)
        } else {
            None
        };
        match pair {
            Some((source, name)) => (source.to_owned(), name.to_owned()),
            None => absent(number),
        }
    }
}

fn absent(number: usize) -> (String, String) {
    let part = |of: &[&'static str], at| cycle(of, at).unwrap_or_default();
    let verb = part(&ABSENT_VERBS, number / 20);
    let noun = part(&ABSENT_NOUNS, number / 100);
    let service = part(&ABSENT_SERVICES, number);
    (format!("{service}.amazonaws.com"), format!("{verb}{noun}"))
}

fn cycle<T: Copy>(of: &[T], at: usize) -> Option<T> {
    of.get(at.checked_rem(of.len())?).copied()
}

/// Returns the name of a call without its API version, like in policies.
fn plain(name: &str) -> &str {
    name.split("2015").next().unwrap_or(name)
}

/// Generates policies that match the calls that `call` returns.
fn generated(count: usize, mut call: impl FnMut(usize) -> (String, String)) -> Vec<PolicyFile> {
    let policy = |number| {
        let (source, name) = call(number);
        let body = cycle(&BODIES, number).unwrap_or_default();
        let text = format!("{POLICY}{body}\n")
            .replace("<number>", &number.to_string())
            .replace("<source>", &source)
            .replace("<call>", &name);
        PolicyFile { name: format!("generated/generated-{number:04}.cel"), text }
    };
    (0..count).map(policy).collect()
}

fn set(folder: &Path, name: &str, files: Vec<PolicyFile>) -> Result<Set, Box<dyn Error>> {
    let folder = folder.join(name.replace(' ', "-"));
    for file in &files {
        let path = folder.join(&file.name);
        fs::create_dir_all(path.parent().unwrap_or(&folder))?;
        fs::write(path, &file.text)?;
    }
    let (policies, others): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|file| is_policy(&file.name));
    let loaded = PolicySet::compile_files(&policies, others.first()).map_err(|wrong| {
        wrong.first().map_or_else(String::new, |first| format!("{}: {}", first.file, first.message))
    })?;
    Ok(Set { name: name.to_owned(), folder, loaded })
}

fn is_policy(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "cel")
}

/// Returns the policies and the `functions.yaml` of a folder.
fn files_of(folder: &Path) -> Result<Vec<PolicyFile>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry?;
        let name = entry.path().strip_prefix(folder)?.display().to_string();
        if is_policy(&name) || name == "functions.yaml" {
            files.push(PolicyFile { name, text: fs::read_to_string(entry.path())? });
        }
    }
    Ok(files)
}

impl Set {
    /// Returns the share of a trail's records that the set evaluates.
    pub(crate) fn interest(&self, census: &Census) -> Interest {
        let (mut candidates, mut evaluations) = (0_u64, 0_u64);
        for ((source, name), count) in &census.calls {
            if self.loaded.watches_event_name(name) {
                candidates = candidates.saturating_add(*count);
            }
            let wanted = u64::try_from(self.loaded.policies_for_event(source, name).len())
                .unwrap_or(u64::MAX);
            evaluations = evaluations.saturating_add(count.saturating_mul(wanted));
        }
        let per_mille = |count: u64| {
            #[expect(clippy::cast_precision_loss, reason = "a share, shown with one decimal")]
            let share = count as f64 * 1000.0 / census.records.max(1) as f64;
            share
        };
        Interest { candidates: per_mille(candidates), evaluations: per_mille(evaluations) }
    }
}
