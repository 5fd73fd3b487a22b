//! `evenkeel deploy-bundle`: checks, tests and deploys a folder of policies as a bundle.

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

/// Check, test and deploy a folder of policies
///
/// The command compiles policies, functions, settings and waivers, runs all cases, and prints the
/// differences from the active bundle. After a confirmation, the command writes the files and the
/// manifest to the ledger, unless another bundle was deployed meanwhile. The functions load the new
/// bundle within a minute.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel deploy-bundle --ledger s3://audit-ledger/live --dry-run
  evenkeel deploy-bundle my-policies/ --ledger s3://audit-ledger/live
  evenkeel deploy-bundle --ledger s3://audit-ledger/live --yes --format json
  evenkeel deploy-bundle --ledger s3://audit-ledger/live --history
  evenkeel deploy-bundle --ledger s3://audit-ledger/live --rollback

Exit codes:
  0  the bundle is active, nothing has changed, or --dry-run was used
  1  an invalid file, a failed case, a policy without cases, no confirmation,
     or another deployment meanwhile
  2  invalid usage
  3  a file could not be read or written, or the ledger could not be reached")]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct DeployBundleArguments {
    /// Folder with policies, their test files, functions.yaml, settings.yaml and waivers/*.yaml
    #[arg(default_value = "policies")]
    folder: PathBuf,
    /// Ledger: a folder, or an S3 URL such as `s3://BUCKET/PREFIX`
    #[arg(long, value_name = "LEDGER")]
    ledger: String,
    /// Folder with additional files of waivers
    #[arg(long, value_name = "DIR")]
    waivers: Option<PathBuf>,
    /// Print the changes, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Confirm without a question
    #[arg(long, short)]
    yes: bool,
    /// Accept policies without the required cases
    #[arg(long)]
    untested: bool,
    /// Output format of the changes
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
    /// Deploy an earlier bundle again: the previous one, or the one whose version has this prefix
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["waivers", "untested", "history"])]
    #[expect(clippy::option_option, reason = "clap's type for an option with an optional value")]
    rollback: Option<Option<String>>,
    /// List the active bundle and the earlier ones, newest first
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
    let Some((contents, manifest)) = folder::check_folder(command)? else {
        return Ok(ExitStatus::Findings);
    };
    run_async(async {
        let ledger = ledger::open_ledger(&command.ledger).await?;
        let live = LiveBundle::read_live(&ledger, Some(&contents)).await?;
        let manifest = BundleManifest { replaces: live.version.clone(), ..manifest };
        let record = manifest.to_record_bytes().map_err(|error| invalid_bundle_error(&error))?;
        command
            .confirm_and_publish(&ledger, &live, &NextBundle { record, manifest, contents })
            .await
    })
}

impl DeployBundleArguments {
    /// Prints the changes, asks for a confirmation, and publishes the next bundle.
    ///
    /// # Errors
    /// [`CommandError`] if the bundle cannot be published.
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
                    CommandError::io_error("cannot convert the changes to JSON")(
                        std::io::Error::other(error),
                    )
                })?
            )),
        };
        print_stdout(&shown)?;
        if !changes.has_changes() || self.dry_run {
            return Ok(ExitStatus::Success);
        }
        if !confirm_action("Deploy this bundle?", self.yes)? {
            print_stderr("nothing was deployed\n");
            return Ok(ExitStatus::Findings);
        }
        if publish::publish_next_bundle(ledger, live, next).await? {
            print_stderr(&format!("bundle {} is active\n", sha256_hex(&next.record)));
            return Ok(ExitStatus::Success);
        }
        print_stderr(
            "another bundle was deployed meanwhile; run the command again to see the changes\n",
        );
        Ok(ExitStatus::Findings)
    }
}
