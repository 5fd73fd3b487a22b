//! `evenkeel schema`: what there is to look at in an event, and the schemas of policies' files.

use crate::common::exit::{Exit, Stopped};
use crate::common::library::Library;
use crate::common::output_format::OutputFormat;
use crate::common::terminal::{BOLD, DIM, YELLOW, paint, print, safe};
use clap::Args;
use evenkeel_authoring::schema::{Field, HEADER, TEST, besides, fields, writes};
use evenkeel_authoring::services::events::{self, EventNameError};
use evenkeel_authoring::services::models::Side;
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
pub(crate) struct Schema {
    /// A source, an event of it, `header` or `test`
    #[arg(value_name = "SOURCE[:NAME]|header|test")]
    what: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

pub(crate) fn run(command: &Schema) -> Result<Exit, Stopped> {
    let is_json = command.format == OutputFormat::Json;
    let text = match command.what.as_deref() {
        None => list(&events::sources().collect::<Vec<_>>(), is_json),
        Some("header") => HEADER.to_owned(),
        Some("test") => TEST.to_owned(),
        Some(what) => about(what, is_json)?,
    };
    print(&text)?;
    Ok(Exit::Well)
}

/// A service or an event of one.
fn about(what: &str, is_json: bool) -> Result<String, Stopped> {
    if let Some((source, name)) = what.split_once(':') {
        return event(source, name, is_json);
    }
    let names: Vec<String> = writes(what).into_iter().map(str::to_owned).collect();
    if names.is_empty() {
        events::check(what, "").map_err(unknown)?;
    }
    Ok(list(&names, is_json))
}

#[expect(clippy::needless_pass_by_value, reason = "how `map_err` gives it")]
fn unknown(error: EventNameError) -> Stopped {
    Stopped::Usage(error.to_string())
}

fn list(names: &[String], is_json: bool) -> String {
    if is_json { format!("{:#}\n", json!(names)) } else { names.join("\n") + "\n" }
}

fn event(source: &str, name: &str, is_json: bool) -> Result<String, Stopped> {
    events::check(source, name).map_err(unknown)?;
    let (request, response) =
        (fields(source, name, Side::Request), fields(source, name, Side::Response));
    let watched = watched_by(source, name)?;
    if is_json {
        let all = |fields: &[Field]| fields.iter().map(Field::json).collect::<Vec<_>>();
        let document = json!({
            "eventSource": source,
            "eventName": name,
            "request": all(&request),
            "response": all(&response),
            "besides": besides(source),
            "policies": watched,
        });
        return Ok(format!("{document:#}\n"));
    }
    let mut out = format!("{}\n", paint(BOLD, &safe(&format!("{source}:{name}"))));
    for (side, fields) in [("request", &request), ("response", &response)] {
        out += &format!("{}\n", paint(BOLD, side));
        if fields.is_empty() {
            out += &format!("  {}\n", paint(DIM, "nothing that the models know"));
        }
        for field in fields {
            out += &row(field, 1);
        }
    }
    if !besides(source).is_empty() {
        out += &format!("{}  {}\n", paint(BOLD, "besides"), besides(source).join(" "));
    }
    if !watched.is_empty() {
        out += &format!("{}  {}\n", paint(BOLD, "policies"), watched.join(" "));
    }
    Ok(out)
}

fn row(field: &Field, depth: usize) -> String {
    let name = format!("{}{}", "  ".repeat(depth), field.name);
    let required = if field.required { paint(YELLOW, "  required") } else { String::new() };
    let values = if field.values.is_empty() {
        String::new()
    } else {
        format!("  {}", field.values.join(" | "))
    };
    let mut out = format!("{name:<44}  {}{required}{}\n", field.kind, paint(DIM, &values));
    for field in &field.fields {
        out += &row(field, depth.saturating_add(1));
    }
    out
}

/// The shipped policies that watch an event: their cases show what it looks like.
fn watched_by(source: &str, name: &str) -> Result<Vec<String>, Stopped> {
    let set = Library::read(&[])?.load()?;
    let watched = set.policies().iter().filter(|policy| policy.matches.wants(source, name));
    Ok(watched.map(|policy| policy.id.clone()).collect())
}
