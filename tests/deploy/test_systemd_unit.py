"""The unit for systemd: systemd takes it as it is, and it gives the server no more than it needs."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ovpipe.serving.limits import Limits

UNIT = Path(__file__).parents[2] / "deploy" / "ovpipe.service"
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="there is no systemd-analyze here")


def service() -> dict[str, str]:
    """The section [Service]; of a key that stands twice, the last value."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # configparser's way to keep names
    parser.read_string(UNIT.read_text("utf-8"))
    return dict(parser["Service"])


def analyzed(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What systemd-analyze says of the unit, with the ovpipe of this environment."""
    program = Path(sys.executable).with_name("ovpipe")
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text("utf-8").replace("/opt/ovpipe/bin/ovpipe", str(program)))
    assert ANALYZE is not None
    return subprocess.run([ANALYZE, *arguments, str(unit)], capture_output=True, text=True, check=False)


@needs_systemd
def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    found = analyzed(tmp_path, "verify", "--man=no")
    assert (found.returncode, found.stderr) == (0, "")


@needs_systemd
def test_systemd_counts_it_as_well_protected(tmp_path: Path) -> None:
    """Below 2.5 of 10, which counts how much a service may reach."""
    found = analyzed(tmp_path, "security", "--offline=true", "--threshold=25", "--no-pager")
    assert found.returncode == 0, found.stdout


def test_it_has_as_long_to_stop_as_the_server_takes() -> None:
    limits = Limits()
    longest = limits.drain_seconds + limits.run_close_seconds + 3 * limits.graph_close_seconds
    assert float(service()["TimeoutStopSec"]) > longest


def test_one_engine_s_end_does_not_end_the_service_and_the_kernels_can_be_compiled() -> None:
    unit = service()
    assert (unit["OOMPolicy"], unit["KillMode"]) == ("continue", "mixed")
    assert "MemoryDenyWriteExecute" not in unit


def test_the_options_that_it_starts_the_server_with_are_there() -> None:
    command = service()["ExecStart"]
    said = subprocess.run(
        [sys.executable, "-m", "ovpipe.cli.main", "serve", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"},
    ).stdout
    options = set(re.findall(r"--[a-z-]+", command))
    assert options
    assert options <= set(re.findall(r"--[a-z-]+", said))
    assert "%d/api-keys" in command
    assert service()["LoadCredential"].startswith("api-keys:")
