//! Runs the Python programs of `tests/testing` with their packages.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use super::{project, scratch};

/// The folder of the Python programs and of their requirements.
const PROGRAMS: &str = "tests/testing";

/// Returns a Python command with the required packages, independent of the settings of the machine
/// and the user.
pub fn python() -> Command {
    isolated(environment().join("bin/python"))
}

/// Returns the command of a Python program in `tests/testing`, such as `stand/stand.py`.
pub fn program(path: &str) -> Command {
    let mut command = python();
    command.arg(project(PROGRAMS).join(path));
    command
}

fn isolated(python: PathBuf) -> Command {
    let mut command = Command::new(python);
    for variable in
        ["PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "VIRTUAL_ENV"]
    {
        command.env_remove(variable);
    }
    // Keep the bytecode, because compiling the modules of moto takes seconds. Store it outside of
    // the source folders, so that the repository stays unchanged.
    command.env("PYTHONPYCACHEPREFIX", scratch("bytecode"));
    // Use UTF-8 independent of the locale.
    command.envs([("PYTHONUTF8", "1"), ("PYTHONNOUSERSITE", "1")]);
    command
}

/// Returns the virtual environment with the packages. Creates the environment at the first use, and
/// again after a change of the requirements.
fn environment() -> PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    let make = || {
        let place = scratch("").join("python");
        let requirements = std::fs::read(project(PROGRAMS).join("requirements.txt")).unwrap();
        let made_of = std::fs::read(place.join("made-of")).ok();
        // After an upgrade of the machine, the link to the interpreter may be broken.
        if made_of != Some(requirements) || !place.join("bin/python").exists() {
            let mut command = isolated("python3".into());
            let program = project(PROGRAMS).join("environment.py");
            let output = command.arg(program).arg(&place).output();
            let output = output.unwrap_or_else(|error| panic!("cannot start python3: {error}"));
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "cannot create the Python environment:\n{said}");
        }
        place
    };
    MADE.get_or_init(make).clone()
}
