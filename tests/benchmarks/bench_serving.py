"""What serving costs: tokens a second through HTTP against openvino-genai with nothing around it.

Run it with `make bench` or `python -m tests.benchmarks.bench_serving`; the model is made when missing.

Both sides are loaded at once and work by turns, with the same prompts, scheduler, precision and threads: a
bare loop (bare_loop.py), and the real server with a light client in a process of its own
(light_client.py). A pair is one turn of each, timed end to end, prefill included; every other pair begins
with the other side. No prompt comes twice, so the prefix cache shortens nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from ovpipe.engines.genai.options import GenaiOptions
from ovpipe.engines.options import CoreOptions
from ovpipe.tokenizers.tokenizer import Tokenizer
from tests.benchmarks.worker import Process

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MODEL = ROOT / ".cache" / "bench-model"
WORDS = sorted(set(re.findall("[a-z]+", (ROOT / "examples/random_model/corpus.txt").read_text("utf-8"))))
PROMPT_TOKENS = 64
KV_BLOCKS = 1024
"""Room for 170 streams of 192 tokens, in 200 MB at this shape."""
WARM_TOKENS = 16
QUIET_SECONDS = 0.3
"""Between two turns: the engine that had the last one settles its cache first."""

console = Console(width=None if sys.stdout.isatty() else 100, soft_wrap=True, highlight=False)


class Turn(msgspec.Struct, frozen=True):
    """What one side took for all streams of a turn; lists have an entry a stream."""

    seconds: float
    first: list[float]
    """Seconds until the first token."""
    prompt_tokens: list[int]
    tokens: list[int]

    @property
    def rate(self) -> float:
        """Tokens a second, of all streams together."""
        return sum(self.tokens) / self.seconds


class Pair(msgspec.Struct, frozen=True):
    """A turn of each side, and processor seconds while they had it."""

    bare: Turn
    http: Turn
    server: float
    """Of the serving process in its own turn."""
    client: float
    idle_engine: float
    """Of the server and its engine in the other side's turn."""
    idle_bare: float

    @property
    def ratio(self) -> float:
        """Speed through HTTP as a part of the bare loop's."""
        return self.http.rate / self.bare.rate

    @property
    def first_token_added(self) -> float:
        """Seconds that serving adds to the median stream's first token."""
        return statistics.median(self.http.first) - statistics.median(self.bare.first)


class Server(Process):
    """`ovpipe serve chat` on a port of its own, ready when made."""

    def __init__(self, options: GenaiOptions) -> None:
        values = msgspec.to_builtins(options)
        values = {name: value for name, value in values.items() if value is not None}
        beside = {name: values.pop(name) for name in CoreOptions.__struct_fields__}
        settings = [*(f"{n}={v}" for n, v in beside.items()), f"engine={json.dumps(values)}"]
        arguments = [argument for setting in settings for argument in ("--set", setting)]
        super().__init__(
            *("-m", "ovpipe.cli.main", "serve", "chat", "--model", "bench", "--port", "0"),
            *("--log-level", "warning", *arguments),
        )
        self.port = 0
        try:
            self._wait_ready()
        except BaseException:  # a Ctrl-C, too, leaves no process behind
            self.__exit__()
            raise
        # Nobody else reads what it goes on to say.
        threading.Thread(target=self._drain, daemon=True).start()

    def _wait_ready(self) -> None:
        while True:
            line = self.read()
            if found := re.search(r"listens on http://\S+:(\d+)", line):
                self.port = int(found[1])
            if "failed to load" in line:
                raise RuntimeError(line)
            if ": ready after" in line:
                return

    def _drain(self) -> None:
        with contextlib.suppress(EOFError):
            while True:
                self.read()

    def engine(self) -> int:
        """The process id of the server's engine."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return int(children[0])

    def figure(self, name: str) -> float:
        """One of its metrics."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            found = re.search(rf"^ovpipe_{name}{{.*}} (\S+)$", answer.read().decode(), re.MULTILINE)
        if found is None:
            raise LookupError(f"the server's metrics have no {name}")
        return float(found[1])


