//! `evenkeel deploy-bundle`: what was checked and tested becomes what the functions judge by.

mod change_report;
mod changes;
mod errors;
mod folder;
mod history;
mod live_bundle;
mod publish;

use std::path::PathBuf;

use clap::Args;
use evenkeel_client::clock::current_millis;
use evenkeel_ledger::Ledger;
use evenkeel_rules::bundle::{BundleManifest, sha256_hex};
use evenkeel_rules::escape_json;

use crate::common::confirmation::confirm_action;
use crate::common::exit::{CommandError, ExitStatus};
use crate::common::ledger;
use crate::common::output_format::OutputFormat;
use crate::common::runtime::run_async;
use crate::common::terminal::{print_stderr, print_stdout};
use changes::BundleChanges;
use errors::invalid_bundle_error;
use live_bundle::{LiveBundle, NextBundle};

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
pub(crate) struct DeployBundleArguments {
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

pub(crate) fn run(command: &DeployBundleArguments) -> Result<ExitStatus, CommandError> {
    if command.history {
        return run_async(async {
            history::list_bundles(&ledger::open_ledger(&command.ledger).await?).await
        });
    }
    if let Some(version) = &command.rollback {
        return run_async(async {
            let ledger = ledger::open_ledger(&command.ledger).await?;
            let live = LiveBundle::read_live(&ledger, None).await?;
            let next = history::find_replaced_bundle(&ledger, &live, version.as_deref()).await?;
            command.confirm_and_publish(&ledger, &live, &next).await
        });
    }
    let Some((side, manifest)) = folder::check_folder(command)? else {
        return Ok(ExitStatus::Findings);
    };
    run_async(async {
        let ledger = ledger::open_ledger(&command.ledger).await?;
        let live = LiveBundle::read_live(&ledger, Some(&side)).await?;
        let manifest = BundleManifest { replaces: live.version.clone(), ..manifest };
        let record = manifest.to_record_bytes().map_err(|error| invalid_bundle_error(&error))?;
        command
            .confirm_and_publish(&ledger, &live, &NextBundle { record, manifest, contents: side })
            .await
    })
}

impl DeployBundleArguments {
    async fn confirm_and_publish(
        &self,
        ledger: &Ledger,
        live: &LiveBundle,
        next: &NextBundle,
    ) -> Result<ExitStatus, CommandError> {
        let changes = BundleChanges::between_bundles(live, next, current_millis());
        let shown = match self.format {
            OutputFormat::Text => change_report::render_changes(&changes),
            OutputFormat::Json => escape_json(format!(
                "{}\n",
                serde_json::to_string_pretty(&changes).map_err(|error| {
                    CommandError::io_error("cannot write the changes")(std::io::Error::other(error))
                })?
            )),
        };
        print_stdout(&shown)?;
        if !changes.has_changes() || self.dry_run {
            return Ok(ExitStatus::Success);
        }
        if !confirm_action("Deploy it?", self.yes)? {
            print_stderr("nothing was deployed\n");
            return Ok(ExitStatus::Findings);
        }
        if publish::publish_next_bundle(ledger, live, next).await? {
            print_stderr(&format!("bundle {} holds\n", sha256_hex(&next.record)));
            return Ok(ExitStatus::Success);
        }
        print_stderr(
            "somebody else has deployed meanwhile: run it again, and see what would change now\n",
        );
        Ok(ExitStatus::Findings)
    }
}
