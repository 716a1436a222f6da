"""What a packet costs in ovpipe and in its peers, side by side.

Run it with `make bench` or `python -m tests.benchmarks.bench_peers`. Each side is a process of its own, the
peers' with venvs of their own under .cache/peers, made when they are missing. For each row the sides take
turns, five rounds; medians in microseconds a packet, with half of the way from lowest to highest.

"ovpipe" sends from inside the runtime, as a source there would; "run.send" sends from outside, by a coroutine a
packet. Haystack and LangGraph know no streams: each packet is a run of the whole graph.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Self

from tests.benchmarks.figures import Figures, say, table
from tests.benchmarks.peers.venvs import VenvError, python_of

ROOT = Path(__file__).parents[2]

TURN_SECONDS = 0.3
"""About how long a side's turn takes."""

FEWEST, MOST = 10, 100_000
"""Packets of a turn."""

ROWS = (
    *(("chain", size, "flood") for size in (1, 10, 100)),
    *(("fan", size, "flood") for size in (2, 8, 32)),
    *(("chain", size, "lockstep") for size in (1, 10, 100)),
)


@dataclass(frozen=True)
class Side:
    """Who is measured: a module of `peers`, and the package its venv has."""

    name: str
    module: str
    package: str | None = None
    version: str = ""
    modes: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))
    """Modes that are another for this side, or none of its."""


SIDES = (
    Side("ovpipe", "ovpipe"),
    Side("run.send", "ovpipe", modes=MappingProxyType({"flood": "send", "lockstep": None})),
    Side("asyncio.Queue", "asyncio_queue"),
    Side("MediaPipe", "mediapipe", "mediapipe", "0.10.21"),
    Side("pipecat", "pipecat", "pipecat-ai", "1.14.0"),
    Side("Haystack", "haystack", "haystack-ai", "3.4.0"),
    Side("LangGraph", "langgraph", "langgraph", "1.2.22"),
)

QUIET = {"HAYSTACK_TELEMETRY_ENABLED": "False", "LANGSMITH_TRACING": "false", "GLOG_minloglevel": "2"}
"""Nothing but packets: no telemetry, no traces, no log."""


class Peer:
    """A side's process. Idle sides wait for a line, and take no processor time."""

    def __init__(self, side: Side, python: str) -> None:
        self.side = side
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  # closed in __exit__
        self._process = subprocess.Popen(
            [python, "-m", f"tests.benchmarks.peers.{side.module}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=ROOT,
            env=os.environ | QUIET,
        )
        try:
            self.version: str = json.loads(self._read())["version"]
        except BaseException:  # a Ctrl-C, too, leaves no process behind
            self.__exit__()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        self._process.wait()
        for file in (self._process.stdin, self._process.stdout, self._errors):
            if file is not None:
                with contextlib.suppress(BrokenPipeError):
                    file.close()

    def measure(self, shape: str, size: int, mode: str, packets: int) -> float | None:
        """Microseconds a packet; None for what it does not have."""
        asked = self.side.modes.get(mode, mode)
        if asked is None:
            return None
        assert self._process.stdin is not None
        job = {"shape": shape, "size": size, "mode": asked, "packets": packets}
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        figure: float | None = json.loads(self._read())["microseconds"]
        return figure

    def _read(self) -> str:
        """The next line; raises EOFError with the last one it said on stderr when it has ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            said = self._errors.read().strip().splitlines() or [f"status {self._process.wait()}"]
            raise EOFError(f"{self.side.name} ended: {said[-1]}")
        return line


def measure_row(peers: list[Peer], row: tuple[str, int, str], rounds: int, seconds: float) -> list[Figures]:
    """A row's figures, a list for each peer; empty for what a peer does not have."""
    packets = []
    for peer in peers:  # which also warms up: as many packets as fit into a turn
        figure = peer.measure(*row, FEWEST)
        packets.append(0 if figure is None else max(FEWEST, min(MOST, int(seconds * 1e6 / figure))))
    figures = [Figures() for _ in peers]
    for _ in range(rounds):
        for peer, count, found in zip(peers, packets, figures, strict=True):
            if count and (figure := peer.measure(*row, count)) is not None:
                found.append(figure)
    return figures


def label(shape: str, size: int, mode: str) -> str:
    """What a row is called."""
    if mode == "lockstep":
        return f"one at a time through {size}"
    return f"chain of {size}" if shape == "chain" else f"fan of {size} and join"


def load() -> str:
    """How busy the machine is."""
    return "load average " + " ".join(f"{part:.2f}" for part in os.getloadavg())


def main() -> None:
    """Says who takes part, then the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three rounds of short turns")
    parser.add_argument(
        "--venvs", type=Path, default=ROOT / ".cache" / "peers", help="where the peers' venvs are"
    )
    args = parser.parse_args()
    rounds, seconds = (3, TURN_SECONDS / 5) if args.quick else (5, TURN_SECONDS)
    say(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {load()}")
    with contextlib.ExitStack() as stack:
        peers: list[Peer] = []
        for side in SIDES:
            try:
                python = sys.executable
                if side.package is not None:
                    python = str(python_of(side.package, side.version, args.venvs.resolve()))
                peer = stack.enter_context(Peer(side, python))
            except (VenvError, EOFError, OSError) as error:
                say(f"{side.name} is left out: {error}")
            else:
                peers.append(peer)
                say(f"{side.name} {peer.version}")
        rows = []
        for row in ROWS:
            cells = [found.cell() if found else "-" for found in measure_row(peers, row, rounds, seconds)]
            rows.append([label(*row), *cells])
        say(table(["microseconds a packet", *(peer.side.name for peer in peers)], rows))
    say(load())


if __name__ == "__main__":
    main()
