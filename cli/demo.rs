//! `evenkeel demo`: a plain-HTTP integration is found, repaired and undone, before a stand-in of AWS.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use clap::Args;

use crate::common::exit::{Exit, Stopped};
use crate::common::terminal::{BOLD, DIM, note, paint, print, safe};

/// See a violation found, repaired and undone, without an AWS account
///
/// Starts a stand-in of AWS on this machine (moto, fetched into a folder of its own), and a backend that speaks TLS.
/// A developer turns an HTTPS integration of a REST API into plain HTTP and deploys it; the event is judged, and what
/// it did is planned, applied, and undone by the commands that are shown. Needs Python 3 with pip.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  evenkeel demo
  evenkeel demo --folder /tmp/evenkeel-demo")]
pub(crate) struct Demo {
    /// Where the stand-in and the evidence go
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// What stands in for AWS, and who uses it.
const FILES: [(&str, &str); 8] = [
    ("stand.py", include_str!("../tests/testing/stand/stand.py")),
    ("apigateway.py", include_str!("../tests/testing/stand/apigateway.py")),
    ("bus.py", include_str!("../tests/testing/stand/bus.py")),
    ("cloudcontrol.py", include_str!("../tests/testing/stand/cloudcontrol.py")),
    ("trail.py", include_str!("../tests/testing/stand/trail.py")),
    ("requirements.txt", include_str!("../tests/testing/stand/requirements.txt")),
    ("backend.py", include_str!("demo/backend.py")),
    ("developer.py", include_str!("demo/developer.py")),
];

pub(crate) fn run(command: &Demo) -> Result<Exit, Stopped> {
    let folder = command.folder.clone();
    let folder = folder.unwrap_or_else(|| std::env::temp_dir().join("evenkeel-demo"));
    let stage = Stage::new(folder)?;
    stage.play()?;
    Ok(Exit::Well)
}

/// A process that ends with the demo.
struct Guest(Child);

impl Drop for Guest {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

struct Stage {
    folder: PathBuf,
    python: PathBuf,
    endpoint: String,
    backend: String,
    _guests: [Guest; 2],
}

impl Stage {
    fn new(folder: PathBuf) -> Result<Stage, Stopped> {
        std::fs::create_dir_all(&folder).map_err(io(&folder))?;
        for (name, text) in FILES {
            let file = folder.join(name);
            std::fs::write(&file, text).map_err(io(&file))?;
        }
        let evidence = folder.join("evidence");
        if evidence.exists() {
            std::fs::remove_dir_all(&evidence).map_err(io(&evidence))?;
        }
        let python = python(&folder)?;
        let (stand, port) = guest(&python, &folder, "stand.py")?;
        let (backend, tls) = guest(&python, &folder, "backend.py")?;
        Ok(Stage {
            endpoint: format!("http://127.0.0.1:{port}"),
            backend: format!("localhost:{tls}"),
            _guests: [stand, backend],
            folder,
            python,
        })
    }

    fn play(&self) -> Result<(), Stopped> {
        let (tls, clear) =
            (format!("https://{}/pay", self.backend), format!("http://{}/pay", self.backend));
        step("An API calls its backend over TLS.")?;
        let api = self.developer(&["create", &tls])?;
        self.served(&api)?;
        step("A developer turns TLS off, and deploys.")?;
        self.developer(&["turn", &api, &clear])?;
        self.served(&api)?;
        let event = self.folder.join("event.json").display().to_string();
        self.developer(&["event", &api, "UpdateIntegration", &event])?;
        let begun = Instant::now();
        step("CloudTrail's event arrives, and is judged.")?;
        self.evenkeel(&["ingest", &event])?;
        let finding = self.finding()?;
        step("What would be done about it?")?;
        self.evenkeel(&["plan", &finding])?;
        step(
            "Do it: TLS answers, nobody else's drafts are in the way, the stage is deployed anew.",
        )?;
        self.evenkeel(&["apply", &finding, "--yes"])?;
        self.served(&api)?;
        let took = begun.elapsed().as_secs_f64();
        print(&format!("  {took:.1} s from the event to the repaired state\n"))?;
        step("The same event again changes nothing.")?;
        self.evenkeel(&["ingest", &event])?;
        self.evenkeel(&["apply", &finding, "--yes"])?;
        step("The team wants it back: undo restores the draft and the stage's former deployment.")?;
        self.evenkeel(&["undo", &finding, "--reason", "the partner speaks HTTP only", "--yes"])?;
        self.served(&api)?;
        step("All of it is in the ledger.")?;
        self.evenkeel(&["status"])?;
        let evidence = self.folder.join("evidence").display().to_string();
        print(&format!("\nThe evidence is in {}\n", safe(&evidence)))
    }

