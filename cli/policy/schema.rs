//! `evenkeel schema`: lists event sources, events and fields, and prints the JSON Schemas of files.

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::library::PolicyLibrary;
use crate::common::output_format::OutputFormat;
use crate::common::terminal::{BOLD, DIM, YELLOW, escape_terminal, print_stdout, style_text};
use clap::Args;
use evenkeel_authoring::schema::{
    EventField, HEADER_SCHEMA, TEST_SCHEMA, list_event_fields, list_unmodeled_fields,
    list_write_events,
};
use evenkeel_authoring::services::events::{self, EventNameError};
use evenkeel_authoring::services::models::CallSide;
use serde_json::json;

/// List event sources, events and fields; print JSON Schemas
///
/// The fields come from the service models of AWS, in the spelling of CloudTrail. CloudTrail
/// records of some sources, such as EC2 and S3, have additional fields, which are listed after
/// `also`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel schema                                 list the event sources
  evenkeel schema kms.amazonaws.com               list the write events of a source
  evenkeel schema kms.amazonaws.com:PutKeyPolicy  list the fields of an event
  evenkeel schema kms.amazonaws.com:PutKeyPolicy --format json
  evenkeel schema header > header.schema.json     JSON Schema of policy headers
  evenkeel schema test > test.schema.json         JSON Schema of test files

Exit codes:
  0  the list or the schema was printed
  2  invalid usage, or unknown event source or event
  3  the output could not be written")]
pub(crate) struct SchemaArguments {
    /// Event source, event, `header` or `test` [default: list the event sources]
    #[arg(value_name = "SOURCE[:NAME]|header|test")]
    what: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

pub(crate) fn run(command: &SchemaArguments) -> Result<ExitStatus, CommandError> {
    let is_json = command.format == OutputFormat::Json;
    let text = match command.what.as_deref() {
        None => render_names(&events::event_sources().collect::<Vec<_>>(), is_json),
        Some("header") => HEADER_SCHEMA.to_owned(),
        Some("test") => TEST_SCHEMA.to_owned(),
        Some(what) => describe_source(what, is_json)?,
    };
    print_stdout(&text)?;
    Ok(ExitStatus::Success)
}

/// Describes an event source, or one of its events.
///
/// # Errors
/// [`CommandError::Usage`] if the source or the event is unknown.
fn describe_source(what: &str, is_json: bool) -> Result<String, CommandError> {
    if let Some((source, name)) = what.split_once(':') {
        return describe_event(source, name, is_json);
    }
    let names: Vec<String> = list_write_events(what).into_iter().map(str::to_owned).collect();
    if names.is_empty() {
        events::check_event_name(what, "").map_err(event_name_error)?;
    }
    Ok(render_names(&names, is_json))
}

#[expect(clippy::needless_pass_by_value, reason = "signature for `map_err`")]
fn event_name_error(error: EventNameError) -> CommandError {
    CommandError::Usage(error.to_string())
}

/// Renders a list of names, one per line or as JSON.
fn render_names(names: &[String], is_json: bool) -> String {
    if is_json { format!("{:#}\n", json!(names)) } else { names.join("\n") + "\n" }
}

/// Describes the fields of an event, and lists the shipped policies that match it.
///
/// # Errors
/// [`CommandError::Usage`] if the event is unknown.
fn describe_event(source: &str, name: &str, is_json: bool) -> Result<String, CommandError> {
    events::check_event_name(source, name).map_err(event_name_error)?;
    let (request, response) = (
        list_event_fields(source, name, CallSide::Request),
        list_event_fields(source, name, CallSide::Response),
    );
    let policies = find_matching_policies(source, name)?;
    if is_json {
        let all =
            |fields: &[EventField]| fields.iter().map(EventField::to_json).collect::<Vec<_>>();
        let document = json!({
            "eventSource": source,
            "eventName": name,
            "request": all(&request),
            "response": all(&response),
            "besides": list_unmodeled_fields(source),
            "policies": policies,
        });
        return Ok(format!("{document:#}\n"));
    }
    let mut out = format!("{}\n", style_text(BOLD, &escape_terminal(&format!("{source}:{name}"))));
    for (side, fields) in [("request", &request), ("response", &response)] {
        out += &format!("{}\n", style_text(BOLD, side));
        if fields.is_empty() {
            out += &format!("  {}\n", style_text(DIM, "no fields in the service model"));
        }
        for field in fields {
            out += &render_field(field, 1);
        }
    }
    if !list_unmodeled_fields(source).is_empty() {
        out +=
            &format!("{}  {}\n", style_text(BOLD, "also"), list_unmodeled_fields(source).join(" "));
    }
    if !policies.is_empty() {
        out += &format!("{}  {}\n", style_text(BOLD, "policies"), policies.join(" "));
    }
    Ok(out)
}

/// Renders a field with its type and values, followed by its own fields.
fn render_field(field: &EventField, depth: usize) -> String {
    let name = format!("{}{}", "  ".repeat(depth), field.name);
    let required = if field.required { style_text(YELLOW, "  required") } else { String::new() };
    let values = if field.values.is_empty() {
        String::new()
    } else {
        format!("  {}", field.values.join(" | "))
    };
    let mut out = format!("{name:<44}  {}{required}{}\n", field.kind, style_text(DIM, &values));
    for field in &field.fields {
        out += &render_field(field, depth.saturating_add(1));
    }
    out
}

/// Returns the ids of the shipped policies that match an event. The cases of these policies are
/// examples of the event.
fn find_matching_policies(source: &str, name: &str) -> Result<Vec<String>, CommandError> {
    let set = PolicyLibrary::read_files(&[])?.load_policies()?;
    let matching =
        set.policies().iter().filter(|policy| policy.matches.matches_event(source, name));
    Ok(matching.map(|policy| policy.id.clone()).collect())
}
