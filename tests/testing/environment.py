"""Makes the environment of the packages that `requirements.txt` lists, each in its version and with its digest.

    environment.py FOLDER

It does nothing where that has been done, and waits for another that is at it.
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
    # pip comes with Python. Symbolic links, so that an interpreter finds its library wherever it lies.
    venv.create(folder, clear=True, symlinks=True, with_pip=True)
    settings = {name: value for name, value in os.environ.items() if name not in ("PIP_USER", "PIP_TARGET")}
    # Nothing is built here, as that would run programs which no digest names; modules are compiled when they are used.
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
        sys.exit(f"pip ended with {error.returncode}")
