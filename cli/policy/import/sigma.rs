//! `evenkeel import sigma`: Sigma rules about CloudTrail as policies with their cases.

use crate::common::exit::{Exit, Stopped};
use crate::common::terminal::{BOLD, DIM, GREEN, RED, YELLOW, count, note, paint, print, safe};
use clap::Args;
use evenkeel_sigma::{Imported, Outcome, Told, import};
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
pub(crate) struct Sigma {
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
struct Counts {
    imported: usize,
    refused: usize,
    skipped: usize,
    unread: usize,
}

pub(crate) fn run(command: &Sigma) -> Result<Exit, Stopped> {
    let mut counts = Counts::default();
    let files = read(&command.paths, &mut counts)?;
    for told in import(&files) {
        let place = safe(&format!("{}:{}", told.file, told.line));
        match &told.outcome {
            Outcome::Imported(new) => command.take(&told, new, &mut counts)?,
            Outcome::Refused(why) => {
                refuse(&place, &why.to_string(), &mut counts);
            }
            Outcome::Skipped(why) => {
                counts.skipped = counts.skipped.saturating_add(1);
                note(&format!("{} {place}: {}\n", paint(DIM, "skipped"), safe(why)));
            }
        }
    }
    let made = if command.dry_run { "would be written" } else { "imported" };
    note(&format!(
        "{} {made}, {} refused, {} skipped\n",
        paint(BOLD, &count(counts.imported, "policy", "policies")),
        counts.refused,
        counts.skipped
    ));
    Ok(match (counts.unread, counts.refused) {
        (1.., _) => Exit::Input,
        (_, 1..) => Exit::Found,
        _ => Exit::Well,
    })
}

fn refuse(place: &str, why: &str, counts: &mut Counts) {
    counts.refused = counts.refused.saturating_add(1);
    note(&format!("{} {place}: {}\n", paint(RED, "refused"), safe(why)));
}

impl Sigma {
    /// Writes a policy and its cases, unless something else is there.
    fn take(&self, told: &Told, new: &Imported, counts: &mut Counts) -> Result<(), Stopped> {
        let files = [
            (self.out.join(format!("{}.cel", new.id)), &new.policy),
            (self.out.join(format!("{}.test.yaml", new.id)), &new.cases),
        ];
        let place = safe(&format!("{}:{}", told.file, told.line));
        let shown = |path: &Path| safe(&path.display().to_string());
        if !self.force
            && let Some((path, _)) = files.iter().find(|(path, text)| differs(path, text))
        {
            let why = format!("{} is there and differs: --force writes over it", path.display());
            refuse(&place, &why, counts);
            return Ok(());
        }
        counts.imported = counts.imported.saturating_add(1);
        for (path, text) in &files {
            if self.dry_run {
                let lines: String = text.lines().map(|line| safe(line) + "\n").collect();
                print(&format!("==> {} <==\n{lines}\n", shown(path)))?;
            } else {
                write(path, text)?;
            }
        }
        let [(policy, _), _] = &files;
        note(&format!("{} {} from {place}\n", paint(GREEN, "imported"), shown(policy)));
        for text in &new.notes {
            note(&format!("  {} {}\n", paint(YELLOW, "note:"), safe(text)));
        }
        Ok(())
    }
}

/// Whether something else than `text` is at `path`.
fn differs(path: &Path, text: &str) -> bool {
    match std::fs::read(path) {
        Ok(there) => there != text.as_bytes(),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

fn write(path: &Path, text: &str) -> Result<(), Stopped> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, text))
        .map_err(Stopped::io(format!("cannot write {}", path.display())))
}

/// The rules' files, by name and text, in the order of their names; one that cannot be read is named.
fn read(paths: &[PathBuf], counts: &mut Counts) -> Result<Vec<(String, String)>, Stopped> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        for entry in walkdir::WalkDir::new(path).follow_links(true).sort_by_file_name() {
            let entry = entry.map_err(|error| Stopped::Io {
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
        return Err(Stopped::Usage(format!("no .yml or .yaml file in {}", names.join(", "))));
    }
    let mut files = Vec::new();
    for path in found {
        let name = path.display().to_string();
        match std::fs::read_to_string(&path) {
            Ok(text) => files.push((name, text)),
            Err(error) => {
                counts.unread = counts.unread.saturating_add(1);
                let why = safe(&format!("{name}: {error}"));
                note(&format!("{} {why}\n", paint(RED, "cannot read")));
            }
        }
    }
    Ok(files)
}
