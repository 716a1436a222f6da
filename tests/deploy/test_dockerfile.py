"""The Dockerfile: it builds from what git knows, runs as nobody special, and names no index of packages."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ovpipe.serving.routes.health import LIVE

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text("utf-8")
HADOLINT = shutil.which("hadolint")


def instructions() -> list[tuple[str, str]]:
    """Each instruction's word and its arguments, continued lines joined."""
    joined = re.sub(r"\\\n", " ", "\n".join(line for line in TEXT.splitlines() if not line.startswith("#")))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in joined.splitlines() if line.strip()]


def last_stage() -> list[tuple[str, str]]:
    """What the image is made by, without the stage that builds."""
    found = instructions()
    begin = max(index for index, (word, _) in enumerate(found) if word == "FROM")
    return found[begin:]


def only(word: str) -> str:
    """The arguments of the one such instruction of the image."""
    (found,) = (arguments for name, arguments in last_stage() if name == word)
    return found


def test_it_runs_as_a_user_by_number_who_is_not_root_and_nothing_is_done_after() -> None:
    words = [word for word, _ in last_stage()]
    assert int(only("USER")) >= 1000
    assert not {"RUN", "COPY", "ADD"} & set(words[words.index("USER") :])


def test_it_starts_ovpipe_itself_so_that_signals_reach_it() -> None:
    command = json.loads(only("ENTRYPOINT"))
    assert command[:4] == ["ovpipe", "serve", "--host", "0.0.0.0"]
    assert only("STOPSIGNAL") == "SIGTERM"
    assert command[command.index("--port") + 1] == only("EXPOSE")


def test_its_health_is_a_path_that_needs_no_key() -> None:
    path = re.search(r"127\.0\.0\.1:8000(/[a-z/]+)", only("HEALTHCHECK"))
    assert path is not None
    assert path[1] in LIVE


def test_it_installs_the_pinned_versions_and_names_no_address() -> None:
    (install,) = (
        arguments for word, arguments in instructions() if word == "RUN" and "pip install" in arguments
    )
    assert "--constraint constraints.txt" in install
    assert "--no-cache-dir" in install
    assert not re.search(
        r"https?://|--(extra-)?index|--trusted-host", TEXT.replace("http://127.0.0.1:8000", "")
    )


def test_it_copies_what_there_is_and_all_of_it_is_sent_to_the_builder() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [
        name
        for word, arguments in instructions()
        if word == "COPY" and "--from" not in arguments
        for name in arguments.split()[:-1]
    ]
    assert set(copied) == sent
    assert all((ROOT / name).exists() for name in copied)


@pytest.mark.skipif(HADOLINT is None, reason="there is no hadolint here")
def test_hadolint_finds_nothing() -> None:
    assert HADOLINT is not None
    subprocess.run([HADOLINT, str(ROOT / "Dockerfile")], check=True)


@pytest.mark.slow
def test_it_builds_and_answers(tmp_path: Path) -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "info"], capture_output=True, check=False).returncode:
        pytest.skip("there is no docker that builds here")
    subprocess.run([docker, "build", "--tag", "ovpipe-test", str(ROOT)], check=True, timeout=1200)
    said = subprocess.run(
        [docker, "run", "--rm", "--entrypoint", "ovpipe", "ovpipe-test", "--help"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "serve" in said.stdout
