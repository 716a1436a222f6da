"""Our own engine's core beside openvino-genai's pipeline: no HTTP, no socket, no process around either.

Run it with `make bench` or `python -m tests.benchmarks.bench_engine`; the model is made when missing.

Three sides are loaded at once, each in a process of its own, and work by turns: openvino-genai with no
properties set, openvino-genai with the properties of `--best` (the best known), and the core `graph`. A round
is a turn of each, and every round begins with another side. All get the same prompts of random tokens, none
of which comes twice, and the same scheduler.

A ratio is of two turns of one round, ours in the numerator, so that above 1 ours is faster. What the core is
compared with in its own table is its own greedy turn of the same round.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import openvino as ov
from rich.console import Console
from rich.table import Table

from tests.benchmarks.bench_serving import model_folder
from tests.benchmarks.worker import Process

HERE = Path(__file__).parent
KV_BLOCKS: Final = 1024
BATCHED_TOKENS: Final = 256
SEQUENCES: Final = 256
PROMPT_TOKENS: Final = 64
LONG_PROMPT: Final = 1_500
REPEATED_TOKENS: Final = 24
REPEATS: Final = 16
FIRST_ID: Final = 300
"""Lower ones are special tokens and bytes."""
BEST: Final = '{"INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f16"}'

SAMPLED: Final = {"temperature": 0.8, "top_p": 0.9, "top_k": 40}
EVERYTHING: Final = {
    **SAMPLED,
    "logprobs": True,
    "top_logprobs": 5,
    "repetition_penalty": 1.1,
    "frequency_penalty": 0.1,
    "presence_penalty": 0.1,
}
UNLIMITED: Final = {"temperature": 1.0}
DRAFTS: Final = {"num_assistant_tokens": 5, "max_ngram_size": 3}
OWN: Final[dict[str, dict[str, Any]]] = {
    "temperature 0.8, top_p 0.9, top_k 40": SAMPLED,
    "the same, top_logprobs 5, all penalties": EVERYTHING,
    "temperature 1, no limits": UNLIMITED,
}

console = Console(width=None if sys.stdout.isatty() else 110, soft_wrap=True, highlight=False)


class Turn(msgspec.Struct, frozen=True):
    """What a side took for the prompts of one job; lists have an entry a prompt."""

    seconds: float
    first: list[float]
    """Seconds until the first token."""
    prompt_tokens: list[int]
    tokens: list[int]
    decoded: int
    """Tokens that came after all had their first one."""

    @property
    def decode_rate(self) -> float:
        """Tokens a second once all prompts are read."""
        return self.decoded / (self.seconds - max(self.first))

    @property
    def prefill_rate(self) -> float:
        """Tokens of prompts a second."""
        return sum(self.prompt_tokens) / max(self.first)


class Sides:
    """The processes by name, each loaded, and the vocabulary that prompts are made of."""

    def __init__(self, processes: dict[str, Process], vocabulary: int) -> None:
        self._processes = processes
        self._vocabulary = vocabulary

    @property
    def names(self) -> list[str]:
        """The sides, ours last."""
        return list(self._processes)

    def prompts(self, seed: str, count: int, tokens: int) -> list[list[int]]:
        """Prompts that no other seed gives."""
        rng = random.Random(seed)
        return [rng.choices(range(FIRST_ID, self._vocabulary), k=tokens) for _ in range(count)]

    def turn(self, side: str, prompts: list[list[int]], tokens: int, **job: Any) -> Turn:
        """One job done by one side; raises RuntimeError when it brought anything but what was asked for."""
        asked = {"prompts": prompts, "max_tokens": tokens, **job}
        turn = msgspec.json.decode(self._processes[side].ask(asked), type=Turn)
        if turn.tokens != [tokens] * len(prompts):
            raise RuntimeError(f"{side} brought {turn.tokens} tokens, {tokens} of each prompt were asked for")
        return turn

    def round(self, number: int, seed: str, count: int, size: int, tokens: int) -> dict[str, Turn]:
        """A turn of each side with the same prompts; every round begins with another one."""
        prompts = self.prompts(f"{seed}/{number}", count, size)
        first = number % len(self.names)
        turns = {side: self.turn(side, prompts, tokens) for side in self.names[first:] + self.names[:first]}
        return {side: turns[side] for side in self.names}


def decode(sides: Sides, streams: Sequence[int], rounds: int, tokens: int) -> Table:
    """Tokens a second of each side, by number of streams."""
    table = beside_genai("decode, tokens/s", sides)
    for count in streams:
        sides.round(0, f"warm/{count}", count, PROMPT_TOKENS, 8)
        found = [sides.round(n, f"decode/{count}", count, PROMPT_TOKENS, tokens) for n in range(rounds)]
        rates = [{side: turn.decode_rate for side, turn in turns.items()} for turns in found]
        add_row(table, f"{count} streams", rates)
    return table


def prefill(sides: Sides, rounds: int) -> Table:
    """Tokens of a prompt a second of each side."""
    table = beside_genai("prefill, tokens/s", sides)
    sides.round(0, "warm", 1, LONG_PROMPT, 1)
    found = [sides.round(n, "prefill", 1, LONG_PROMPT, 1) for n in range(rounds)]
    rates = [{side: turn.prefill_rate for side, turn in turns.items()} for turns in found]
    add_row(table, f"a prompt of {LONG_PROMPT}", rates)
    return table


def own_sampling(sides: Sides, rounds: int, streams: int, tokens: int) -> Table:
    """The core's speed with what requests may ask for, as a part of its own greedy speed."""
    ours = sides.names[-1]
    table = Table(title=f"core graph, decode at {streams} streams, as a part of its own greedy speed")
    for column in ("", "tokens/s", "ratio", "lowest to highest"):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    jobs: dict[str, dict[str, Any]] = {"greedy": {}, **OWN}
    rates: dict[str, list[float]] = {name: [] for name in jobs}
    for number in range(rounds):
        order = list(jobs)[number % len(jobs) :] + list(jobs)[: number % len(jobs)]
        for name in order:
            prompts = sides.prompts(f"own/{number}/{name}", streams, PROMPT_TOKENS)
            rates[name].append(sides.turn(ours, prompts, tokens, sampling=jobs[name]).decode_rate)
    for name, found in rates.items():
        ratios = [one / greedy for one, greedy in zip(found, rates["greedy"], strict=True)]
        table.add_row(name, f"{statistics.median(found):.1f}", *median_and_spread(ratios))
    return table


