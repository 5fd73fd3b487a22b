//! The results of the checks, and their output.

use serde::Serialize;
use serde_json::json;

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::output_format::OutputFormat;
use crate::common::terminal::{
    DIM, GREEN, RED, YELLOW, escape_terminal, format_count, print_stdout, style_text,
};

/// The state of a checked part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum CheckState {
    Ok,
    Warn,
    Fail,
}

/// The result of one check.
#[derive(Debug, Serialize)]
struct CheckResult {
    state: CheckState,
    what: String,
    detail: String,
    /// The action that fixes the problem.
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    todo: Option<String>,
    /// The time that the canary needed for this hop, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    milliseconds: Option<i64>,
}

/// The results of all checks so far.
#[derive(Debug)]
pub(super) struct DoctorReport {
    format: OutputFormat,
    checks: Vec<CheckResult>,
    printed: usize,
}

/// A reporter for one check. It adds each problem of the checked part to the report, or one success
/// if the part has no problem.
#[derive(Debug)]
pub(super) struct CheckReporter<'r> {
    report: &'r mut DoctorReport,
    what: String,
    is_ok: bool,
}

impl DoctorReport {
    /// Creates an empty report.
    pub(super) fn new(format: OutputFormat) -> DoctorReport {
        DoctorReport { format, checks: Vec::new(), printed: 0 }
    }

    /// Begins the check of the part `what`.
    pub(super) fn begin_check(&mut self, what: impl Into<String>) -> CheckReporter<'_> {
        CheckReporter { report: self, what: what.into(), is_ok: true }
    }

    /// Prints the new results in the text format. JSON is printed at the end.
    ///
    /// # Errors
    /// [`CommandError::Io`] if the output cannot be written.
    pub(super) fn print_pending(&mut self) -> Result<(), CommandError> {
        let printed = std::mem::replace(&mut self.printed, self.checks.len());
        if self.format == OutputFormat::Text {
            for check in self.checks.iter().skip(printed) {
                print_stdout(&render_check(check))?;
            }
        }
        Ok(())
    }

    /// Prints the remaining results and the totals. Returns the exit status of the command.
    ///
    /// # Errors
    /// [`CommandError::Io`] if the output cannot be written.
    pub(super) fn finish_report(mut self) -> Result<ExitStatus, CommandError> {
        self.print_pending()?;
        let number = |state| self.checks.iter().filter(|check| check.state == state).count();
        let [ok, warn, fail] = [CheckState::Ok, CheckState::Warn, CheckState::Fail].map(number);
        match self.format {
            OutputFormat::Text => print_stdout(&format!(
                "{ok} ok, {}, {}\n",
                format_count(warn, "warning", "warnings"),
                format_count(fail, "failure", "failures")
            ))?,
            OutputFormat::Json => {
                let json = json!({"checks": self.checks, "ok": ok, "warn": warn, "fail": fail});
                print_stdout(&evenkeel_rules::escape_json(format!("{json:#}\n")))?;
            }
        }
        Ok(if fail == 0 { ExitStatus::Success } else { ExitStatus::Findings })
    }
}

impl CheckReporter<'_> {
    /// Adds a warning: the part works, but has a problem. `todo` is the action that fixes the
    /// problem.
    pub(super) fn add_warning(&mut self, detail: impl Into<String>, todo: impl Into<String>) {
        self.add_result(CheckState::Warn, detail.into(), Some(todo.into()), None);
    }

    /// Adds a failure: the part does not work. `todo` is the action that fixes the problem.
    pub(super) fn add_failure(&mut self, detail: impl Into<String>, todo: impl Into<String>) {
        self.add_result(CheckState::Fail, detail.into(), Some(todo.into()), None);
    }

    /// Ends the check: the part works, unless a warning or a failure was added.
    pub(super) fn finish_check(mut self, detail: impl Into<String>) {
        if self.is_ok {
            self.add_result(CheckState::Ok, detail.into(), None, None);
        }
    }

    /// Ends the check of a hop of the canary with its time in milliseconds: the hop works.
    pub(super) fn finish_with_latency(mut self, detail: impl Into<String>, milliseconds: i64) {
        self.add_result(CheckState::Ok, detail.into(), None, Some(milliseconds));
    }

    fn add_result(
        &mut self,
        state: CheckState,
        detail: String,
        todo: Option<String>,
        milliseconds: Option<i64>,
    ) {
        self.is_ok = false;
        let what = self.what.clone();
        self.report.checks.push(CheckResult { state, what, detail, todo, milliseconds });
    }
}

/// Renders the result of one check as a line of text.
fn render_check(check: &CheckResult) -> String {
    let state = match check.state {
        CheckState::Ok => style_text(GREEN, "ok  "),
        CheckState::Warn => style_text(YELLOW, "warn"),
        CheckState::Fail => style_text(RED, "fail"),
    };
    let (what, detail) = (escape_terminal(&check.what), escape_terminal(&check.detail));
    let todo = check
        .todo
        .as_deref()
        .map(|todo| format!("  {}", style_text(DIM, &format!("-> {}", escape_terminal(todo)))));
    format!("{state}  {what:<42}  {detail}{}\n", todo.unwrap_or_default())
}
