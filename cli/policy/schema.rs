//! `evenkeel schema`: what there is to look at in an event, and the schemas of policies' files.

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

/// Print what there is to look at: services, a service's events, an event's fields; or the schemas of policies' files
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel schema                                            all event sources
  evenkeel schema kms.amazonaws.com                          the events of one that change something
  evenkeel schema kms.amazonaws.com:PutKeyPolicy             the fields of its request and its answer
  evenkeel schema kms.amazonaws.com:PutKeyPolicy --format json
  evenkeel schema header                                     JSON Schema of a policy's header
  evenkeel schema test > test.schema.json                    JSON Schema of a test file, for your editor

Fields are those of AWS's service models, as CloudTrail spells them. EC2 and S3 record much under other names, too.")]
pub(crate) struct SchemaArguments {
    /// A source, an event of it, `header` or `test`
    #[arg(value_name = "SOURCE[:NAME]|header|test")]
    what: Option<String>,
    /// How to print it
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

/// A service or an event of one.
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

#[expect(clippy::needless_pass_by_value, reason = "how `map_err` gives it")]
fn event_name_error(error: EventNameError) -> CommandError {
    CommandError::Usage(error.to_string())
}

fn render_names(names: &[String], is_json: bool) -> String {
    if is_json { format!("{:#}\n", json!(names)) } else { names.join("\n") + "\n" }
}

fn describe_event(source: &str, name: &str, is_json: bool) -> Result<String, CommandError> {
    events::check_event_name(source, name).map_err(event_name_error)?;
    let (request, response) = (
        list_event_fields(source, name, CallSide::Request),
        list_event_fields(source, name, CallSide::Response),
    );
    let watched = find_watching_policies(source, name)?;
    if is_json {
        let all =
            |fields: &[EventField]| fields.iter().map(EventField::to_json).collect::<Vec<_>>();
        let document = json!({
            "eventSource": source,
            "eventName": name,
            "request": all(&request),
            "response": all(&response),
            "besides": list_unmodeled_fields(source),
            "policies": watched,
        });
        return Ok(format!("{document:#}\n"));
    }
    let mut out = format!("{}\n", style_text(BOLD, &escape_terminal(&format!("{source}:{name}"))));
    for (side, fields) in [("request", &request), ("response", &response)] {
        out += &format!("{}\n", style_text(BOLD, side));
        if fields.is_empty() {
            out += &format!("  {}\n", style_text(DIM, "nothing that the models know"));
        }
        for field in fields {
            out += &render_field(field, 1);
        }
    }
    if !list_unmodeled_fields(source).is_empty() {
        out += &format!(
            "{}  {}\n",
            style_text(BOLD, "besides"),
            list_unmodeled_fields(source).join(" ")
        );
    }
    if !watched.is_empty() {
        out += &format!("{}  {}\n", style_text(BOLD, "policies"), watched.join(" "));
    }
    Ok(out)
}

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

/// The shipped policies that watch an event: their cases show what it looks like.
fn find_watching_policies(source: &str, name: &str) -> Result<Vec<String>, CommandError> {
    let set = PolicyLibrary::read_files(&[])?.load_policies()?;
    let watched = set.policies().iter().filter(|policy| policy.matches.matches_event(source, name));
    Ok(watched.map(|policy| policy.id.clone()).collect())
}