class Sides:
    """Both sides, loaded, and what they are asked."""

    def __init__(self, bare: Process, server: Server, client: Process, tokenizer: Tokenizer) -> None:
        self._bare = bare
        self._server = server
        self._client = client
        self._tokenizer = tokenizer
        self._engine = server.engine()

    def pair(self, seed: str, streams: int, tokens: int, *, bare_first: bool) -> Pair:
        """A turn of each side with the same prompts, which no other seed gives."""
        prompts = [self._prompt(f"{seed}/{stream}") for stream in range(streams)]
        texts = [text for text, _ in prompts]
        bare_job = {"prompts": [ids for _, ids in prompts], "max_tokens": tokens}
        http_job = {"port": self._server.port, "bodies": [body_of(text, tokens) for text in texts]}
        used: dict[str, float] = {}
        turns: dict[str, Turn] = {}
        for side in ("bare", "http") if bare_first else ("http", "bare"):
            time.sleep(QUIET_SECONDS)
            before = self._processor_seconds()
            asked = self._bare.ask(bare_job) if side == "bare" else self._client.ask(http_job)
            after = self._processor_seconds()
            used |= {f"{name} while {side}": after[name] - before[name] for name in after}
            turns[side] = msgspec.json.decode(asked, type=Turn)
            check(turns[side], streams, tokens)
        return Pair(
            bare=turns["bare"],
            http=turns["http"],
            server=used["server while http"],
            client=used["client while http"],
            idle_engine=used["server while bare"] + used["engine while bare"],
            idle_bare=used["bare while http"],
        )

    def _processor_seconds(self) -> dict[str, float]:
        pids = {
            "bare": self._bare.pid,
            "server": self._server.pid,
            "engine": self._engine,
            "client": self._client.pid,
        }
        return {name: processor_seconds(pid) for name, pid in pids.items()}

    def _prompt(self, seed: str) -> tuple[str, list[int]]:
        """Words of as many tokens as a prompt has, and those tokens."""
        rng = random.Random(seed)
        while True:
            words: list[str] = []
            ids: list[int] = []
            while len(ids) < PROMPT_TOKENS:
                words.append(rng.choice(WORDS))
                ids = self._tokenizer.encode(" ".join(words), add_special_tokens=True)
            if len(ids) == PROMPT_TOKENS:
                return " ".join(words), ids