    /// The uid of the one finding.
    fn finding(&self) -> Result<String, Stopped> {
        let findings = self.folder.join("evidence/findings");
        let files = walkdir::WalkDir::new(findings).into_iter().filter_map(Result::ok);
        let names = files.filter(|file| file.file_type().is_file());
        let mut uids = names
            .filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".json")?.to_owned()));
        uids.next().ok_or_else(|| Stopped::Wrong("the demo found nothing".to_owned()))
    }

    fn served(&self, api: &str) -> Result<(), Stopped> {
        let uri = self.developer(&["served", api])?;
        print(&format!("  the stage calls {}\n", paint(BOLD, &safe(&uri))))
    }

    fn developer(&self, arguments: &[&str]) -> Result<String, Stopped> {
        let script = self.folder.join("developer.py");
        let output = Command::new(&self.python)
            .arg(&script)
            .arg(&self.endpoint)
            .args(arguments)
            .stderr(Stdio::inherit())
            .output()
            .map_err(io(&script))?;
        if !output.status.success() {
            return Err(Stopped::Wrong(format!(
                "the developer's `{}` failed",
                arguments.join(" ")
            )));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// One of our own commands, shown as it is typed. What it finds is no failure of the demo.
    fn evenkeel(&self, arguments: &[&str]) -> Result<(), Stopped> {
        let own = std::env::current_exe().map_err(Stopped::io("cannot find evenkeel"))?;
        print(&format!(
            "  {}\n",
            paint(DIM, &safe(&format!("$ evenkeel {}", arguments.join(" "))))
        ))?;
        let ledger = if arguments.first() == Some(&"ingest") { "--out" } else { "--ledger" };
        let status = Command::new(own)
            .args(arguments)
            .arg(ledger)
            .arg(self.folder.join("evidence"))
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "eu-central-1")
            .env("EVENKEEL_PROBE", self.folder.join("roots.pem"))
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN")
            .status()
            .map_err(Stopped::io("cannot start evenkeel"))?;
        match status.code() {
            Some(0 | 1) => Ok(()),
            _ => Err(Stopped::Wrong(format!("`evenkeel {}` failed", arguments.join(" ")))),
        }
    }
}

fn step(what: &str) -> Result<(), Stopped> {
    print(&format!("\n{}\n", paint(BOLD, what)))
}

/// Python with what stands in for AWS: fetched once.
fn python(folder: &Path) -> Result<PathBuf, Stopped> {
    let (place, ready) = (folder.join("python"), folder.join("ready"));
    let python = place.join("bin/python");
    if ready.exists() {
        return Ok(python);
    }
    note("fetching a stand-in for AWS (moto); this takes half a minute, once\n");
    let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    let steps: [(&Path, Vec<&std::ffi::OsStr>); 2] = [
        (Path::new("python3"), vec!["-m".as_ref(), "venv".as_ref(), place.as_os_str()]),
        (&python, quiet.iter().map(AsRef::as_ref).collect()),
    ];
    for (number, (program, arguments)) in steps.into_iter().enumerate() {
        let mut command = Command::new(program);
        command.args(arguments);
        if number == 1 {
            command.arg(folder.join("requirements.txt"));
        }
        let what = format!("cannot run {}", program.display());
        let status = command.status().map_err(Stopped::io(what))?;
        if !status.success() {
            return Err(Stopped::Wrong(format!("{} failed: {status}", program.display())));
        }
    }
    std::fs::write(&ready, "").map_err(io(&ready))?;
    Ok(python)
}

/// Starts a process that says where it listens.
fn guest(python: &Path, folder: &Path, script: &str) -> Result<(Guest, u16), Stopped> {
    let script = folder.join(script);
    let mut child = Command::new(python)
        .arg(&script)
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(io(&script))?;
    let mut line = String::new();
    if let Some(output) = child.stdout.take() {
        BufReader::new(output).read_line(&mut line).map_err(io(&script))?;
    }
    let guest = Guest(child);
    let port = line.trim().strip_prefix("listening ").and_then(|port| port.parse().ok());
    let failed = || Stopped::Wrong(format!("{} did not start", script.display()));
    Ok((guest, port.ok_or_else(failed)?))
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Stopped {
    Stopped::io(format!("cannot use {}", path.display()))
}
