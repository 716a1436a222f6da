"""Whatever schemathesis makes of /openapi.json, the real server answers as documented, and never with a 5xx."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ovpipe.cli.embedded import NAME
from ovpipe.serving.config import DEFAULT_GRAPHS
from ovpipe.serving.security.api_key import key_of, new_secret
from ovpipe.serving.security.key_file import add_key
from ovpipe.serving.security.roles import Role
from tests.serving.asking import ask
from tests.serving.server_process import ServerProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
HOOKS = Path(__file__).with_name("schemathesis_hooks.py")
SEED = "1"
CONFIG = """
[generation]
max-examples = 15
deterministic = true
database = "none"

[auth.openapi.bearer]
bearer = "KEY"

[auth.openapi.x-api-key]
api_key = "KEY"

[auth.openapi.api-key]
api_key = "KEY"

[checks]
# What parameters mean together no schema says, so a valid body may be refused: with a 400, and nothing else.
positive_data_acceptance.expected-statuses = ["2xx", "400"]
# A list with too many items may be a body that is too large.
negative_data_rejection.expected-statuses = ["4xx"]

[[operations]]
# No schema says which ids live runs have.
include-name = "GET /debug/runs/{id}"
checks.positive_data_acceptance.expected-statuses = ["2xx", "404"]

[[operations]]
# No schema says which responses are kept.
include-path-regex = "^/responses/"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404"]

[[operations]]
# They take the bodies of the routes above them, whose thousand cases of each kind need not come twice.
include-path-regex = "/render$|/count_tokens$"
phases.coverage.enabled = false
"""
"""With every check of schemathesis, all of which are on unless they are turned off, and every phase."""


@pytest.fixture(scope="module")
def secret() -> str:
    """The API key of an admin."""
    return new_secret()


@pytest.fixture(scope="module")
def server(secret: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The embedded model, with short answers, for those who have a key."""
    keys = tmp_path_factory.mktemp("keys") / "api-keys"
    add_key(keys, key_of("tester", secret, frozenset({Role.ADMIN})))
    with ServerProcess("--set", "max_tokens_limit=16", "--api-keys", str(keys)) as running:
        running.wait_ready()
        yield running


def answered(figures: str, endpoint: str, status: int) -> int:
    """How many requests were answered so."""
    label = rf'^ovpipe_requests_total{{endpoint="{endpoint}",model="{NAME}",status="{status}"}} (\d+)'
    match = re.search(label, figures, re.MULTILINE)
    return 0 if match is None else int(match[1])


DOORS = {
    "chat": "^/(chat/)?completions$",
    "responses": "^/responses",
    "messages": "^/messages",
    "tokenize": "^/(de)?tokenize$",
    "render": "^/(chat/)?completions/render$",
    "parse": "^/parse$",
}
"""The paths of each graph by which a model is served."""


def test_every_graph_that_serves_by_default_is_tried() -> None:
    assert list(DOORS) == list(DEFAULT_GRAPHS)


@pytest.mark.parametrize("door", [*DOORS, "the server's own"])
def test_no_answer_is_a_5xx_or_other_than_documented(
    server: ServerProcess, secret: str, tmp_path: Path, door: str
) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG.replace("KEY", secret))
    authorization = f"Bearer {secret}"
    run = ["run", f"{server.url}/openapi.json", "--seed", SEED, "-H", f"Authorization: {authorization}"]
    run += ["--checks", "all", "--phases", "examples,coverage,fuzzing,stateful"]
    if door in DOORS:
        run += ["--include-path-regex", DOORS[door]]
    else:
        run += ["--exclude-path-regex", "|".join(DOORS.values())]
    done = subprocess.run(
        [str(SCHEMATHESIS), "--config-file", str(config), *run, "--no-color"],
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{server.output()}"
    page = ask(server.url, "GET", "/metrics", b"", {"Authorization": authorization})
    figures = page.body.decode()
    for endpoint in ("/chat/completions", "/completions") if door == "chat" else ():
        assert answered(figures, endpoint, 200) > 100, done.stdout
        assert answered(figures, endpoint, 400) > 100, done.stdout
    restarts = re.findall(r"^ovpipe_engine_restarts_total{.*} (.*)$", figures, re.MULTILINE)
    assert restarts
    assert {float(one) for one in restarts} == {0}
