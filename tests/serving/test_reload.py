"""server.yaml is read again by a request and by SIGHUP, while the server serves. Fault 61."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving.asking import Answer, ask, connected, get, post, raw_post, status_of, streamed
from tests.serving.conftest import GRAPHS
from tests.serving.server_process import ServerProcess
from tests.serving.waiting import wait_until

ECHO = f"echo: {{graph: {GRAPHS}/echo.yaml}}"
COUNTER = f"counter: {{graph: {GRAPHS}/counter.yaml}}"
FIRST = f"models: {{{ECHO}, {COUNTER}}}"


class Reloaded:
    """A server, and its file, which each test leaves as FIRST."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "server.yaml"
        self.write(FIRST)

    def write(self, text: str) -> None:
        """Writes the file."""
        self.file.write_text(f"version: 1\n{text}\n")

    def reload(self, text: str) -> Answer:
        """Writes the file and has the server read it."""
        self.write(text)
        return ask(self.server.url, "POST", "/v1/config/reload", b"", {})

    def config(self) -> Any:
        """How the models are."""
        return get(self.server.url, "/v1/config").json()

    server: ServerProcess


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reloaded]:
    reloaded = Reloaded(tmp_path_factory.mktemp("server"))
    with ServerProcess("--config", str(reloaded.file)) as server:
        server.wait_ready()
        reloaded.server = server
        yield reloaded


@pytest.fixture
def reloaded(started: Reloaded) -> Iterator[Reloaded]:
    yield started
    started.reload(FIRST)


def test_models_come_and_go_by_a_request(reloaded: Reloaded) -> None:
    url = reloaded.server.url
    answer = reloaded.reload(f"models: {{{ECHO}, more: {{graph: {GRAPHS}/bad.yaml}}}}")
    assert answer.status == 200
    assert answer.json() == {
        "added": ["more"],
        "removed": ["counter"],
        "renamed": {},
        "replaced": [],
        "unchanged": ["echo"],
        "limits": [],
        "restart": [],
    }
    assert post(url, {"model": "counter"}).error() == (404, "model_not_found", "model")
    assert post(url, {"model": "more", "do": "refuse"}).status == 422
    assert [model["id"] for model in get(url, "/v1/models").json()["data"]] == ["echo", "more"]
    assert get(url, "/health/ready").json()["models"] == {"echo": "available", "more": "available"}
    assert '"enum":["echo","more"]' in get(url, "/openapi.json").body.decode().replace(" ", "")


def test_limits_change_without_a_restart_and_the_answer_names_them(reloaded: Reloaded) -> None:
    url = reloaded.server.url
    assert post(url, {"model": "echo"}).status == 200
    answer = reloaded.reload(f"{FIRST}\nlimits: {{body_bytes: 10, idle_seconds: 30}}")
    assert answer.json()["limits"] == ["body_bytes", "idle_seconds"]
    assert answer.json()["unchanged"] == ["echo", "counter"]
    assert post(url, {"model": "echo"}).error() == (413, "request_too_large", None)
    assert reloaded.reload(FIRST).json()["limits"] == ["body_bytes", "idle_seconds"]
    assert post(url, {"model": "echo"}).status == 200


def test_a_limit_that_is_raised_lets_those_in_who_wait(reloaded: Reloaded) -> None:
    counter = f"{COUNTER[:-1]}, limits: {{max_running_requests: %d}}}}"
    stated = f"models: {{{ECHO}, {counter}}}"
    assert reloaded.reload(stated % 1).json()["limits"] == ["models.counter.max_running_requests"]
    body = {"model": "counter", "count": 100_000, "pause": 0.01}
    with streamed(reloaded.server.url, body) as first, connected(reloaded.server.url) as second:
        first.readline()
        second.sendall(raw_post(json.dumps(body).encode()))
        waiting = b'ovpipe_requests_waiting{model="counter"} 1.0'
        wait_until(lambda: waiting in get(reloaded.server.url, "/metrics").body)
        assert reloaded.reload(stated % 2).status == 200
        assert status_of(second.recv(65536)) == 200
        assert first.readline()


def test_what_takes_a_restart_is_named(reloaded: Reloaded) -> None:
    answer = reloaded.reload(f"{FIRST}\nport: 1\nhost: localhost\nsecurity: {{allowed_hosts: [a.example]}}")
    assert answer.json()["restart"] == ["host", "port", "security"]
    reloaded.server.wait_line("in force after a restart of the server: host, port, security")