def warm_prefix(sides: Sides, rounds: int) -> Table:
    """Seconds to the first token of a prompt that was there before, beside those of a new one."""
    table = Table(title=f"time to first token of a prompt of {LONG_PROMPT}, ms")
    for column in ("", "cold", "warm", "warm / cold", "lowest to highest"):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    found: dict[str, list[tuple[float, float]]] = {side: [] for side in sides.names}
    for number in range(rounds):
        prompts = sides.prompts(f"prefix/{number}", 1, LONG_PROMPT)
        for side in sides.names:
            cold, warm = (sides.turn(side, prompts, 1).first[0] for _ in range(2))
            found[side].append((cold, warm))
    for side, times in found.items():
        cold, warm = (statistics.median(column) * 1e3 for column in zip(*times, strict=True))
        ratios = median_and_spread([warm / cold for cold, warm in times])
        table.add_row(side, f"{cold:.0f}", f"{warm:.0f}", *ratios)
    return table


def prompt_lookup(sides: Sides, rounds: int, tokens: int) -> Table:
    """The core's speed alone with drafts from a text that repeats itself, as a part of its speed without."""
    ours = sides.names[-1]
    table = Table(title="core graph, decode of one stream whose text repeats itself, greedy")
    for column in ("", "tokens/s", "ratio", "lowest to highest"):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    jobs: dict[str, dict[str, Any]] = {"no drafts": {}, "prompt lookup, 5 tokens": DRAFTS}
    rates: dict[str, list[float]] = {name: [] for name in jobs}
    for number in range(rounds):
        (phrase,) = sides.prompts(f"lookup/{number}", 1, REPEATED_TOKENS)
        prompts = [phrase * REPEATS]
        sides.turn(ours, prompts, 1)  # in the cache for both, so that none reads it alone
        for name in list(jobs)[:: 1 if number % 2 else -1]:
            rates[name].append(sides.turn(ours, prompts, tokens, sampling=jobs[name]).decode_rate)
    for name, found in rates.items():
        ratios = [one / plain for one, plain in zip(found, rates["no drafts"], strict=True)]
        table.add_row(name, f"{statistics.median(found):.1f}", *median_and_spread(ratios))
    return table


