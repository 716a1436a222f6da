"""`make fuzz ARGS="--seconds 60"`: fuzzes each part that reads bytes of others, for so long each.

Ends with 1 when one of them raised what it must not; the bytes that did it are in the folder then.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.targets import TARGETS
from tests.house.pages import ROOT

SLOWEST_SECONDS = 20
"""For one input; a slower one is a finding."""
MOST_BYTES = 2000


def fuzz(name: str, folder: Path, options: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """One target, in a process of its own."""
    limits = [f"-timeout={SLOWEST_SECONDS}", f"-max_len={MOST_BYTES}", "-rss_limit_mb=4096"]
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz.target", name, str(folder), *limits, *options],
        cwd=ROOT,
        stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )


def main(arguments: Sequence[str]) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", default=list(TARGETS), help="which; all by default")
    parser.add_argument("--seconds", type=int, default=60, help="for each")
    parser.add_argument("--out", type=Path, default=Path(".cache/fuzz"), help="the folder of what is found")
    options = parser.parse_args(arguments)
    failed = False
    for name in options.targets:
        done = fuzz(name, options.out.resolve(), [f"-max_total_time={options.seconds}"])
        failed |= done.returncode != 0
        last = done.stdout if done.returncode else "".join(done.stdout.splitlines(keepends=True)[-1:])
        sys.stdout.write(f"{name}: {'FOUND' if done.returncode else 'nothing'}\n{last}\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
