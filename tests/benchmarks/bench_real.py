"""A real model served by ovpipe and by llama.cpp, from the same GGUF file.

Run it with `make bench-real` or `python -m tests.benchmarks.bench_real`. One server runs at a time: it
starts, reads a short load of the same shape to warm up, has its turn, and stops; then the other one. Every
other round begins with the other server. Both get the same requests from a light client in a process of its
own (light_client.py): prompts of random words of the vocabulary, none of which comes twice.

llama.cpp's server is the package xllamacpp, in a venv of its own under .cache/peers. ovpipe serves the file
with its defaults; what stands after `--` goes to `ovpipe serve`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import statistics
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ovpipe.modelling.sources.gguf.file import GgufFile
from tests.benchmarks.figures import say, table
from tests.benchmarks.real.prompts import body_of, prompt_of, words_of
from tests.benchmarks.real.server import Server
from tests.benchmarks.real.sides import LlamaCpp, Ovpipe, Side
from tests.benchmarks.real.turns import HEAD, Answers, Load, Turn, ratio_of, row_of
from tests.benchmarks.worker import ROOT, Process
from tests.real.model_file import model_file

FEWEST_REQUESTS = 4
"""Of a turn: one stream alone has that many, one after the other."""
WARM_TOKENS = 16


class Bench:
    """Turns of servers with the same words, by the same client."""

    def __init__(self, client: Process, words: Sequence[str]) -> None:
        self._client = client
        self._words = words

    def turn(self, side: Side, load: Load, seed: str) -> Turn:
        """A server's turn; the same seed gives the same prompts."""
        with side.server(load) as server:
            model = model_of(server)
            warm = load._replace(requests=load.streams, tokens=WARM_TOKENS)
            self._answers(server, model, warm, f"{seed}/warm")
            before = server.processor_seconds()
            answers = self._answers(server, model, load, seed)
            return Turn(
                answers=answers,
                processor=server.processor_seconds() - before,
                memory=server.memory(),
                ready=server.ready_seconds,
            )

    def _answers(self, server: Server, model: str, load: Load, seed: str) -> Answers:
        prompts = [
            prompt_of(f"{seed}/{number}", self._words, load.prompt_tokens) for number in range(load.requests)
        ]
        bodies = [body_of(model, prompt, load.tokens) for prompt in prompts]
        job = {"port": server.port, "bodies": bodies, "at_once": load.streams}
        answers = msgspec.json.decode(self._client.ask(job), type=Answers)
        answers.check(load)
        return answers


def model_of(server: Server) -> str:
    """The name by which the server knows its only model."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/v1/models", timeout=30) as answer:
        name: str = json.load(answer)["data"][0]["id"]
    return name


def measure(bench: Bench, sides: Sequence[Side], load: Load, rounds: int) -> list[list[Turn]]:
    """The turns of each side; the n-th of each are of the same round."""
    found: list[list[Turn]] = [[] for _ in sides]
    for number in range(rounds):
        order = range(len(sides)) if number % 2 == 0 else reversed(range(len(sides)))
        for index in order:
            turn = bench.turn(sides[index], load, f"{load.streams}/{number}")
            found[index].append(turn)
            token = statistics.median(turn.token_seconds) * 1e3
            say(
                f"{load.streams:3} streams, round {number + 1}: {sides[index].name:<26} {turn.rate:7.1f} tokens/s, "
                f"{token:6.1f} ms a token, ready after {turn.ready:.1f} s; {machine()}"
            )
    return found


def machine() -> str:
    """How busy the machine is."""
    return "load averages " + " ".join(f"{value:.1f}" for value in os.getloadavg())


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, metavar="FILE.gguf", help="another file than SmolLM2's")
    parser.add_argument(
        "--folder", type=Path, help="what ovpipe serves in place of the file: a form of the same model"
    )
    parser.add_argument("--rounds", type=int, help="turns of each server [5]")
    parser.add_argument("--streams", type=int, nargs="+", help="requests at once, two rows each [1 8 32]")
    parser.add_argument("--prompt-tokens", type=int, default=128)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="llama.cpp's; ovpipe's: by default"
    )
    parser.add_argument(
        "--venvs", type=Path, default=ROOT / ".cache" / "peers", help="where llama.cpp's venv is"
    )
    parser.add_argument("--quick", action="store_true", help="defaults of 2 rounds, 1 and 8 streams")
    parser.add_argument("serve", nargs="*", metavar="-- ARGS", help="more for `ovpipe serve`")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that blocks are left, and processes ended
    model: Path = (asked.model or model_file()).resolve()
    with contextlib.ExitStack() as stack:
        cache = stack.enter_context(tempfile.TemporaryDirectory())
        client = stack.enter_context(Process("-m", "tests.benchmarks.light_client"))
        bench = Bench(client, words_of(GgufFile(model).metadata["tokenizer.ggml.tokens"]))
        sides = (
            Ovpipe(asked.folder or model, asked.serve, Path(cache)),
            LlamaCpp(model, asked.venvs.resolve(), asked.threads),
        )
        rows = []
        for streams in asked.streams or ([1, 8] if asked.quick else [1, 8, 32]):
            load = Load(streams, max(streams, FEWEST_REQUESTS), asked.prompt_tokens, asked.tokens)
            ours, theirs = measure(bench, sides, load, asked.rounds or (2 if asked.quick else 5))
            ratio = ratio_of([turn.rate for turn in ours], [turn.rate for turn in theirs])
            rows += [
                row_of(streams, sides[0].name, ours, ratio),
                row_of(streams, sides[1].name, theirs, None),
            ]
        say(f"{model.name}: {asked.prompt_tokens} tokens in, {asked.tokens} out; {machine()}")
        say(table(HEAD, rows))


if __name__ == "__main__":
    main()
