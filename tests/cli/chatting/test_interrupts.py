"""Ctrl-C, wherever it comes."""

from __future__ import annotations

import signal

import pytest

from ovpipe.cli.chatting.interrupts import Interrupts


def press() -> None:
    """Ctrl-C, as Python's own handler passes it on. The tests at a terminal really press it.

    Not by the system here: a library that other tests use in this process, genai's compiler of grammars,
    leaves the main thread a signal stack on which any handler crashes. (ovpipe has it in processes of its own.)
    """
    handler = signal.getsignal(signal.SIGINT)
    assert callable(handler)
    handler(signal.SIGINT, None)


def test_it_is_raised_where_a_line_is_waited_for() -> None:
    with Interrupts() as interrupts:
        with pytest.raises(KeyboardInterrupt), interrupts.raised():
            press()
        with interrupts.raised():
            """Once is once."""


def test_it_stops_what_is_to_be_stopped_each_time_it_comes() -> None:
    stopped = []
    with Interrupts() as interrupts:
        with interrupts.stopping(lambda: stopped.append("stopped")):
            press()
            press()
        assert stopped == ["stopped", "stopped"]
        with interrupts.raised():
            """It was taken."""


def test_one_that_comes_between_is_kept_for_whichever_comes_next() -> None:
    stopped = []
    with Interrupts() as interrupts:
        press()
        with pytest.raises(KeyboardInterrupt), interrupts.raised():
            pass
        press()
        with interrupts.stopping(lambda: stopped.append("stopped")):
            assert stopped == ["stopped"]
        with interrupts.raised():
            """It was taken."""


def test_afterwards_it_is_what_it_was() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupts():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
