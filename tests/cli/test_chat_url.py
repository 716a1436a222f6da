"""`ovpipe chat --url`: with ovpipe's own server, and with what is none."""

from __future__ import annotations

import json
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.cli.chat_process import TALK, Piped, chat
from tests.serving.conftest import GRAPHS
from tests.serving.server_process import ServerProcess
from tests.serving.waiting import wait_for_text


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Models talk and org/other, of which the first is named first."""
    config = tmp_path_factory.mktemp("server") / "server.yaml"
    config.write_text(f"version: 1\nmodels:\n  talk: {{graph: {TALK}}}\n  org/other: {{graph: {TALK}}}\n")
    with ServerProcess("--config", str(config)) as server:
        server.wait_ready()
        yield server


def test_the_transcript_is_the_one_that_the_graph_itself_gives(server: ServerProcess) -> None:
    said = "hello\nthink\ncall\nlonger\nwhole\nrefuse\nbreak\nhello\n"
    straight = chat(TALK, said=said)
    served = chat("--url", server.url, said=said)
    assert (served.returncode, served.stdout) == (straight.returncode, straight.stdout)
    assert served.stderr.splitlines() == [
        "error: I would rather not. (status 422)",
        "error: The tongue is tied.",
    ]


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/", "/v3"])
def test_the_first_model_is_asked_at_the_base_url_with_or_without_its_version(
    server: ServerProcess, end: str
) -> None:
    done = chat("--url", server.url + end, said="echo\n")
    body = json.loads(done.stdout.splitlines()[1])
    assert body["model"] == "talk"
    assert set(body) == {"messages", "stream", "model"}


def test_another_model_is_asked_by_its_name(server: ServerProcess) -> None:
    done = chat("--url", server.url, "--model", "org/other", said="echo\n")
    assert json.loads(done.stdout.splitlines()[1])["model"] == "org/other"


def test_a_model_that_is_not_served_is_told_with_those_that_are(server: ServerProcess) -> None:
    done = chat("--url", server.url, "--model", "walk", said="hello\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"{server.url} serves no model 'walk'; did you mean 'talk'? It serves: talk, org/other"
    ]


def test_a_key_is_sent_as_a_bearer_token() -> None:
    for arguments, env, sent in (
        ((), {"OPENAI_API_KEY": "from-outside\n"}, "Bearer from-outside"),
        (("--api-key", "given"), {"OPENAI_API_KEY": "from-outside"}, "Bearer given"),
        ((), {"OPENAI_API_KEY": ""}, None),
    ):
        keys: list[str | None] = []
        with answering(401, ("Content-Type", "application/json"), "{}", keys) as url:
            chat("--url", url, *arguments, said="hello\n", env=env)
        assert keys == [sent]


def test_an_interrupt_ends_the_answer_at_the_server_too(server: ServerProcess, tmp_path: Path) -> None:
    with Piped("--url", server.url) as talk:
        talk.say(f"endless {tmp_path}/record\n")
        talk.wait_for("Once")
        talk.process.send_signal(signal.SIGINT)
        assert talk.wait_end() == 130
    wait_for_text(tmp_path / "record", "cancelled", 60)


def test_a_server_that_dies_within_an_answer_fails_this_turn_and_those_after(tmp_path: Path) -> None:
    with ServerProcess(TALK) as server, Piped("--url", server.url) as talk:
        server.wait_ready()
        talk.say(f"endless {tmp_path}/record\n")
        talk.wait_for("Once")
        server.kill()
        talk.say("hello\n")  # not before: a server that is just being killed still takes connections
        assert talk.wait_end() == 1
        first, second = talk.log.splitlines()
    assert first.startswith(f"error: {server.url}/v1/chat/completions: the connection broke off: ")
    assert second == (
        f"error: cannot connect to {server.url}/v1/chat/completions: Connection refused. "
        "Is a server listening there? `ovpipe serve` starts one"
    )


def test_nobody_at_that_address_is_told_with_a_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    done = chat("--url", url, said="hello\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"cannot connect to {url}/v1/models: Connection refused. "
        "Is a server listening there? `ovpipe serve` starts one\n"
    )


def test_a_server_whose_model_still_loads_has_nobody_to_talk_with(tmp_path: Path) -> None:
    with ServerProcess(str(GRAPHS / "lamp.yaml"), "--set", f"gate={tmp_path}/gate") as server:
        done = chat("--url", server.url, said="hello\n")
        (tmp_path / "gate").touch()
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{server.url} serves no model now: GET {server.url}/v1/models gives")


@pytest.mark.parametrize(
    ("status", "header", "body", "told"),
    [
        (404, ("Content-Type", "text/html"), "<html>", "answers with status 404 and text/html"),
        (200, ("Content-Type", "text/html"), "<html>", "answers with status 200 and text/html"),
        (200, ("Content-Type", "application/json"), '{"data": 7}', "not with application/json that lists"),
        (
            401,
            ("Content-Type", "application/json"),
            '{"detail": "Who are you?"}',
            "Who are you? (status 401)",
        ),
        (500, ("Content-Type", "text/plain\xc2\x9b"), "", "answers with status 500 and text/plain\\x9b"),
        (301, ("Location", "https://elsewhere"), "", "/v1/models has moved to https://elsewhere: give --url"),
    ],
)
def test_what_is_no_server_of_this_kind_is_told(
    status: int, header: tuple[str, str], body: str, told: str
) -> None:
    with answering(status, header, body) as url:
        done = chat("--url", url, said="hello\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr
    assert ("--api-key" in done.stderr) == (status == 401)


@contextmanager
def answering(
    status: int, header: tuple[str, str], body: str, keys: list[str | None] | None = None
) -> Iterator[str]:
    """A server that gives everybody the same answer, and notes in `keys` what authorizes them."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if keys is not None:
                keys.append(self.headers["Authorization"])
            self.send_response(status)
            self.send_header(*header)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *arguments: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
