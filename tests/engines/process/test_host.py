"""The engine's process, spoken to over its socket, with a core that counts."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ovpipe.engines.messages import (
    Ack,
    Add,
    Cancel,
    Failed,
    FromHost,
    Load,
    Progress,
    Ready,
    Refused,
    Step,
    ToHost,
)
from ovpipe.engines.protocol import Delta, GenerateRequest, SamplingParams
from ovpipe.engines.wire import encode, from_host_decoder
from tests.tokens import tokens

FAKE_HOST = Path(__file__).parents[1] / "fake_host.py"


class Talk:
    """The test's end of the socket, and the process at the other."""

    def __init__(self, sock: socket.socket, process: subprocess.Popen[bytes]) -> None:
        self.socket = sock
        self.process = process
        self._frames = from_host_decoder()
        self._heard: list[FromHost] = []

    def say(self, *messages: ToHost) -> None:
        self.socket.sendall(b"".join(map(encode, messages)))

    def hear(self, *, within: float = 20.0) -> FromHost | None:
        """The next message; None when there is none in that time, or the socket is closed."""
        while not self._heard:
            if not select.select([self.socket], [], [], within)[0]:
                return None
            data = self.socket.recv(65536)
            if not data:
                return None
            self._heard += self._frames.feed(data)
        return self._heard.pop(0)

    def hear_step(self) -> Step:
        message = self.hear()
        assert isinstance(message, Step), message
        return message

    def close_and_wait(self) -> int:
        """The process's exit status, once the server has closed its end."""
        self.socket.close()
        return self.process.wait(20)

    def hear_quiet(self) -> list[Step]:
        """Acknowledges steps until there are no more of them, and returns them."""
        steps = []
        while (message := self.hear(within=0.3)) is not None:
            assert isinstance(message, Step)
            steps.append(message)
            self.say(Ack(message.step))
        return steps


@contextmanager
def hosted(**options: Any) -> Iterator[Talk]:
    ours, theirs = socket.socketpair()
    command = [sys.executable, str(FAKE_HOST), "--fd", str(theirs.fileno()), "--parent", str(os.getpid())]
    with ours, subprocess.Popen(command, pass_fds=[theirs.fileno()], start_new_session=True) as process:
        theirs.close()
        talk = Talk(ours, process)
        talk.say(Load(options))
        try:
            yield talk
        finally:
            process.kill()


@contextmanager
def ready() -> Iterator[Talk]:
    with hosted(phases=[]) as talk:
        assert isinstance(talk.hear(), Ready)
        yield talk


def request(number: int, prompt: list[int], max_tokens: int = 1000) -> Add:
    return Add(GenerateRequest(number, prompt, SamplingParams(max_tokens=max_tokens)))


def test_it_loads_and_reports_where_it_stands() -> None:
    with hosted() as talk:
        assert talk.hear() == Progress(phase="load", detail="fake load")
        assert talk.hear() == Progress(phase="warm_up", detail="fake warm_up")
        message = talk.hear()
        assert isinstance(message, Ready)
        assert message.info.core == "fake"


def test_a_failed_load_is_told_with_its_phase_and_ends_the_process() -> None:
    with hosted(load="no such model", phases=["load"]) as talk:
        assert talk.hear() == Progress(phase="load", detail="fake load")
        assert talk.hear() == Failed(phase="load", message="no such model")
        assert talk.close_and_wait() == 1
    with hosted(load="out of memory") as talk:
        assert isinstance(talk.hear(), Progress)
        assert isinstance(talk.hear(), Progress)
        assert talk.hear() == Failed(phase="warm_up", message="out of memory")


def test_each_step_brings_a_token_of_every_request() -> None:
    with ready() as talk:
        talk.say(request(1, [10], max_tokens=2), request(2, [20], max_tokens=1))
        first = talk.hear_step()
        assert first.step == 1
        assert first.deltas == [Delta(1, tokens(11), 1), Delta(2, tokens(21), 1, "length")]
        talk.say(Ack(1))
        assert talk.hear_step().deltas == [Delta(1, tokens(12), 2, "length")]


def test_it_stays_one_step_ahead_of_the_last_acknowledgement_and_no_more() -> None:
    with ready() as talk:
        talk.say(request(1, [10]))
        assert [talk.hear_step().step, talk.hear_step().step] == [1, 2]
        assert talk.hear(within=0.3) is None
        talk.say(Ack(1))
        assert talk.hear_step().step == 3
        assert talk.hear(within=0.3) is None
        talk.say(Ack(3))
        assert [talk.hear_step().step, talk.hear_step().step] == [4, 5]
        assert talk.hear(within=0.3) is None


