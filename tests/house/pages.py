"""Pages of documentation as programs: their fenced blocks, run in order in a project of their own.

A block's language says what becomes of it:

* `sh` is run by bash. `ovpipe serve ...` and `make serve` start a server in the background, on a free port; from
  then on http://localhost:8000 in later blocks means that server.
* `python` is run as a script.
* `yaml`, and any other block with `<!-- file: PATH -->` on the line before it, is written to PATH.
* `text` and `json` are there to be read.

`<!-- not run: REASON -->` before a block leaves it out.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.serving.server_process import ServerProcess

ROOT = Path(__file__).parents[2]
DEFAULT_URL = "http://localhost:8000"
BLOCK = re.compile(
    r"^(?:<!-- (?P<note>[^\n]*) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
SERVE = re.compile(r"^ovpipe serve(?P<arguments>.*)$", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    language: str
    text: str
    line: int
    note: str

    @property
    def file(self) -> str | None:
        """Where the block is to be written, if it is a file."""
        return self.note.removeprefix("file:").strip() if self.note.startswith("file:") else None

    @property
    def left_out(self) -> bool:
        """Whether the page says that it is not to be run."""
        return self.note.startswith("not run:")


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    text = page.read_text()
    found = [
        Block(match["language"], match["text"], text.count("\n", 0, match.start()) + 1, match["note"] or "")
        for match in BLOCK.finditer(text)
    ]
    assert text.count("\n```") + text.startswith("```") == 2 * len(found), (
        f"{page}: an unclosed or indented block"
    )
    return found


def run_page(page: Path, folder: Path) -> None:
    """Runs a page's blocks in a folder that stands for the reader's project."""
    (folder / "ovpipe").symlink_to(ROOT / "ovpipe")
    (folder / "examples").symlink_to(ROOT / "examples")
    with ExitStack() as servers:
        url = DEFAULT_URL
        for block in blocks(page):
            place = f"{page.name}:{block.line}"
            if block.left_out:
                continue
            if block.file is not None:
                path = folder / block.file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text)
            elif block.language == "sh" and (serve := serve_arguments(block.text)) is not None:
                server = servers.enter_context(ServerProcess(*serve, cwd=folder))
                server.wait_ready()
                url = server.url
            elif block.language == "sh":
                run(["bash", "-euo", "pipefail", "-c", at(url, block.text)], folder, place)
            elif block.language == "python":
                run([sys.executable, "-W", "error", "-c", at(url, block.text)], folder, place)
            else:
                assert block.language in ("text", "json", "mermaid"), (
                    f"{place}: {block.language!r} is neither run nor a file"
                )


def at(url: str, text: str) -> str:
    """A block that means the server at this URL."""
    return text.replace(DEFAULT_URL, url).replace(DEFAULT_URL.replace("http:", "https:"), url)


def serve_arguments(text: str) -> list[str] | None:
    """The arguments of a block that starts a server; None for any other block."""
    command = text.strip().replace("\\\n", " ")
    if command == "make serve":
        return []
    match = SERVE.match(command)
    return match["arguments"].split() if match is not None else None


def run(command: list[str], folder: Path, place: str) -> None:
    """Runs one block and shows what it said when it failed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, f"{place}: {command[-1]}\n{done.stdout}{done.stderr}"
    assert '"error"' not in done.stdout, f"{place}: {done.stdout}"
