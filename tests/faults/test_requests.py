"""What no request should ask for, at a real server. Faults 21 to 50, without what other models and doors are for.

One test for each number: all of its bodies, while a stream runs beside them. What is refused never reaches the
engine, the stream says what it says alone, and a normal request is served afterwards.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from ovpipe.cli.embedded import NAME
from tests.end_to_end.figures import figure
from tests.faults.cases import CASES, HELLO, Case
from tests.serving.asking import Answer, post, streamed
from tests.serving.server_process import ServerProcess

pytestmark = pytest.mark.slow

BESIDE = {
    "model": NAME,
    "messages": [HELLO],
    "max_tokens": 150,
    "ignore_eos": True,
    "temperature": 0,
    "stream": True,
}


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """The embedded model."""
    with ServerProcess() as running:
        running.wait_ready()
        yield running


@pytest.fixture(scope="module")
def alone(server: ServerProcess) -> str:
    """What the stream says when nothing is beside it."""
    with streamed(server.url, BESIDE) as stream:
        return text(stream.read())


def text(events: bytes) -> str:
    """The text of a stream that is complete."""
    lines = [line[6:] for line in events.decode().splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    chunks = [json.loads(line) for line in lines[:-1]]
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])


def listening(case: Case, port: int) -> dict[str, Any]:
    """The body, with the port at which nobody may call."""
    return json.loads(json.dumps(case.body()).replace("{port}", str(port)))  # type: ignore[no-any-return]  # an object


def said(case: Case, answer: Answer) -> tuple[int, str | None, str | None]:
    """Status, code and param, as far as the case names them."""
    if answer.status == 200:
        return 200, None, None
    status, code, param = answer.error()
    return status, code, param if case.param else None


@pytest.mark.parametrize("number", CASES)
def test_a_wrong_request_is_refused_and_nobody_else_notices(
    server: ServerProcess, alone: str, number: int
) -> None:
    wrong = []
    with socket.create_server(("127.0.0.1", 0)) as nobody, streamed(server.url, BESIDE) as beside:
        nobody.setblocking(False)
        first = beside.read(1)
        for case in CASES[number]:
            before = figure(server.url, "engine_prompt_tokens_total", NAME)
            answer = post(server.url, listening(case, nobody.getsockname()[1]), case.path)
            if said(case, answer) != (case.status, case.code, case.param):
                wrong.append((str(case.sent)[:200], answer.status, answer.body[:400]))
            if answer.status != 200:
                assert figure(server.url, "engine_prompt_tokens_total", NAME) == before
        assert text(first + beside.read()) == alone
        with pytest.raises(BlockingIOError):
            nobody.accept()
    assert wrong == []
    assert post(server.url, {"model": NAME, "messages": [HELLO], "max_tokens": 2}).status == 200
