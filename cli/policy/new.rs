//! `evenkeel new`: creates a policy and its test file from the name of an event or a recorded
//! event.

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::terminal::{BOLD, escape_terminal, print_stderr, style_text};
use clap::Args;
use evenkeel_authoring::scaffold::PolicySeed;
use evenkeel_authoring::services::events::check_event_name;
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Create a policy and its test file from an event
///
/// The policy compiles, and its cases pass. Replace each TODO in both files, then run `evenkeel
/// check` and `evenkeel test --mutate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel new s3-unversioned --event s3.amazonaws.com:PutBucketVersioning
  evenkeel new s3-unversioned --from event.json --type AWS::S3::Bucket
  evenkeel new kms-open --event kms.amazonaws.com:PutKeyPolicy --out my-policies

Exit codes:
  0  both files were written
  2  invalid usage: invalid id, unknown event, or file without CloudTrail record
  3  a file could not be read or written, or exists already")]
pub(crate) struct NewArguments {
    /// Id of the policy: the service and the violation, in lower case with hyphens
    id: String,
    /// Event that the policy matches
    #[arg(long, value_name = "SOURCE:NAME", required_unless_present = "from")]
    event: Option<String>,
    /// File with a recorded event: a CloudTrail record, or an EventBridge event that contains one
    #[arg(long, value_name = "FILE", conflicts_with = "event")]
    from: Option<PathBuf>,
    /// CloudFormation type of the resource
    #[arg(long = "type", value_name = "AWS::SERVICE::RESOURCE")]
    kind: Option<String>,
    /// Folder for both files
    #[arg(long, value_name = "DIR", default_value = "policies")]
    out: PathBuf,
}

pub(crate) fn run(command: &NewArguments) -> Result<ExitStatus, CommandError> {
    let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if command.id.is_empty() || !command.id.chars().all(is_id) {
        let why = format!(
            "`{}` is not a valid id; use lower-case letters, digits and hyphens",
            command.id
        );
        return Err(CommandError::Usage(why));
    }
    let subject = match (&command.event, &command.from) {
        (_, Some(file)) => scaffold_from_record(file)?,
        (Some(event), None) => scaffold_from_name(event)?,
        (None, None) => return Err(CommandError::Usage("use --event or --from".to_owned())),
    };
    let policy = command.out.join(format!("{}.cel", command.id));
    let cases = command.out.join(format!("{}.test.yaml", command.id));
    create_file(&policy, &subject.render_policy(command.kind.as_deref()))?;
    create_file(&cases, &subject.render_cases())?;
    for file in [&policy, &cases] {
        print_stderr(&format!(
            "{} written\n",
            style_text(BOLD, &escape_terminal(&file.display().to_string()))
        ));
    }
    print_stderr(&format!(
        "replace each TODO, then run: evenkeel check {0}, evenkeel test --mutate {0}\n",
        escape_terminal(&policy.display().to_string())
    ));
    Ok(ExitStatus::Success)
}

/// Creates a new file, and its folder.
///
/// # Errors
/// [`CommandError::Io`] if the file exists, or cannot be written.
fn create_file(path: &Path, text: &str) -> Result<(), CommandError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || {
        std::fs::create_dir_all(folder)?;
        std::fs::File::create_new(path)?.write_all(text.as_bytes())
    };
    write().map_err(CommandError::io_error(format!("cannot write {}", path.display())))
}

/// Creates the seed of a policy from `SOURCE:NAME`.
///
/// # Errors
/// [`CommandError::Usage`] if the format is invalid, or the event is unknown.
fn scaffold_from_name(event: &str) -> Result<PolicySeed, CommandError> {
    let (source, name) = event.split_once(':').ok_or_else(|| {
        let example = "such as s3.amazonaws.com:PutBucketPolicy";
        CommandError::Usage(format!("`{event}` is not in the format SOURCE:NAME, {example}"))
    })?;
    check_event_name(source, name).map_err(|error| CommandError::Usage(error.to_string()))?;
    Ok(PolicySeed::from_event_name(source, name))
}

/// Creates the seed of a policy from a file with a recorded event.
///
/// # Errors
/// [`CommandError::Io`] if the file cannot be read; [`CommandError::Usage`] if it has no CloudTrail
/// record.
fn scaffold_from_record(file: &Path) -> Result<PolicySeed, CommandError> {
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(CommandError::io_error(format!("cannot read {shown}")))?;
    let whole: Value = serde_json::from_str(&text)
        .map_err(|error| CommandError::Usage(format!("{shown} is not valid JSON: {error}")))?;
    let first = whole.pointer("/Records/0").or_else(|| whole.get("detail"));
    PolicySeed::from_record(first.unwrap_or(&whole)).ok_or_else(|| {
        let why = "it has no eventSource that ends in .amazonaws.com, or no eventName";
        CommandError::Usage(format!("{shown} contains no CloudTrail record: {why}"))
    })
}
