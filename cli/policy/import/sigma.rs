//! `evenkeel import sigma`: Sigma rules about CloudTrail as policies with their cases.

use crate::common::exit::{CommandError, ExitStatus};
use crate::common::terminal::{
    BOLD, DIM, GREEN, RED, YELLOW, escape_terminal, format_count, print_stderr, print_stdout,
    style_text,
};
use clap::Args;
use evenkeel_sigma::{DocumentOutcome, ImportOutcome, ImportedPolicy, import_rules};
use std::path::{Path, PathBuf};

/// Make policies of Sigma rules about CloudTrail
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel import sigma rules/cloud/aws/cloudtrail/
  evenkeel import sigma my-rule.yml --out my-policies/sigma
  evenkeel import sigma rules/ --dry-run

Each rule becomes <id>.cel and <id>.test.yaml, with an event that it finds and one that it lets pass. What a policy
cannot say is refused, with the line and the reason; the others are written. Then: evenkeel check DIR, evenkeel test
DIR. Read what was made before you deploy it: a rule that was written to be looked at by people may find much.

Exit code 1 where a rule was refused.")]
pub(crate) struct SigmaArguments {
    /// Files of rules, or folders of them (*.yml, *.yaml)
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// The folder for the policies
    #[arg(long, value_name = "DIR", default_value = "policies/imported")]
    out: PathBuf,
    /// Write over what is there and differs
    #[arg(long)]
    force: bool,
    /// Print what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// How many documents became what.
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
    for told in import_rules(&files) {
        let place = escape_terminal(&format!("{}:{}", told.file, told.line));
        match &told.outcome {
            ImportOutcome::Imported(new) => command.write_policy(&told, new, &mut counts)?,
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

fn report_refusal(place: &str, why: &str, counts: &mut ImportCounts) {
    counts.refused = counts.refused.saturating_add(1);
    print_stderr(&format!("{} {place}: {}\n", style_text(RED, "refused"), escape_terminal(why)));
}

impl SigmaArguments {
    /// Writes a policy and its cases, unless something else is there.
    fn write_policy(
        &self,
        told: &DocumentOutcome,
        new: &ImportedPolicy,
        counts: &mut ImportCounts,
    ) -> Result<(), CommandError> {
        let files = [
            (self.out.join(format!("{}.cel", new.id)), &new.policy),
            (self.out.join(format!("{}.test.yaml", new.id)), &new.cases),
        ];
        let place = escape_terminal(&format!("{}:{}", told.file, told.line));
        let shown = |path: &Path| escape_terminal(&path.display().to_string());
        if !self.force
            && let Some((path, _)) = files.iter().find(|(path, text)| has_other_content(path, text))
        {
            let why = format!("{} is there and differs: --force writes over it", path.display());
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

/// Whether something else than `text` is at `path`.
fn has_other_content(path: &Path, text: &str) -> bool {
    match std::fs::read(path) {
        Ok(there) => there != text.as_bytes(),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

fn write_file(path: &Path, text: &str) -> Result<(), CommandError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, text))
        .map_err(CommandError::io_error(format!("cannot write {}", path.display())))
}

/// The rules' files, by name and text, in the order of their names; one that cannot be read is named.
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
