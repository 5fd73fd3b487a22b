//! What was looked at, what was found, and how it is told.

use serde::Serialize;
use serde_json::json;

use crate::common::exit::{Exit, Stopped};
use crate::common::output_format::OutputFormat;
use crate::common::terminal::{DIM, GREEN, RED, YELLOW, count, paint, print, safe};

/// How it stands with something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warn,
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    state: State,
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
pub(super) struct Report {
    format: OutputFormat,
    checks: Vec<Check>,
    told: usize,
}

/// What is said about one thing: what is wrong with it, or that it is well.
#[derive(Debug)]
pub(super) struct About<'r> {
    report: &'r mut Report,
    what: String,
    well: bool,
}

impl Report {
    /// A report of nothing yet.
    pub(super) fn new(format: OutputFormat) -> Report {
        Report { format, checks: Vec::new(), told: 0 }
    }

    /// Begins to say something about `what`.
    pub(super) fn about(&mut self, what: impl Into<String>) -> About<'_> {
        About { report: self, what: what.into(), well: true }
    }

    /// Prints what is new, where lines are printed.
    pub(super) fn tell(&mut self) -> Result<(), Stopped> {
        let told = std::mem::replace(&mut self.told, self.checks.len());
        if self.format == OutputFormat::Text {
            for check in self.checks.iter().skip(told) {
                print(&line(check))?;
            }
        }
        Ok(())
    }

    /// Prints the rest; how the command ends.
    pub(super) fn end(mut self) -> Result<Exit, Stopped> {
        self.tell()?;
        let number = |state| self.checks.iter().filter(|check| check.state == state).count();
        let [ok, warn, fail] = [State::Ok, State::Warn, State::Fail].map(number);
        match self.format {
            OutputFormat::Text => print(&format!(
                "{ok} ok, {}, {}\n",
                count(warn, "warning", "warnings"),
                count(fail, "failure", "failures")
            ))?,
            OutputFormat::Json => {
                let json = json!({"checks": self.checks, "ok": ok, "warn": warn, "fail": fail});
                print(&evenkeel_rules::escape_json(format!("{json:#}\n")))?;
            }
        }
        Ok(if fail == 0 { Exit::Well } else { Exit::Found })
    }
}

impl About<'_> {
    /// Something works, and will not for long, or not as well as it should.
    pub(super) fn warn(&mut self, detail: impl Into<String>, todo: impl Into<String>) {
        self.add(State::Warn, detail.into(), Some(todo.into()), None);
    }

    /// Something does not work.
    pub(super) fn fail(&mut self, detail: impl Into<String>, todo: impl Into<String>) {
        self.add(State::Fail, detail.into(), Some(todo.into()), None);
    }

    /// It is well, unless something else was said.
    pub(super) fn end(mut self, detail: impl Into<String>) {
        if self.well {
            self.add(State::Ok, detail.into(), None, None);
        }
    }

    /// It took so long, and is well.
    pub(super) fn took(mut self, detail: impl Into<String>, milliseconds: i64) {
        self.add(State::Ok, detail.into(), None, Some(milliseconds));
    }

    fn add(
        &mut self,
        state: State,
        detail: String,
        todo: Option<String>,
        milliseconds: Option<i64>,
    ) {
        self.well = false;
        let what = self.what.clone();
        self.report.checks.push(Check { state, what, detail, todo, milliseconds });
    }
}

fn line(check: &Check) -> String {
    let state = match check.state {
        State::Ok => paint(GREEN, "ok  "),
        State::Warn => paint(YELLOW, "warn"),
        State::Fail => paint(RED, "fail"),
    };
    let (what, detail) = (safe(&check.what), safe(&check.detail));
    let todo = check
        .todo
        .as_deref()
        .map(|todo| format!("  {}", paint(DIM, &format!("-> {}", safe(todo)))));
    format!("{state}  {what:<42}  {detail}{}\n", todo.unwrap_or_default())
}
