"""The clients' own folders under .cache/clients: a venv for each of Python, a node_modules for Node's.

    python -m tests.clients.install            makes what is missing or has other versions
    python -m tests.clients.install --newest   writes the newest versions into requirements/ first

Their pins disagree with each other and with ovpipe's, so none of them is installed beside another.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
REQUIREMENTS: Final = Path(__file__).parent / "requirements"
CACHE: Final = ROOT / ".cache" / "clients"
PYTHONS: Final = (
    "instructor", "langchain-openai", "litellm", "pydantic-ai",
    "openai-agents", "llama-index", "haystack", "autogen", "semantic-kernel", "llm",
)  # fmt: skip
NODES: Final = ("openai-node", "ai-sdk", "anthropic-node")
NEWEST: Final = "# The newest of: "
PIP: Final = (sys.executable, "-m", "pip", "--disable-pip-version-check")


class InstallError(Exception):
    """A client cannot be installed here: no index to be reached, no package for this Python, no Node."""


def python_of(client: str) -> Path:
    """The Python of a client's venv, made now unless it is there with these versions."""
    requirements = REQUIREMENTS / f"{client}.txt"

    def make(folder: Path) -> None:
        make_venv(folder, "--requirement", str(requirements))

    stamp = f"{sys.version}\n{sys.base_prefix}\n{requirements.read_text()}"
    return kept(client, stamp, make) / "bin" / "python"


def node_folder(client: str) -> Path:
    """The folder with the node_modules of a client for Node, made in the same way."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise InstallError(
                f"there is no {program} here; the clients for Node need Node 18 or newer, and npm"
            )
    package = (REQUIREMENTS / f"{client}.json").read_text()

    def make(folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(package)
        run("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--prefix", str(folder))

    return kept(client, package, make)


def kept(client: str, stamp: str, make: Callable[[Path], None]) -> Path:
    """A client's folder, made anew unless it was made of the same. Nothing is left behind when that fails."""
    folder = CACHE / client
    made_of = folder / "made-of"
    if made_of.exists() and made_of.read_text() == stamp:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    try:
        make(folder)
        made_of.write_text(stamp)
    except BaseException:  # a Ctrl-C, too, leaves no half-made folder
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def make_venv(folder: Path, *wanted: str) -> None:
    """A venv with what pip is asked for. Our pip fills it, and modules are compiled when they are imported."""
    run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    run(*PIP, "--python", str(folder / "bin" / "python"), "install", "--quiet", "--no-compile", *wanted)


def renew(client: str) -> None:
    """Writes the newest versions that install into a client's file of requirements."""
    requirements = REQUIREMENTS / f"{client}.txt"
    comments = [line for line in requirements.read_text().splitlines() if line.startswith("#")]
    folder = CACHE / f"{client}.newest"
    try:
        make_venv(folder, *comments[0].removeprefix(NEWEST).split())
        frozen = run(*PIP, "--python", str(folder / "bin" / "python"), "list", "--format=freeze")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    versions = sorted(frozen.splitlines(), key=str.lower)
    requirements.write_text("\n".join([*comments, *versions, ""]))


def run(*command: str) -> str:
    """What a command says; raises InstallError with the end of it when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-2000:]
        raise InstallError(f"{' '.join(command)} ended with {done.returncode}: {said}")
    return done.stdout


def main(arguments: list[str]) -> None:
    """Makes all of them."""
    for client in PYTHONS:
        if arguments == ["--newest"]:
            renew(client)
        python_of(client)
    for client in NODES:
        node_folder(client)


if __name__ == "__main__":
    main(sys.argv[1:])
