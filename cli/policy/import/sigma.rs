//! `evenkeel import sigma`: converts Sigma rules for CloudTrail into policies with test cases.

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::terminal::{
    BOLD, DIM, GREEN, RED, YELLOW, escape_terminal, format_count, print_stderr, print_stdout,
    style_text,
};
use clap::Args;
use evenkeel_sigma::{DocumentOutcome, ImportOutcome, ImportedPolicy, import_rules};
use std::path::{Path, PathBuf};

/// Convert Sigma rules for CloudTrail into policies
///
/// Each rule becomes `<id>.cel` and `<id>.test.yaml`. The cases contain an event that the rule
/// matches, and an event that the rule does not match. A rule with a feature that policies do not
/// support is refused, with its line and the reason; the other rules are converted. Review the
/// policies before you deploy them: a rule that was written for manual analysis can report harmless
/// events.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel import sigma rules/cloud/aws/cloudtrail/
  evenkeel import sigma my-rule.yml --out my-policies/sigma
  evenkeel import sigma rules/ --dry-run

Then check and test the policies:
  evenkeel check policies/imported
  evenkeel test policies/imported

Exit codes:
  0  all rules were imported or skipped
  1  a rule was refused
  2  invalid usage
  3  a file could not be read or written")]
pub(crate) struct SigmaArguments {
    /// Rule files, or folders of rules (*.yml, *.yaml)
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// Folder for the policies
    #[arg(long, value_name = "DIR", default_value = "policies/imported")]
    out: PathBuf,
    /// Overwrite files with other content
    #[arg(long)]
    force: bool,
    /// Print the policies, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// The number of rules by outcome.
#[derive(Debug, Default)]
struct ImportCounts {
    imported: usize,
    refused: usize,
    skipped: usize,
    unreadable: usize,
}

pub(crate) fn run(command: &SigmaArguments) -> Result<ExitStatus, CommandError> {
    let mut counts = ImportCounts::default();
    let files = read_rule_files(&command.paths, &mut counts)?;
    for document in import_rules(&files) {
        let place = escape_terminal(&format!("{}:{}", document.file, document.line));
        match &document.outcome {
            ImportOutcome::Imported(new) => command.write_policy(&document, new, &mut counts)?,
            ImportOutcome::Refused(why) => {
                report_refusal(&place, &why.to_string(), &mut counts);
            }
            ImportOutcome::Skipped(why) => {
                counts.skipped = counts.skipped.saturating_add(1);
                print_stderr(&format!(
                    "{} {place}: {}\n",
                    style_text(DIM, "skipped"),
                    escape_terminal(why)
                ));
            }
        }
    }
    let made = if command.dry_run { "would be written" } else { "imported" };
    print_stderr(&format!(
        "{} {made}, {} refused, {} skipped\n",
        style_text(BOLD, &format_count(counts.imported, "policy", "policies")),
        counts.refused,
        counts.skipped
    ));
    Ok(match (counts.unreadable, counts.refused) {
        (1.., _) => ExitStatus::InputError,
        (_, 1..) => ExitStatus::Findings,
        _ => ExitStatus::Success,
    })
}

/// Counts a refused rule, and prints the reason.
fn report_refusal(place: &str, why: &str, counts: &mut ImportCounts) {
    counts.refused = counts.refused.saturating_add(1);
    print_stderr(&format!("{} {place}: {}\n", style_text(RED, "refused"), escape_terminal(why)));
}

impl SigmaArguments {
    /// Writes a policy and its cases. Refuses the rule if a file exists with other content, unless
    /// `--force` is set.
    ///
    /// # Errors
    /// [`CommandError::Io`] if a file cannot be written.
    fn write_policy(
        &self,
        document: &DocumentOutcome,
        new: &ImportedPolicy,
        counts: &mut ImportCounts,
    ) -> Result<(), CommandError> {
        let files = [
            (self.out.join(format!("{}.cel", new.id)), &new.policy),
            (self.out.join(format!("{}.test.yaml", new.id)), &new.cases),
        ];
        let place = escape_terminal(&format!("{}:{}", document.file, document.line));
        let shown = |path: &Path| escape_terminal(&path.display().to_string());
        if !self.force
            && let Some((path, _)) = files.iter().find(|(path, text)| has_other_content(path, text))
        {
            let why = format!(
                "{} exists with other content; use --force to overwrite it",
                path.display()
            );
            report_refusal(&place, &why, counts);
            return Ok(());
        }
        counts.imported = counts.imported.saturating_add(1);
        for (path, text) in &files {
            if self.dry_run {
                let lines: String = text.lines().map(|line| escape_terminal(line) + "\n").collect();
                print_stdout(&format!("==> {} <==\n{lines}\n", shown(path)))?;
            } else {
                write_file(path, text)?;
            }
        }
        let [(policy, _), _] = &files;
        print_stderr(&format!(
            "{} {} from {place}\n",
            style_text(GREEN, "imported"),
            shown(policy)
        ));
        for text in &new.notes {
            print_stderr(&format!("  {} {}\n", style_text(YELLOW, "note:"), escape_terminal(text)));
        }
        Ok(())
    }
}

/// Returns whether a file with other content than `text` exists at `path`.
fn has_other_content(path: &Path, text: &str) -> bool {
    match std::fs::read(path) {
        Ok(content) => content != text.as_bytes(),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

/// Writes a file, and creates its folder.
fn write_file(path: &Path, text: &str) -> Result<(), CommandError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, text))
        .map_err(CommandError::io_error(format!("cannot write {}", path.display())))
}

/// Reads the rule files, and returns their names and texts, sorted by name within each folder.
///
/// The function prints and counts unreadable files.
///
/// # Errors
/// [`CommandError::Usage`] if there is no rule file; [`CommandError::Io`] if a folder cannot be
/// read.
fn read_rule_files(
    paths: &[PathBuf],
    counts: &mut ImportCounts,
) -> Result<Vec<(String, String)>, CommandError> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        for entry in walkdir::WalkDir::new(path).follow_links(true).sort_by_file_name() {
            let entry = entry.map_err(|error| CommandError::Io {
                what: format!("cannot read {}", path.display()),
                error: error.into(),
            })?;
            let is_yaml = entry.path().extension().is_some_and(|end| end == "yml" || end == "yaml");
            if entry.file_type().is_file() && is_yaml {
                found.push(entry.into_path());
            }
        }
    }
    if found.is_empty() {
        let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        return Err(CommandError::Usage(format!("no .yml or .yaml file in {}", names.join(", "))));
    }
    let mut files = Vec::new();
    for path in found {
        let name = path.display().to_string();
        match std::fs::read_to_string(&path) {
            Ok(text) => files.push((name, text)),
            Err(error) => {
                counts.unreadable = counts.unreadable.saturating_add(1);
                let why = escape_terminal(&format!("{name}: {error}"));
                print_stderr(&format!("{} {why}\n", style_text(RED, "cannot read")));
            }
        }
    }
    Ok(files)
}
