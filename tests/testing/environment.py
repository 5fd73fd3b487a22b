"""Creates a virtual environment with the packages of `requirements.txt`, with pinned versions and hashes.

    environment.py FOLDER

The program does nothing if the environment is up to date. It waits while another process creates the environment.
"""

import fcntl
import os
import subprocess
import sys
import venv
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def made(folder):
    mark = folder / "made-of"
    return (
        mark.exists() and mark.read_bytes() == REQUIREMENTS.read_bytes() and (folder / "bin/python").exists()
    )


def make(folder):
    # pip is included in Python. With symbolic links, an interpreter in any location finds its library.
    venv.create(folder, clear=True, symlinks=True, with_pip=True)
    settings = {name: value for name, value in os.environ.items() if name not in ("PIP_USER", "PIP_TARGET")}
    # Install wheels only: a build would run programs without a pinned hash. Python compiles modules at first use.
    options = ["--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes", "--only-binary", ":all:"]
    install = [folder / "bin/python", "-m", "pip", "install", *options, "--no-compile", "--no-deps"]
    subprocess.run([*install, "--requirement", REQUIREMENTS], env=settings, check=True)
    (folder / "made-of").write_bytes(REQUIREMENTS.read_bytes())


def main():
    folder = Path(sys.argv[1])
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_name(folder.name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made(folder):
            make(folder)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"pip failed with exit code {error.returncode}")