def test_mistakes_are_reported_all_at_once_and_change_nothing(reloaded: Reloaded) -> None:
    before = reloaded.config()
    answer = reloaded.reload(
        f"models:\n  a: {{graf: chat}}\n  b: {{graph: {GRAPHS}/echo.yaml, pull: always}}"
    )
    assert answer.error() == (400, "invalid_configuration", None)
    told = answer.json()["error"]["message"]
    assert f"{reloaded.file}:3: unknown key 'graf' in models.a: did you mean 'graph'?" in told
    assert f"{reloaded.file}:4: models.b.pull must be missing or never" in told
    reloaded.server.wait_line("server.yaml:4: models.b.pull must be missing or never")
    broken = reloaded.reload("models: [")
    assert broken.error() == (400, "invalid_configuration", None)
    assert reloaded.config() == before
    assert post(reloaded.server.url, {"model": "echo"}).status == 200


def test_a_request_that_began_before_the_reload_ends_with_the_graph_that_it_began_with(
    reloaded: Reloaded, tmp_path: Path
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text((GRAPHS / "counter.yaml").read_text().replace("CountingDoor", "Echo"))
    calculators = GRAPHS.parent / "calculators"
    (tmp_path / "calculators").symlink_to(calculators)
    body = {"model": "counter", "count": 200, "pause": 0.01}
    with streamed(reloaded.server.url, body) as response:
        first = response.readline()
        answer = reloaded.reload(f"models: {{{ECHO}, counter: {{graph: {other}}}}}")
        assert answer.json()["replaced"] == ["counter"]
        (counter,) = [one for one in reloaded.config()["models"] if one["name"] == "counter"]
        assert [(one["state"], one["requests"]) for one in counter["generations"]] == [
            ("draining", 1),
            ("serving", 0),
        ]
        assert post(reloaded.server.url, {"model": "counter"}).json()["path"] == "/chat/completions"
        assert (first + response.read()).endswith(b"data: 199\n\n")

    def is_alone() -> bool:
        (counter,) = [one for one in reloaded.config()["models"] if one["name"] == "counter"]
        return len(counter["generations"]) == 1

    wait_until(is_alone)


def test_a_model_that_cannot_be_loaded_leaves_the_old_one_serving_and_the_answer_says_so(
    reloaded: Reloaded,
) -> None:
    lamp = f"models: {{lamp: {{graph: {GRAPHS}/lamp.yaml, parameters: {{broken: %s}}}}}}"
    assert reloaded.reload(lamp % "false").json()["added"] == ["lamp"]
    answer = reloaded.reload(lamp % "true")
    assert answer.error() == (500, "model_unavailable", None)
    assert "OSError: the bulb is broken" in answer.json()["error"]["message"]
    assert post(reloaded.server.url, {"model": "lamp"}).status == 200
    (model,) = reloaded.config()["models"]
    assert model["state"] == "available"
    assert "the bulb is broken" in model["reason"]


def test_sighup_reloads(reloaded: Reloaded) -> None:
    reloaded.write(f"models: {{{ECHO}}}")
    reloaded.server.signal(signal.SIGHUP)
    wait_until(lambda: len(reloaded.config()["models"]) == 1)
    reloaded.server.wait_line(f"SIGHUP: reloading {reloaded.file}")
    reloaded.server.wait_line("reloaded: removed: counter; unchanged: echo")


def test_a_change_of_the_file_is_enough(reloaded: Reloaded) -> None:
    reloaded.write(f"models: {{{ECHO}, more: {{graph: {GRAPHS}/bad.yaml}}}}")
    wait_until(lambda: [one["name"] for one in reloaded.config()["models"]] == ["echo", "more"], 30)
    reloaded.server.wait_line("server.yaml has changed: reloading")


OUTER = """
version: 1
inputs: [http_request]
outputs: [http_response]
nodes:
  inside:
    graph: inner.yaml
    inputs: {http_request: http_request}
    outputs: {http_response: http_response}
"""


def test_a_change_of_a_graph_and_of_one_in_it_is_enough(reloaded: Reloaded, tmp_path: Path) -> None:
    outer, inner = tmp_path / "outer.yaml", tmp_path / "inner.yaml"
    outer.write_text(OUTER)
    inner.write_text((GRAPHS / "echo.yaml").read_text())
    (tmp_path / "calculators").symlink_to(GRAPHS.parent / "calculators")
    reloaded.reload(f"models: {{{ECHO}, own: {{graph: {outer}}}}}")

    def generation() -> int:
        (own,) = [one for one in reloaded.config()["models"] if one["name"] == "own"]
        return int(own["generations"][-1]["number"])

    assert generation() == 1
    inner.write_text(inner.read_text().replace("Echo", "CountingDoor"))
    wait_until(lambda: generation() == 2, 30)
    reloaded.server.wait_line(rf"{inner} (has|have) changed: reloading")
    assert post(reloaded.server.url, {"model": "own", "stream": False}).body.startswith(b"data: 0")
    outer.write_text(OUTER.replace("inside", "within"))
    wait_until(lambda: generation() == 3, 30)
    outer.write_text("version: 1\nnodes: [")
    reloaded.server.wait_line(f"server.yaml is refused, and nothing changes: {outer}:2")
    outer.write_text(OUTER)
    wait_until(lambda: generation() == 4, 30)


def test_only_post_reloads_and_only_get_shows(reloaded: Reloaded) -> None:
    url = reloaded.server.url
    assert get(url, "/v1/config/reload").status == 405
    assert get(url, "/v3/config/reload").headers["allow"] == "POST"
    assert post(url, {}, "/v1/config").status == 405


@pytest.mark.slow  # it starts a server of its own
def test_calculators_that_changed_are_imported_anew(tmp_path: Path) -> None:
    (tmp_path / "calculators").mkdir()
    source = (GRAPHS.parent / "calculators" / "doors.py").read_text()
    (tmp_path / "calculators" / "doors.py").write_text(source)
    (tmp_path / "echo.yaml").write_text((GRAPHS / "echo.yaml").read_text())
    file = tmp_path / "server.yaml"
    file.write_text("version: 1\nmodels: {echo: {graph: ./echo.yaml}}\n")
    with ServerProcess("--config", str(file), cwd=tmp_path) as server:
        server.wait_ready()
        (tmp_path / "calculators" / "doors.py").write_text(
            source.replace('"path": request', '"way": request')
        )
        answer = ask(server.url, "POST", "/v1/config/reload", b"", {})
        assert answer.json()["replaced"] == ["echo"]
        assert "way" in post(server.url, {"model": "echo"}).json()
        (tmp_path / "calculators" / "doors.py").write_text("syntax error")
        answer = ask(server.url, "POST", "/v1/config/reload", b"", {})
        assert answer.error() == (400, "invalid_configuration", None)
        assert "doors.py:1: invalid syntax" in answer.json()["error"]["message"]
        assert "way" in post(server.url, {"model": "echo"}).json()


@pytest.mark.slow  # it starts a server of its own
def test_a_server_without_a_file_has_nothing_to_reload() -> None:
    with ServerProcess(str(GRAPHS / "echo.yaml")) as server:
        server.wait_ready()
        answer = ask(server.url, "POST", "/v1/config/reload", b"", {})
        assert answer.error() == (400, "no_configuration", None)
        server.signal(signal.SIGHUP)
        server.wait_line("SIGHUP: nothing is reloaded")
        assert post(server.url, {"model": "echo"}).status == 200


@pytest.mark.slow  # it starts a server of its own
def test_a_second_sigterm_ends_what_drains_after_a_reload_too(tmp_path: Path, record: Path) -> None:
    file = tmp_path / "server.yaml"
    limits = "limits: {drain_seconds: 60, run_close_seconds: 2, graph_close_seconds: 2}"
    file.write_text(f"version: 1\nmodels: {{{ECHO}, {COUNTER}}}\n{limits}\n")
    with ServerProcess("--config", str(file)) as server:
        server.wait_ready()
        body = {"model": "counter", "count": 100_000, "pause": 0.01, "record": str(record)}
        with streamed(server.url, body) as busy:
            busy.readline()
            file.write_text(f"version: 1\nmodels: {{{ECHO}}}\n{limits}\n")
            assert ask(server.url, "POST", "/v1/config/reload", b"", {}).json()["removed"] == ["counter"]
            server.signal()
            server.wait_line("shutting down; waiting for 1 requests")
            server.signal()
            assert b'"code":"shutting_down"' in busy.read()
        assert server.wait_end(20) == 0
        assert record.read_text() == "cancelled"
