"""`python -m tests.soak.run --seconds 1200 --out FOLDER`: a server under mixed traffic and faults, watched for growth.

Prints what each process holds and by how much that grew, writes soak.json (all samples) and soak.svg (the plot)
into the folder, and ends with 0 when nothing grew and nothing unexpected was answered, with 1 otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import aiohttp

from ovpipe.cli.embedded import embedded_parameters
from ovpipe.engines.grammars.limits import CheckerLimits
from tests.serving.server_process import LISTENS, assert_gone, descendants
from tests.soak.faults import CACHE_MIB, KEPT_MIB, Faults
from tests.soak.outcomes import Outcomes
from tests.soak.plot import plot
from tests.soak.processes import engines_of, held_by_roles
from tests.soak.traffic import Client
from tests.soak.verdicts import MIB, WARM_UP_REQUESTS, Sample, Verdict, verdicts

SERVER = "from ovpipe.cli.main import main; main()"
READY_SECONDS = 300.0
STOP_SECONDS = 120.0
WARM_UP_SECONDS = 1200.0
KEPT = {
    "engine of own": KEPT_MIB * MIB,
    "engine of grammars": (KEPT_MIB + CACHE_MIB) * MIB,
    "engine of victim": CACHE_MIB * MIB,
    "grammar checkers": CheckerLimits().kept_mebibytes * MIB,
}
"""What these may hold or not at any time: compiled grammars, and the cache that each new process fills again."""


@dataclass(slots=True)
class Soak:
    """All that was seen."""

    samples: list[Sample] = field(default_factory=list)
    faults: list[tuple[float, str]] = field(default_factory=list)
    outcomes: Outcomes = field(default_factory=Outcomes)
    began: float = field(default_factory=time.monotonic)

    def second(self) -> float:
        """How long it has gone on."""
        return round(time.monotonic() - self.began, 2)

    def note(self, fault: str) -> None:
        """A fault, now."""
        self.faults.append((self.second(), fault))

    async def warm(self) -> None:
        """Returns when it is warm: what comes next is judged."""
        async with asyncio.timeout(WARM_UP_SECONDS):
            while self.outcomes.total < WARM_UP_REQUESTS:
                await asyncio.sleep(0.2)

    def rounds(self) -> float:
        """How often all faults have come about since it was warm."""
        warm = next((sample.second for sample in self.samples if sample.requests >= WARM_UP_REQUESTS), 0.0)
        return sum(second >= warm for second, _ in self.faults) / Faults.KINDS

    async def watch(self, server: int, url: str, every: float) -> None:
        """Samples, until it is cancelled."""
        while True:
            engines = await asyncio.to_thread(engines_of, url)
            roles = await asyncio.to_thread(held_by_roles, server, engines)
            self.samples.append(Sample(self.second(), self.outcomes.total, roles))
            await asyncio.sleep(every)


@contextmanager
def served(folder: Path, config: Path) -> Iterator[tuple[int, str]]:
    """A server of its own Python, its process and its address; it must stop, and leave nothing behind."""
    log = folder / "server.log"
    command = [sys.executable, "-c", SERVER, "serve", "--config", str(config), "--port", "0"]
    with log.open("w") as out, subprocess.Popen(command, stdout=out, stderr=out) as server:
        try:
            yield server.pid, wait_ready(server, log)
            children = descendants(server.pid)
            server.send_signal(signal.SIGTERM)
            server.wait(STOP_SECONDS)
            assert_gone(children)
        finally:
            server.kill()


def wait_ready(server: subprocess.Popen[bytes], log: Path) -> str:
    """The address, once all models are ready."""
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end and server.poll() is None:
        said = log.read_text()
        listens = re.search(LISTENS, said)
        if listens and said.count(": ready after") == said.count(": loading (graph"):
            return listens[1]
        time.sleep(0.1)
    raise SystemExit(f"the server did not start:\n{log.read_text()}")


async def soak(server: int, url: str, faults: Faults, seen: Soak, options: argparse.Namespace) -> None:
    """Traffic and faults for so many seconds."""
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
        clients = [Client(url, session, seed, seen.outcomes) for seed in range(options.clients)]
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(seen.watch(server, url, options.every))
            disturbing = group.create_task(faults.work(options.fault_every))
            working = [group.create_task(client.work()) for client in clients]
            await seen.warm()
            await asyncio.sleep(options.seconds)
            disturbing.cancel()
            for client in clients:
                client.stopped = True
            with suppress(asyncio.CancelledError):
                await disturbing
            await asyncio.gather(*working)
            watching.cancel()


def report(seen: Soak, judged: list[Verdict]) -> bool:
    """Prints what was found; whether all is well."""
    lines = [verdict.line() for verdict in judged]
    lines += [f"{count:8}  {what}" for what, count in sorted(seen.outcomes.counts.items())]
    lines += [f"UNEXPECTED {count}  {what}" for what, count in seen.outcomes.unexpected.items()]
    grew = [f"{verdict.figure} of {verdict.role}" for verdict in judged if verdict.grew]
    lines.append(f"{seen.outcomes.total} requests, {len(seen.faults)} faults, {seen.second():.0f} s")
    lines.append("grew: " + ", ".join(grew) if grew else "nothing grew")
    sys.stdout.write("\n".join(lines) + "\n")
    return not grew and not seen.outcomes.unexpected


def write(seen: Soak, judged: list[Verdict], folder: Path) -> None:
    """The samples and the plot."""
    found = {
        "samples": [asdict(sample) for sample in seen.samples],
        "faults": seen.faults,
        "outcomes": seen.outcomes.counts,
        "unexpected": seen.outcomes.unexpected,
        "verdicts": [asdict(verdict) for verdict in judged],
    }
    (folder / "soak.json").write_text(json.dumps(found) + "\n")
    (folder / "soak.svg").write_text(plot(seen.samples, seen.faults))


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=1200, help="how long, once it is warm")
    parser.add_argument("--clients", type=int, default=12, help="how many clients at once")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between samples")
    parser.add_argument("--fault-every", type=float, default=8.0, help="seconds between faults")
    parser.add_argument("--out", type=Path, default=Path(".cache/soak"), help="the folder of results")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """The exit code."""
    options = options_of(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    config = options.out.resolve() / "server.yaml"
    model = Path(embedded_parameters()["models_path"])
    faults = Faults(0, "", config, model, lambda fault: seen.note(fault))
    faults.write()
    with served(options.out, config) as (server, url):
        faults.server, faults.url = server, url
        seen = Soak()
        try:
            asyncio.run(soak(server, url, faults, seen, options))
        finally:
            judged = verdicts(seen.samples, KEPT, seen.rounds())
            write(seen, judged, options.out)
    return 0 if report(seen, judged) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
