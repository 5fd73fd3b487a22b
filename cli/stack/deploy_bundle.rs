//! `evenkeel deploy-bundle`: what was checked and tested becomes what the functions judge by.

mod changes;
mod errors;
mod folder;
mod history;
mod live;
mod publish;
mod text;

use std::path::PathBuf;

use clap::Args;
use evenkeel_client::clock::now;
use evenkeel_ledger::Ledger;
use evenkeel_rules::bundle::{Manifest, digest};
use evenkeel_rules::escape_json;

use crate::common::confirmation::agreed;
use crate::common::exit::{Exit, Stopped};
use crate::common::ledger;
use crate::common::output_format::OutputFormat;
use crate::common::runtime::awaited;
use crate::common::terminal::{note, print};
use changes::Changes;
use errors::broken;
use live::{Live, Next};

/// Check and test a folder of policies, and let the functions judge by it
///
/// Compiles policies, functions, settings and waivers, runs all cases, and shows what would change against
/// the bundle that holds now. After a yes, the files go to the ledger under their digests, and then the
/// manifest that names them, unless somebody else was faster. The functions take it up within a minute.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel deploy-bundle --ledger s3://audit-ledger/live --dry-run
  evenkeel deploy-bundle my-policies/ --ledger s3://audit-ledger/live
  evenkeel deploy-bundle --ledger s3://audit-ledger/live --yes --format json > changes.json
  evenkeel deploy-bundle --ledger s3://audit-ledger/live --history
  evenkeel deploy-bundle --ledger s3://audit-ledger/live --rollback

Exit codes:
  0  it holds, or nothing has changed, or --dry-run
  1  it does not: a wrong file, a failed case, a policy without cases, no yes, or somebody was faster
  2  wrong usage
  3  a file could not be read, or the ledger could not be reached")]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct DeployBundle {
    /// The folder: *.cel with their cases, functions.yaml, settings.yaml, waivers/*.yaml
    #[arg(default_value = "policies")]
    folder: PathBuf,
    /// The ledger: a folder, or `s3://BUCKET/PREFIX`
    #[arg(long, value_name = "LEDGER")]
    ledger: String,
    /// A folder with more files of waivers
    #[arg(long, value_name = "DIR")]
    waivers: Option<PathBuf>,
    /// Show what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Accept policies that lack cases
    #[arg(long)]
    untested: bool,
    /// How to print what changes
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
    /// Put an earlier bundle back: the one before, or the one whose version begins so
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["waivers", "untested", "history"])]
    #[expect(
        clippy::option_option,
        reason = "how clap tells a flag with a value that may be absent"
    )]
    rollback: Option<Option<String>>,
    /// List the bundles that held, the latest first
    #[arg(long)]
    history: bool,
}

pub(crate) fn run(command: &DeployBundle) -> Result<Exit, Stopped> {
    if command.history {
        return awaited(async { history::list(&ledger::open(&command.ledger).await?).await });
    }
    if let Some(version) = &command.rollback {
        return awaited(async {
            let ledger = ledger::open(&command.ledger).await?;
            let live = Live::read(&ledger, None).await?;
            let next = history::find(&ledger, &live, version.as_deref()).await?;
            command.deploy(&ledger, &live, &next).await
        });
    }
    let Some((side, manifest)) = folder::checked(command)? else { return Ok(Exit::Found) };
    awaited(async {
        let ledger = ledger::open(&command.ledger).await?;
        let live = Live::read(&ledger, Some(&side)).await?;
        let manifest = Manifest { replaces: live.version.clone(), ..manifest };
        let record = manifest.record().map_err(|error| broken(&error))?;
        command.deploy(&ledger, &live, &Next { record, manifest, side }).await
    })
}

impl DeployBundle {
    async fn deploy(&self, ledger: &Ledger, live: &Live, next: &Next) -> Result<Exit, Stopped> {
        let changes = Changes::between(live, next, now());
        let shown = match self.format {
            OutputFormat::Text => text::shown(&changes),
            OutputFormat::Json => escape_json(format!(
                "{}\n",
                serde_json::to_string_pretty(&changes).map_err(|error| {
                    Stopped::io("cannot write the changes")(std::io::Error::other(error))
                })?
            )),
        };
        print(&shown)?;
        if !changes.any() || self.dry_run {
            return Ok(Exit::Well);
        }
        if !agreed("Deploy it?", self.yes)? {
            note("nothing was deployed\n");
            return Ok(Exit::Found);
        }
        if publish::put(ledger, live, next).await? {
            note(&format!("bundle {} holds\n", digest(&next.record)));
            return Ok(Exit::Well);
        }
        note("somebody else has deployed meanwhile: run it again, and see what would change now\n");
        Ok(Exit::Found)
    }
}