def beside_genai(title: str, sides: Sides) -> Table:
    """A table with a column for each side, and one for ours divided by each other one."""
    *others, ours = sides.names
    table = Table(title=title)
    for column in ("", *sides.names):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    for other in others:
        table.add_column(f"{ours} / {other}", justify="right")
        table.add_column("lowest to highest", justify="right")
    return table


def add_row(table: Table, label: str, rates: Sequence[dict[str, float]]) -> None:
    """Medians of all rounds, and the ratios of the last side to each other one, round by round."""
    *others, ours = rates[0]
    cells = [f"{statistics.median(one[side] for one in rates):.1f}" for side in rates[0]]
    for other in others:
        cells += median_and_spread([one[ours] / one[other] for one in rates])
    table.add_row(label, *cells)


def median_and_spread(ratios: Sequence[float]) -> list[str]:
    """Two cells of a table."""
    return [f"{statistics.median(ratios):.3f}", f"{min(ratios):.3f} to {max(ratios):.3f}"]


def open_sides(
    stack: contextlib.ExitStack, model: Path, best: dict[str, Any], engine: dict[str, Any]
) -> Sides:
    """Starts all sides and waits until each has loaded, so that none disturbs another while it measures."""
    common = {
        "num_kv_blocks": KV_BLOCKS,
        "max_num_batched_tokens": BATCHED_TOKENS,
        "max_num_seqs": SEQUENCES,
        "enable_prefix_caching": True,
    }
    scheduler = {**common, "dynamic_split_fuse": True}
    processes: dict[str, Process] = {}
    for name, properties in {"genai": {}, "genai, best": best}.items():
        options = {
            "models_path": str(model),
            "device": "CPU",
            "plugin_config": properties,
            "scheduler": scheduler,
        }
        processes[name] = stack.enter_context(Process(str(HERE / "bare_loop.py"), json.dumps(options)))
        processes[name].read()
    ours = {"models_path": str(model), **common, **engine}
    processes["ours"] = stack.enter_context(Process("-m", "tests.benchmarks.graph_loop", json.dumps(ours)))
    processes["ours"].read()
    config = json.loads((model / "config.json").read_bytes())
    console.print(f"model      {model}, {len(processes)} sides, properties of the best: {best}")
    console.print(f"scheduler  {scheduler}; engine options of ours beside them: {engine}")
    return Sides(processes, config["vocab_size"])


def main() -> None:
    """Measures and prints the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, help="turns of each side [7]")
    parser.add_argument("--streams", type=int, nargs="+", help="requests at once, a row each [1 8 32]")
    parser.add_argument("--tokens", type=int, help="tokens a request [64]")
    parser.add_argument(
        "--model", type=Path, metavar="DIR", help="a model's folder, in place of the made one"
    )
    parser.add_argument(
        "--best", type=json.loads, default=BEST, help=f"properties of genai's best setting [{BEST}]"
    )
    parser.add_argument(
        "--engine", type=json.loads, default="{}", help="options of the core graph, as JSON [{}]"
    )
    parser.add_argument(
        "--quick", action="store_true", help="defaults of 3 rounds, 1 and 32 streams, 16 tokens"
    )
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that blocks are left, and processes ended
    quick: bool = asked.quick
    rounds = asked.rounds or (3 if quick else 7)
    streams = asked.streams or ([1, 32] if quick else [1, 8, 32])
    tokens = asked.tokens or (16 if quick else 64)
    core = ov.Core()
    console.print(f"machine    {core.get_property('CPU', 'FULL_DEVICE_NAME')}, {os.cpu_count()} processors,")
    console.print(f"           {' '.join(core.get_property('CPU', 'OPTIMIZATION_CAPABILITIES'))}")
    with contextlib.ExitStack() as stack:
        sides = open_sides(stack, model_folder(asked.model), asked.best, asked.engine)
        console.print(decode(sides, streams, rounds, tokens))
        console.print(prefill(sides, rounds))
        console.print(own_sampling(sides, rounds, max(streams), tokens))
        console.print(warm_prefix(sides, rounds))
        if asked.model is not None:  # one with random weights repeats nothing
            console.print(prompt_lookup(sides, rounds, tokens))
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    console.print(
        f"ratios are of one round each: the median, lowest and highest of {rounds}; load now {load}"
    )


if __name__ == "__main__":
    main()
