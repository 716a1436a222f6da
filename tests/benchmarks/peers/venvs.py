"""The peers' venvs: one for each package, made when it is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path


class VenvError(Exception):
    """A venv cannot be made here: no network, or no package for this Python."""


def python_of(package: str, version: str, folder: Path) -> Path:
    """The Python of the package's venv in this folder, made now when it is missing."""
    venv = folder / package
    if not (venv / "bin" / "python").exists():
        make(venv, f"{package}=={version}")
    return venv / "bin" / "python"


def make(venv: Path, requirement: str) -> None:
    """A venv with one package and what that needs; nothing is left behind when it fails."""
    part = venv.with_name(f"{venv.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        run(sys.executable, "-m", "venv", str(part))
        pip = (str(part / "bin" / "python"), "-m", "pip", "--disable-pip-version-check")
        run(*pip, "install", "--quiet", requirement)
        part.rename(venv)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def run(*command: str) -> None:
    """A command; raises VenvError with the last line it said when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"status {done.returncode}"]
        raise VenvError(said[-1])
