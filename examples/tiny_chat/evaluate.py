"""Asks the served model what it has never seen: python -m examples.tiny_chat.evaluate [FOLDER]

Starts a server for a model folder (or takes a running one, by --url), asks through the `openai` client,
greedy, and writes a table of how much is right, category by category. --json FILE keeps the figures.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from openai import AsyncOpenAI
from rich.console import Console
from rich.table import Table

from examples.tiny_chat.dialogues.dialogue import Dialogue
from examples.tiny_chat.dialogues.mix import TOPICS, held_out_dialogues
from examples.tiny_chat.judging import Answer, explained, right

SHIPPED = Path(__file__).parents[2] / "ovpipe" / "models" / "tiny-chat"
F32 = (
    '{"INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}'
)
MOST_TOKENS = 640
"""More than the longest right answer has: counting from 0 to 100."""
READY_SECONDS = 120.0
CORE = ("arithmetic", "counting", "recall", "extraction", "one call", "two calls", "no call")
STRINGS = ("repeat", "upper-case", "spell", "reverse", "sort numbers", "sort words")
NEEDED = {"about": 98, **dict.fromkeys(CORE, 95), **dict.fromkeys(STRINGS, 90)}
"""Per cent that a category must have."""


def evaluate(
    folder: Annotated[Path, typer.Argument(help="The model folder to serve.")] = SHIPPED,
    url: Annotated[str | None, typer.Option(help="A running server's, as http://localhost:8000.")] = None,
    model: Annotated[str, typer.Option(help="The model's name there.")] = "tiny-chat",
    cases: Annotated[int, typer.Option(help="Of each category.")] = 200,
    at_once: Annotated[int, typer.Option(help="Requests in flight.")] = 32,
    category: Annotated[list[str] | None, typer.Option(help="Only this category; may be repeated.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to keep the figures.")] = None,
    wrong: Annotated[Path | None, typer.Option(help="Where to keep the wrong answers.")] = None,
) -> None:
    """Asks, judges, and shows a table."""
    console = Console()
    categories = category or list(TOPICS)
    figures: dict[str, dict[str, Any]] = {}
    failures: list[dict[str, Any]] = []
    with served(folder, model) if url is None else running(url) as base:
        for name in categories:
            began = time.monotonic()
            dialogues = held_out_dialogues(name, cases)
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
                f"{name}: {figures[name]['percent']} % in {time.monotonic() - began:.0f} s", highlight=False
            )
    console.print(table(figures))
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=2) + "\n")
    if wrong is not None:
        wrong.write_text("".join(json.dumps(failure) + "\n" for failure in failures))


def summary(name: str, dialogues: Sequence[Dialogue], judged: Sequence[bool]) -> dict[str, Any]:
    """The figures of one category; answers after thinking are counted among all, and by themselves."""
    thoughtful = [good for dialogue, good in zip(dialogues, judged, strict=True) if dialogue.thinking]
    return {
        "cases": len(judged),
        "right": sum(judged),
        "percent": round(100 * sum(judged) / len(judged), 1),
        "needed": NEEDED.get(name),
        "thinking_cases": len(thoughtful),
        "thinking_right": sum(thoughtful),
    }


def table(figures: dict[str, dict[str, Any]]) -> Table:
    """The figures, for people."""
    shown = Table("category", "cases", "right", "%", "needed", "thinking")
    for name, row in figures.items():
        mark = (
            ""
            if row["needed"] is None
            else f"{row['needed']}{'' if row['percent'] >= row['needed'] else ' (no)'}"
        )
        thinking = f"{row['thinking_right']}/{row['thinking_cases']}"
        shown.add_row(name, str(row["cases"]), str(row["right"]), f"{row['percent']:.1f}", mark, thinking)
    return shown


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
    command = [sys.executable, "-m", "ovpipe.cli.main", "serve", "chat", "--model", model, "--port", "0"]
    command += ["--set", f"models_path={folder}", "--set", f"plugin_config={F32}"]
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
