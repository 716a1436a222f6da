"""`ovpipe serve` as a process: the embedded model, its banner, its end."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from ovpipe.cli.embedded import NAME
from ovpipe.serving.config import DEFAULT_GRAPHS
from tests.processes.fork_server import run_forked, start_piped
from tests.processes.signalled import signalled
from tests.serving.asking import get, post
from tests.serving.conftest import GRAPHS
from tests.serving.server_process import ServerProcess, assert_gone
from tests.serving.waiting import wait_until


def test_without_arguments_it_serves_the_embedded_model_and_leaves_no_process_behind() -> None:
    with ServerProcess() as server:
        server.wait_ready()
        body = {"model": NAME, "max_tokens": 4, "messages": [{"role": "user", "content": "Hello"}]}
        answer = post(server.url, body)
        assert answer.status == 200
        assert answer.json()["usage"]["completion_tokens"] == 4
        assert post(server.url, {"prompt": "Hello"}, "/v1/tokenize").json()["count"] == 1
        (served,) = get(server.url, "/debug/graphs").json()["models"]
        assert [graph["graph"] for graph in served["graphs"]] == list(DEFAULT_GRAPHS)
        assert get(server.url, "/metrics").body.count(b"\novpipe_engine_pid{") == 1, "they share an engine"
        assert server.children()
        assert server.stop() == 0


def test_the_banner_has_a_command_that_works() -> None:
    with ServerProcess() as server:
        server.wait_ready()
        server.wait_line("^model tiny-chat: chat_template_loader: tool calls: hermes; thoughts: think$")
        command = server.wait_line("^try: (curl .*)")[1]
        done = subprocess.run(shlex.split(command), capture_output=True, timeout=60, check=True)
        assert done.stdout.endswith(b"data: [DONE]\n\n")
        chunk = json.loads(done.stdout.split(b"\n\n")[0].removeprefix(b"data: "))
        assert chunk["model"] == NAME


def test_a_killed_server_takes_its_engine_along() -> None:
    with ServerProcess() as server:
        server.wait_ready()
        children = server.children()
        server.signal(signal.SIGKILL)
        assert server.wait_end() == -signal.SIGKILL
        assert children
        assert_gone(children)


def test_the_model_is_named_after_its_graph_or_as_asked() -> None:
    with ServerProcess(str(GRAPHS / "echo.yaml")) as server:
        server.wait_ready()
        assert post(server.url, {"model": "echo"}).status == 200
    with ServerProcess(str(GRAPHS / "echo.yaml"), "--model", "org/mine:1") as server:
        server.wait_ready()
        assert post(server.url, {"model": "org/mine:1"}).status == 200
        assert post(server.url, {"model": "echo"}).status == 404


def test_parameters_are_set_from_the_command_line() -> None:
    server = ServerProcess(str(GRAPHS / "lamp.yaml"), "--set", "broken=true")
    assert server.wait_end() == 1
    assert "OSError: the bulb is broken" in server.output()


def test_a_request_is_logged_only_when_asked_for() -> None:
    with ServerProcess(str(GRAPHS / "echo.yaml")) as server:
        server.wait_ready()
        get(server.url, "/health/live")
    assert not any("/health/live" in line for line in server.log)
    with ServerProcess(str(GRAPHS / "echo.yaml"), "--access-log") as server:
        server.wait_ready()
        get(server.url, "/health/live?a=%0Ab")
        server.wait_line(r'INFO ovpipe.access: 127.0.0.1 .* "GET /health/live\?a=%0Ab HTTP/1.1" 200')


def test_it_goes_on_when_nobody_reads_its_lines_any_more(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    arguments = ("serve", str(GRAPHS / "lamp.yaml"), "--port", "0", "--set", f"gate={gate}")
    server, printed, logged = start_piped(arguments)
    with logged:
        with printed:
            url = printed.readline().rpartition(" ")[2].strip()
        gate.touch()
        wait_until(lambda: get(url, "/health/ready").status == 200)
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
        assert logged.read() == ""


@pytest.mark.slow  # each starts a process
@pytest.mark.parametrize(
    "place",
    [
        "ovpipe/cli/application.py <module>",
        "logging/__init__.py LogRecord",
        "ovpipe/serving/server.py <module>",
    ],
)
def test_a_hangup_while_it_starts_ends_nothing(place: str) -> None:
    command = signalled(signal.SIGHUP, place, "serve", str(GRAPHS / "echo.yaml"), "--port", "0")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().rpartition(" ")[2].strip()
        wait_until(lambda: get(url, "/health/ready").status == 200)
        server.send_signal(signal.SIGTERM)
        _, log = server.communicate(timeout=20)
        assert server.returncode == 0
        logged = "SIGHUP: nothing is reloaded" in log
        assert logged != place.startswith("logging/"), "nobody can log before that"


def test_a_trace_of_the_latest_requests_is_written_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "trace.json"
    with ServerProcess(str(GRAPHS / "echo.yaml"), "--trace", str(file)) as server:
        server.wait_ready()
        assert post(server.url, {"model": "echo"}).status == 200
        assert server.stop() == 0
    events = json.loads(file.read_text())["traceEvents"]
    (run,) = [event["args"]["name"] for event in events if event["name"] == "process_name"]
    assert re.fullmatch("echo, run [0-9a-f]{32}", run)
    assert {"s", "f", "X"} <= {event["ph"] for event in events}


def test_a_trace_that_could_not_be_written_is_refused_before_anything_starts(tmp_path: Path) -> None:
    done = run_forked(("serve", "--trace", str(tmp_path / "no" / "trace.json")))
    assert done.returncode == 2
    assert "cannot be written" in done.stderr


def test_metrics_of_every_node_are_there_when_asked_for() -> None:
    with ServerProcess(str(GRAPHS / "echo.yaml")) as server:
        server.wait_ready()
        assert "ovpipe_node_" not in get(server.url, "/metrics").body.decode()
    with ServerProcess(str(GRAPHS / "echo.yaml"), "--node-metrics") as server:
        server.wait_ready()
        for _ in range(2):
            assert post(server.url, {"model": "echo"}).status == 200
        figures = get(server.url, "/metrics").body.decode()
    assert 'ovpipe_node_calls_total{graph="echo",model="echo",node="echo"} 2.0' in figures
    assert 'ovpipe_node_deepest_queue{graph="echo",model="echo",node="echo"} 1.0' in figures
    assert re.search(
        r'^ovpipe_node_seconds_total{graph="echo",model="echo",node="echo"} [\d.e-]+$', figures, re.MULTILINE
    )
