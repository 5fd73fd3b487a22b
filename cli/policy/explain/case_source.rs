//! Loads the event that `evenkeel explain` evaluates: from a case, or from a file.

use super::ExplainArguments;
use crate::common::exit::CommandError;
use crate::common::library::PolicyLibrary;
use evenkeel_ingest::{
    FileReport, LogFile, LogItem, LogReader, ProblemKind, ReadError, ReadProgress,
};
use evenkeel_rules::policy::Policy;
use evenkeel_rules::{ConfigurationItem, PolicyCase, read_cases};
use serde_json::{Map, Value};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// The maximum number of cases that an error message lists.
const MAX_NAMED_CASES: usize = 8;

/// Loads a case of the policy, or the first record or configuration item of a file.
///
/// # Errors
/// [`CommandError::Usage`] if there is no such case or no event in the file; [`CommandError::Io`]
/// if the file cannot be read.
pub(super) fn load_case(
    command: &ExplainArguments,
    policy: &Policy,
    library: &PolicyLibrary,
) -> Result<PolicyCase, CommandError> {
    if let Some(name) = &command.case {
        let test = library.find_test_file(&policy.file);
        let test =
            test.ok_or_else(|| CommandError::Usage(format!("`{}` has no cases", policy.id)))?;
        let cases = read_cases(&test.name, &test.text, policy).unwrap_or_default();
        let mut names: Vec<String> =
            cases.iter().take(MAX_NAMED_CASES).map(|case| case.name.clone()).collect();
        if cases.len() > MAX_NAMED_CASES {
            names.push("...".to_owned());
        }
        // An equal name takes precedence over a name that contains the text.
        let whole = cases.iter().position(|case| case.name == *name);
        let place =
            whole.or_else(|| cases.iter().position(|case| case.name.contains(name.as_str())));
        let found = place.and_then(|place| cases.into_iter().nth(place));
        return found.ok_or_else(|| {
            CommandError::Usage(format!(
                "no case has `{name}` in its name; the cases are: {}",
                names.join("; ")
            ))
        });
    }
    let file = command.event.clone().unwrap_or_else(|| PathBuf::from("-"));
    let name = file.display().to_string();
    let path = (file != Path::new("-")).then_some(file);
    let mut found = None;
    let mut why = None;
    let log = LogFile { name: name.clone(), path, size: 0 };
    let report = LogReader::new().read_file(&log, &ReadProgress::default(), &mut |item| {
        let event = match item {
            LogItem::Record { bytes, .. } => {
                serde_json::from_slice(bytes).map_err(|error| format!("invalid JSON: {error}"))
            }
            LogItem::Resource { item, .. } => Ok(build_item_event(item)),
            LogItem::Invalid { number, why } => Err(format!("record {number}: {why}")),
            LogItem::Skipped { kind, .. } => Err(format!("the file contains {kind}")),
        };
        match event {
            Ok(event) => found = Some(event),
            Err(error) => drop(why.get_or_insert(error)),
        }
        if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    match found {
        Some(event) => Ok(PolicyCase::for_event(&event)),
        None => Err(missing_event_error(&name, &report, why)),
    }
}

/// Builds the error for a file without an event.
fn missing_event_error(name: &str, report: &FileReport, why: Option<String>) -> CommandError {
    let problem = report.problems.first().map(|problem| &problem.kind);
    if let Some(ProblemKind::Read(ReadError::Failed(kind))) = problem {
        return CommandError::io_error(format!("cannot read {name}"))((*kind).into());
    }
    let why = problem.map(ToString::to_string).or(why);
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    CommandError::Usage(format!(
        "`{name}` contains no CloudTrail record and no configuration item{why}"
    ))
}

/// Returns a configuration item in the format in which an EventBridge event contains it.
fn build_item_event(item: &ConfigurationItem) -> Value {
    let texts = [
        ("resourceType", &item.kind),
        ("resourceId", &item.id),
        ("resourceName", &item.name),
        ("ARN", &item.arn),
        ("awsAccountId", &item.account),
        ("awsRegion", &item.region),
        ("configurationStateId", &item.state_id),
        ("configurationItemCaptureTime", &item.time),
        ("configurationItemStatus", &item.status),
    ];
    let objects = [
        ("configuration", &item.configuration),
        ("supplementaryConfiguration", &item.supplementary),
        ("tags", &item.tags),
    ];
    let texts = texts.into_iter().filter(|(_, text)| !text.is_empty());
    let texts = texts.map(|(name, text)| (name.to_owned(), Value::from(text.as_str())));
    let objects = objects.into_iter().filter_map(|(name, text)| {
        let value = serde_json::from_str(text).ok()?;
        Some((name.to_owned(), value))
    });
    Value::Object(texts.chain(objects).collect::<Map<_, _>>())
}
