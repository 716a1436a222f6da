"""The benchmarks' client, against a server that says what the test writes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from tests.benchmarks.light_client import stream_all

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
OURS = b'data: {"usage":{"prompt_tokens":64,"completion_tokens":2,"total_tokens":66}}\n\ndata: [DONE]\n\n'
LLAMACPP = b'data: {"usage":{"completion_tokens":2,"prompt_tokens":64,"total_tokens":66}}\n\ndata: [DONE]\n\n'


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


def answer(end: bytes) -> list[bytes]:
    """Two events of a token each and the last one, cut where a network might cut them."""
    token = chunk(b'data: {"choices":[{"text":"a"}]}\n\n')
    whole = HEAD + token + token + chunk(end) + b"0\r\n\r\n"
    cut = whole.index(b"data: {") + 3
    return [whole[:cut], whole[cut:]]


@contextmanager
def server(answers: Sequence[list[bytes]]) -> Iterator[int]:
    """Gives one answer after the other, each to a connection, and yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for pieces in answers:
                connection, _ = listening.accept()
                with connection:
                    request = b""
                    while not request.endswith(b"{}"):
                        request += connection.recv(65_536)
                    for piece in pieces:
                        connection.sendall(piece)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


@pytest.mark.parametrize("end", [OURS, LLAMACPP])
def test_tokens_are_what_the_usage_says_in_any_order_and_events_are_counted(end: bytes) -> None:
    with server([answer(end)]) as port:
        done = stream_all(port, ["{}"], at_once=1)

    assert (done["prompt_tokens"], done["tokens"], done["events"]) == ([64], [2], [3])
    assert 0 < done["first"][0] <= done["last"][0] <= done["seconds"]


def test_the_next_stream_starts_when_one_has_ended() -> None:
    # This server takes a connection only when it is done with the one before.
    with server([answer(OURS), answer(LLAMACPP), answer(OURS)]) as port:
        done = stream_all(port, ["{}", "{}", "{}"], at_once=1)

    assert done["tokens"] == [2, 2, 2]


def test_a_stream_without_usage_is_no_answer() -> None:
    with (
        server([answer(b"data: [DONE]\n\n")]) as port,
        pytest.raises(ValueError, match="ended without usage"),
    ):
        stream_all(port, ["{}"], at_once=1)


def test_a_stream_that_breaks_off_is_no_answer() -> None:
    with server([[HEAD]]) as port, pytest.raises(ConnectionError, match="closed a stream early"):
        stream_all(port, ["{}"], at_once=1)