def test_a_cancel_sent_before_the_acknowledgement_is_seen_before_the_step_after_the_next() -> None:
    with ready() as talk:
        talk.say(request(1, [10]))
        assert talk.hear_step().deltas == [Delta(1, tokens(11), 1)]
        assert talk.hear_step().deltas == [Delta(1, tokens(12), 2)]
        assert talk.hear(within=0.2) is None
        talk.say(Cancel(1), Ack(1))
        assert [delta for step in talk.hear_quiet() for delta in step.deltas] == []


def test_steps_go_on_after_a_cancel_until_the_cache_figure_settles_and_then_stop() -> None:
    with ready() as talk:
        talk.say(request(1, [10]), request(2, [20]))
        for number in (1, 2, 3, 4):
            assert talk.hear_step().step == number
            talk.say(Ack(number))
        talk.say(Cancel(1), Cancel(2))
        steps = talk.hear_quiet()
        assert steps[0].stats.kv_cache_usage == 0.02
        assert steps[-1].stats.kv_cache_usage == 0
        assert 3 <= len(steps) <= 10


def test_a_step_without_deltas_is_told_too() -> None:
    with ready() as talk:
        talk.say(request(1, [-7, 10]))
        assert talk.hear_step().deltas == []


def test_a_refused_request_leaves_the_others_alone() -> None:
    with ready() as talk:
        talk.say(request(1, [-4]), request(2, [20], max_tokens=1))
        assert talk.hear() == Refused(1, "told to refuse")
        assert talk.hear_step().deltas == [Delta(2, tokens(21), 1, "length")]


def test_a_request_the_core_gives_up_is_refused_and_the_others_go_on() -> None:
    with ready() as talk:
        talk.say(request(1, [-5, 10]), request(2, [20]), Ack(100))
        assert talk.hear_step().deltas == [Delta(1, tokens(11), 1), Delta(2, tokens(21), 1)]
        assert talk.hear() == Refused(1, "told to give up")
        assert talk.hear_step().deltas == [Delta(2, tokens(22), 2)]


def test_an_exception_in_a_step_is_told_and_ends_the_process() -> None:
    with ready() as talk:
        talk.say(request(1, [-3, 10]))
        assert talk.hear_step().step == 1
        assert talk.hear() == Failed(phase="step", message="told to raise")
        assert talk.close_and_wait() == 1


def test_what_it_has_told_at_the_end_is_there_for_a_server_that_still_writes() -> None:
    with ready() as talk:
        talk.say(request(1, [-3, 10]))
        assert talk.hear_step().step == 1
        assert talk.hear(within=20) == Failed(phase="step", message="told to raise")
        assert talk.hear() is None  # no more will come
        for _ in range(100):  # a process that has gone would not take this
            talk.say(Ack(1))
        assert talk.process.poll() is None
        assert talk.close_and_wait() == 1


def test_those_that_may_have_poisoned_the_core_are_named_and_what_is_wrong_with_them() -> None:
    with ready() as talk:
        talk.say(request(1, [10]), request(2, [-9, 10]), request(3, [-9, 10]))
        assert talk.hear() == Failed("step", "no grammar", [2, 3], "its grammar cannot be used")
        assert talk.close_and_wait() == 1


def test_it_ends_when_the_socket_closes_busy_or_idle() -> None:
    for requests in ([], [request(1, [10])]):
        with ready() as talk:
            talk.say(*requests)
            talk.socket.shutdown(socket.SHUT_RDWR)
            assert talk.process.wait(20) == 0


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_and_the_end_of_a_service_are_the_servers_to_handle(sent: signal.Signals) -> None:
    with ready() as talk:
        os.kill(talk.process.pid, sent)
        talk.say(request(1, [10], max_tokens=1))
        assert talk.hear_step().deltas == [Delta(1, tokens(11), 1, "length")]


def test_it_ends_when_its_parent_is_not_the_one_it_was_to_end_with() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = [sys.executable, str(FAKE_HOST), "--fd", str(theirs.fileno()), "--parent", "1"]
        done = subprocess.run(command, pass_fds=[theirs.fileno()], timeout=20, check=False)
    assert done.returncode == 1
