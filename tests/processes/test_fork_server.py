"""What a forked process of `ovpipe` has in common with one that was started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes.fork_server import run_forked, start_piped
from tests.serving.conftest import GRAPHS
from tests.serving.server_process import assert_gone


def test_it_says_what_a_started_one_says_in_its_folder_and_environment(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    for arguments in (("check", "chat", "none.yaml"), ("check",), ("models", "list")):
        env = {**os.environ, "OVPIPE_MODELS": "models", "COLUMNS": "60"}
        forked = run_forked(arguments, cwd=tmp_path, env=env)
        started = subprocess.run(
            [Path(sys.executable).with_name("ovpipe"), *arguments],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (forked.returncode, forked.stdout, forked.stderr) == (
            started.returncode,
            started.stdout,
            started.stderr,
        )


def test_it_has_the_three_files_that_it_was_given_and_ends_by_a_signal() -> None:
    process, out, errors = start_piped(("serve", str(GRAPHS / "echo.yaml"), "--port", "0"))
    with out, errors:
        assert "listens on" in out.readline()
        files = {link.name: str(link.readlink()) for link in Path(f"/proc/{process.pid}/fd").iterdir()}
        mine = [str(Path(f"/proc/self/fd/{end.fileno()}").readlink()) for end in (out, errors)]
        assert [files.pop(number) for number in "012"] == [os.devnull, *mine]
        assert not [file for file in files.values() if file.startswith("pipe:")]
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        assert process.wait(30) == -signal.SIGKILL
    assert_gone({process.pid})


def test_what_python_reads_when_it_starts_cannot_be_given_to_it() -> None:
    with pytest.raises(AssertionError, match="start it"):
        run_forked(("--version",), env={**os.environ, "PYTHONIOENCODING": "latin-1"})
