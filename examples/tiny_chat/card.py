"""The model's card: the parts of it that are measured."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
CARD = HERE.parents[1] / "ovpipe" / "models" / "tiny-chat" / "README.md"
QUESTIONS = HERE / "questions.txt"
"""Twenty turns of one conversation, a line each."""


class MarkError(ValueError):
    """A card has no place for a part of it."""


def part_of(card: str, name: str) -> str:
    """What stands between `<!-- name -->` and `<!-- /name -->`."""
    return _place(card, name)[0]


def with_part(card: str, name: str, content: str) -> str:
    """The card with other content there."""
    _, place = _place(card, name)
    return f"{card[: place.start]}{content}{card[place.stop :]}"


def as_table(rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown, its headings in the first row."""
    first, *others = rows
    return "".join(f"| {' | '.join(row)} |\n" for row in (first, ["---"] * len(first), *others))


def transcript(*arguments: str) -> str:
    """What `ovpipe chat` writes when it is asked the twenty questions."""
    command = [sys.executable, "-m", "ovpipe.cli.main", "chat", *arguments]
    with QUESTIONS.open() as questions:
        done = subprocess.run(
            command, stdin=questions, capture_output=True, text=True, timeout=300, check=True
        )
    return done.stdout


def as_text(text: str) -> str:
    """A block of Markdown that is shown as it is."""
    return f"```text\n{text.strip()}\n```\n"


def _place(card: str, name: str) -> tuple[str, slice]:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", card, re.DOTALL)
    if found is None:
        raise MarkError(f"the card has no <!-- {name} --> with an <!-- /{name} --> behind it")
    return found[1], slice(*found.span(1))
