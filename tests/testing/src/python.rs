//! The Python that tests start: programs of this folder, with the packages that they require.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use super::{project, scratch};

/// The folder of Python programs, and of the list of what they require.
const PROGRAMS: &str = "tests/testing";

/// A command of Python that knows the packages. It sees nothing of what this machine, or whoever works at it, has set.
pub fn python() -> Command {
    isolated(environment().join("bin/python"))
}

/// A program of a folder here, such as `stand/stand.py`.
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
    // To compile the modules of moto again takes each program seconds: they are kept, and not among the sources.
    command.env("PYTHONPYCACHEPREFIX", scratch("bytecode"));
    // Texts are UTF-8 whatever the locale is.
    command.envs([("PYTHONUTF8", "1"), ("PYTHONNOUSERSITE", "1")]);
    command
}

/// The environment with the packages: made at its first use, and again when the requirements change.
fn environment() -> PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    let make = || {
        let place = scratch("").join("python");
        let requirements = std::fs::read(project(PROGRAMS).join("requirements.txt")).unwrap();
        let made_of = std::fs::read(place.join("made-of")).ok();
        // What led to an interpreter may lead nowhere after an upgrade of the machine.
        if made_of != Some(requirements) || !place.join("bin/python").exists() {
            let mut command = isolated("python3".into());
            let program = project(PROGRAMS).join("environment.py");
            let output = command.arg(program).arg(&place).output();
            let output =
                output.unwrap_or_else(|error| panic!("python3 cannot be started: {error}"));
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "the environment of Python is not made:\n{said}");
        }
        place
    };
    MADE.get_or_init(make).clone()
}
