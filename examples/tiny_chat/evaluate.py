"""Asks the served model what it has never seen: python -m examples.tiny_chat.evaluate [FOLDER]

Starts a server for a model folder (or takes a running one, by --url), asks through the `openai` client,
greedy, and writes a table of how much is right, category by category. --card writes it into the model's card.
Ends with 1 when a category has less than it needs.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from openai import AsyncOpenAI
from rich.console import Console
from rich.table import Table

from examples.tiny_chat.card import CARD, as_table, as_text, transcript, with_part
from examples.tiny_chat.dialogues.dialogue import Dialogue
from examples.tiny_chat.dialogues.mix import TOPICS, held_out_dialogues
from examples.tiny_chat.dialogues.own_words import CATEGORY, own_words
from examples.tiny_chat.judging import Answer, explained, right

MOST_TOKENS = 640
"""More than the longest right answer has: counting from 0 to 100."""
CORE = ("arithmetic", "counting", "recall", "extraction", "one call", "two calls", "no call")
STRINGS = ("repeat", "upper-case", "spell", "reverse", "sort numbers", "sort words")
NEEDED = {"about": 98, **dict.fromkeys(CORE, 95), **dict.fromkeys(STRINGS, 90)}
"""Per cent that a category must have."""


@dataclass(frozen=True)
class Figures:
    """How much of one category is right; answers after thinking count among all, and by themselves."""

    cases: int
    right: int
    thinking_cases: int
    thinking_right: int
    needed: int | None

    @property
    def percent(self) -> float:
        """Of the cases."""
        return 100 * self.right / self.cases

    @property
    def enough(self) -> bool:
        """Whether it is what the category needs."""
        return self.needed is None or self.percent >= self.needed

    def cells(self, name: str) -> tuple[str, ...]:
        """A row of the table."""
        needed = "" if self.needed is None else f"{self.needed}{'' if self.enough else ' (no)'}"
        thinking = f"{self.thinking_right} of {self.thinking_cases}"
        return name, f"{self.right} of {self.cases}", f"{self.percent:.1f}", needed, thinking


HEADINGS = ("category", "right", "%", "needed", "of those, right after thinking")


def evaluate(
    folder: Annotated[Path, typer.Argument(help="The model folder to serve.")] = CARD.parent,
    url: Annotated[str | None, typer.Option(help="A running server's, as http://localhost:8000.")] = None,
    model: Annotated[str, typer.Option(help="The model's name there.")] = "tiny-chat",
    cases: Annotated[int, typer.Option(help="Of each category.")] = 200,
    at_once: Annotated[int, typer.Option(help="Requests in flight.")] = 32,
    category: Annotated[list[str] | None, typer.Option(help="Only this category; may be repeated.")] = None,
    card: Annotated[
        bool, typer.Option("--card", help="Write the figures, and a chat, into the card.")
    ] = False,
    wrong: Annotated[Path | None, typer.Option(help="Where to keep the wrong answers.")] = None,
) -> None:
    """Asks, judges, and shows a table."""
    console = Console()
    categories = category or [*TOPICS, CATEGORY]
    figures: dict[str, Figures] = {}
    failures: list[dict[str, Any]] = []
    with served(folder, model) if url is None else running(url) as base:
        said = transcript("--url", base, "--model", model) if card else ""
        for name in categories:
            began = time.monotonic()
            dialogues = own_words() if name == CATEGORY else held_out_dialogues(name, cases)
            answers = asyncio.run(asked(base, model, dialogues, at_once))
            judged = [
                right(name, answer, dialogue.messages[-1])
                for dialogue, answer in zip(dialogues, answers, strict=True)
            ]
            failures += [
                {
                    "category": name,
                    "messages": dialogue.messages[:-1],
                    **explained(answer, dialogue.messages[-1]),
                }
                for dialogue, answer, good in zip(dialogues, answers, judged, strict=True)
                if not good
            ]
            figures[name] = summary(name, dialogues, judged)
            console.print(
                f"{name}: {figures[name].percent:.1f} % in {time.monotonic() - began:.0f} s", highlight=False
            )
    console.print(table(figures))
    if card:
        CARD.write_text(filled(CARD.read_text("utf-8"), figures, said), "utf-8")
    if wrong is not None:
        wrong.write_text("".join(json.dumps(failure) + "\n" for failure in failures))
    if not all(one.enough for one in figures.values()):
        raise typer.Exit(1)


def summary(name: str, dialogues: Sequence[Dialogue], judged: Sequence[bool]) -> Figures:
    """The figures of one category."""
    thoughtful = [good for dialogue, good in zip(dialogues, judged, strict=True) if dialogue.thinking]
    return Figures(len(judged), sum(judged), len(thoughtful), sum(thoughtful), NEEDED.get(name))


def table(figures: Mapping[str, Figures]) -> Table:
    """The figures, for people."""
    shown = Table(*HEADINGS)
    for name, row in figures.items():
        shown.add_row(*row.cells(name))
    return shown


def filled(card: str, figures: Mapping[str, Figures], said: str) -> str:
    """The card with what was measured."""
    rows = [HEADINGS, *(row.cells(name) for name, row in figures.items())]
    return with_part(with_part(card, "figures", as_table(rows)), "transcript", as_text(said))


async def asked(base: str, model: str, dialogues: Sequence[Dialogue], at_once: int) -> list[Answer]:
    """The answers to dialogues whose last message is left out, many at a time."""
    room = asyncio.Semaphore(at_once)
    async with AsyncOpenAI(base_url=f"{base}/v1", api_key="none", max_retries=4) as client:

        async def one(dialogue: Dialogue) -> Answer:
            async with room:
                return await ask(client, model, dialogue)

        return list(await asyncio.gather(*map(one, dialogues)))


async def ask(client: AsyncOpenAI, model: str, dialogue: Dialogue) -> Answer:
    """The answer to one; the temperature is left to the model's generation_config.json."""
    messages: Any = list(dialogue.messages[:-1])
    more: dict[str, Any] = {"tools": list(dialogue.tools)} if dialogue.tools else {}
    completion = await client.chat.completions.create(
        model=model,
        messages=messages,
        max_tokens=MOST_TOKENS,
        extra_body={"chat_template_kwargs": {"enable_thinking": dialogue.thinking}},
        **more,
    )
    message = completion.choices[0].message
    calls = [(call.function.name, call.function.arguments) for call in message.tool_calls or []]
    reasoning = getattr(message, "reasoning_content", None) or ""
    return Answer(message.content or "", calls, reasoning)


@contextmanager
def running(url: str) -> Iterator[str]:
    """A server that somebody else has started."""
    yield url.rstrip("/")


@contextmanager
def served(folder: Path, model: str) -> Iterator[str]:
    """A server of our own, on a free port, until the block ends."""
    # Without a graph's name it serves with the settings of the model that ships; only the folder is another.
    command = [sys.executable, "-m", "ovpipe.cli.main", "serve", "--model", model, "--port", "0"]
    command += ["--set", f"models_path={folder}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        url = ""
        for line in process.stdout:
            listens = re.search(r"listens on (http://\S+)", line)
            url = listens[1] if listens else url
            if url and re.search(r"\bready\b", line, re.IGNORECASE):
                break
        else:
            raise typer.BadParameter(f"{folder} could not be served; try: {' '.join(command)}")
        yield url
    finally:
        process.terminate()
        process.communicate()


if __name__ == "__main__":
    typer.run(evaluate)