def body_of(prompt: str, tokens: int) -> str:
    """A request of the light client's."""
    return json.dumps(
        {
            "model": "bench",
            "prompt": prompt,
            "max_tokens": tokens,
            "temperature": 0,
            "ignore_eos": True,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    )


def check(turn: Turn, streams: int, tokens: int) -> None:
    """Both sides did what they were asked, or there is nothing to compare."""
    if turn.prompt_tokens != [PROMPT_TOKENS] * streams or turn.tokens != [tokens] * streams:
        raise RuntimeError(f"prompts of {turn.prompt_tokens} tokens brought {turn.tokens} tokens")


def processor_seconds(pid: int) -> float:
    """User and system time of a process so far: what /proc/PID/stat has in ticks, in nanoseconds."""
    return time.clock_gettime(~pid << 3 | 2)  # linux: MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED)


def model_folder(given: Path | None) -> Path:
    """The folder asked for, or the benchmark model, made when it is missing."""
    if given is not None:
        return given.resolve()
    if not (MODEL / "openvino_model.xml").exists():
        console.print(f"making {MODEL}")
        part = MODEL.with_name(f"{MODEL.name}.part")
        part.parent.mkdir(exist_ok=True)
        subprocess.run([sys.executable, str(HERE / "make_bench_model.py"), str(part)], check=True)
        part.rename(MODEL)
    return MODEL


def scheduler_of(options: GenaiOptions) -> dict[str, Any]:
    """The fields of SchedulerConfig that the server's engine sets."""
    return {
        "num_kv_blocks": options.num_kv_blocks,
        "max_num_batched_tokens": options.max_num_batched_tokens,
        "max_num_seqs": min(options.max_num_seqs, options.max_num_batched_tokens),
        "dynamic_split_fuse": options.dynamic_split_fuse,
        "enable_prefix_caching": options.prefix_caching,
    }


def measure(options: GenaiOptions, pairs: int, streams: Sequence[int], tokens: int) -> dict[int, list[Pair]]:
    """All pairs by number of streams. Both sides are loaded for it, and ended after it."""
    scheduler = scheduler_of(options)
    bare_options = {
        "models_path": options.models_path,
        "device": options.device,
        "plugin_config": options.plugin_config,
        "scheduler": scheduler,
    }
    console.print(
        f"model      {options.models_path} on {options.device}, {options.plugin_config or 'defaults'}"
    )
    console.print(f"scheduler  {scheduler}")
    with contextlib.ExitStack() as stack:
        bare = stack.enter_context(Process(str(HERE / "bare_loop.py"), json.dumps(bare_options)))
        server = stack.enter_context(Server(options))
        client = stack.enter_context(Process(str(HERE / "light_client.py")))
        bare.read()
        for name in ("num_kv_blocks", "max_num_seqs"):
            if server.figure(f"engine_{name}") != scheduler[name]:
                raise RuntimeError(f"the server has another {name}: {server.figure(f'engine_{name}')}")
        sides = Sides(bare, server, client, Tokenizer.load(options.models_path))
        found: dict[int, list[Pair]] = {}
        for count in streams:
            sides.pair(f"warm/{count}", count, min(WARM_TOKENS, tokens), bare_first=True)
            found[count] = []
            for number in range(pairs):
                pair = sides.pair(f"{number}/{count}", count, tokens, bare_first=number % 2 == 0)
                found[count].append(pair)
                console.print(
                    f"{count:3} streams, pair {number + 1}: bare {pair.bare.rate:7.1f} tokens/s, "
                    f"HTTP {pair.http.rate:7.1f}, ratio {pair.ratio:.3f}"
                )
        return found


def table_of(found: dict[int, list[Pair]]) -> Table:
    """The medians, a row for each number of streams."""
    table = Table(
        title="Through HTTP against the bare loop: medians",
        caption="idle: the processor time of whichever side waits, as a part of the time it waits",
    )
    for column in (
        "streams",
        "tokens/s\nbare",
        "\nHTTP",
        "ratio",
        "\nmin to max",
        "TTFT\n+ms",
        "CPU µs/token\nserver",
        "\nclient",
        "idle\nCPU",
    ):
        table.add_column(column, justify="right", no_wrap=True)
    for count, pairs in found.items():
        ratios = [pair.ratio for pair in pairs]
        idle = [
            (pair.idle_engine + pair.idle_bare) / (pair.bare.seconds + pair.http.seconds) for pair in pairs
        ]
        table.add_row(
            str(count),
            f"{statistics.median(pair.bare.rate for pair in pairs):.1f}",
            f"{statistics.median(pair.http.rate for pair in pairs):.1f}",
            f"{statistics.median(ratios):.3f}",
            f"{min(ratios):.3f} to {max(ratios):.3f}",
            f"{statistics.median(pair.first_token_added for pair in pairs) * 1e3:+.1f}",
            f"{statistics.median(pair.server / sum(pair.http.tokens) for pair in pairs) * 1e6:.0f}",
            f"{statistics.median(pair.client / sum(pair.http.tokens) for pair in pairs) * 1e6:.0f}",
            f"{statistics.median(idle):.1%}",
        )
    return table


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, help="turns of each side [7]")
    parser.add_argument("--streams", type=int, nargs="+", help="requests at once, a row each [1 8 32]")
    parser.add_argument("--tokens", type=int, help="tokens a request [128]")
    parser.add_argument(
        "--model", type=Path, metavar="DIR", help="a model's folder, in place of the made one"
    )
    parser.add_argument("--threads", type=int, help="INFERENCE_NUM_THREADS on both sides")
    parser.add_argument("--quick", action="store_true", help="defaults of 3 pairs, 32 streams, 32 tokens")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that blocks are left, and processes ended
    quick: bool = asked.quick
    options = GenaiOptions(
        models_path=str(model_folder(asked.model)),
        num_kv_blocks=KV_BLOCKS,
        precision="default",  # the bare loop's, whatever auto would choose for the server
        plugin_config={} if asked.threads is None else {"INFERENCE_NUM_THREADS": asked.threads},
    )
    found = measure(
        options,
        asked.pairs or (3 if quick else 7),
        asked.streams or ([32] if quick else [1, 8, 32]),
        asked.tokens or (32 if quick else 128),
    )
    console.print(table_of(found))
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    console.print(f"{os.cpu_count()} processors; load averages now {load}")


if __name__ == "__main__":
    main()
