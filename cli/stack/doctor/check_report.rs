//! What was looked at, what was found, and how it is told.

use serde::Serialize;
use serde_json::json;

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::output_format::OutputFormat;
use crate::common::terminal::{
    DIM, GREEN, RED, YELLOW, escape_terminal, format_count, print_stdout, style_text,
};

/// How it stands with something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum CheckState {
    Ok,
    Warn,
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct CheckResult {
    state: CheckState,
    what: String,
    detail: String,
    /// What to do about it.
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    todo: Option<String>,
    /// How long the canary took for this hop.
    #[serde(skip_serializing_if = "Option::is_none")]
    milliseconds: Option<i64>,
}

/// All checks so far.
#[derive(Debug)]
pub(super) struct DoctorReport {
    format: OutputFormat,
    checks: Vec<CheckResult>,
    printed: usize,
}

/// What is said about one thing: what is wrong with it, or that it is well.
#[derive(Debug)]
pub(super) struct CheckReporter<'r> {
    report: &'r mut DoctorReport,
    what: String,
    is_ok: bool,
}

impl DoctorReport {
    /// A report of nothing yet.
    pub(super) fn new(format: OutputFormat) -> DoctorReport {
        DoctorReport { format, checks: Vec::new(), printed: 0 }
    }

    /// Begins to say something about `what`.
    pub(super) fn begin_check(&mut self, what: impl Into<String>) -> CheckReporter<'_> {
        CheckReporter { report: self, what: what.into(), is_ok: true }
    }

    /// Prints what is new, where lines are printed.
    pub(super) fn print_pending(&mut self) -> Result<(), CommandError> {
        let told = std::mem::replace(&mut self.printed, self.checks.len());
        if self.format == OutputFormat::Text {
            for check in self.checks.iter().skip(told) {
                print_stdout(&render_check(check))?;
            }
        }
        Ok(())
    }

    /// Prints the rest; how the command ends.
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
    /// Something works, and will not for long, or not as well as it should.
    pub(super) fn add_warning(&mut self, detail: impl Into<String>, todo: impl Into<String>) {
        self.add_result(CheckState::Warn, detail.into(), Some(todo.into()), None);
    }

    /// Something does not work.
    pub(super) fn add_failure(&mut self, detail: impl Into<String>, todo: impl Into<String>) {
        self.add_result(CheckState::Fail, detail.into(), Some(todo.into()), None);
    }

    /// It is well, unless something else was said.
    pub(super) fn finish_check(mut self, detail: impl Into<String>) {
        if self.is_ok {
            self.add_result(CheckState::Ok, detail.into(), None, None);
        }
    }

    /// It took so long, and is well.
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
