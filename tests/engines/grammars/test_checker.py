"""The grammar checker with its real process: what it says of grammars, and how it lives through them."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from ovpipe.engines.cores import GENAI
from ovpipe.engines.grammars.checker import GrammarChecker
from ovpipe.engines.grammars.limits import CheckerLimits
from ovpipe.engines.grammars.verdicts import (
    GrammarRefused,
    GrammarShareTaken,
    GrammarTimeout,
    GrammarUnavailable,
)
from ovpipe.engines.process.backoff import Backoff
from ovpipe.engines.process.command import HostCommand
from ovpipe.engines.protocol import Grammar
from tests.engines.cores import MODEL

DIGITS = Grammar("regex", "[0-9]+")
BAD = Grammar("regex", "[a-")
SLOW = Grammar("ebnf", 'root ::= [\\x01-\\xff]* "a" [\\x01-\\xff]{20}')
"""An automaton of a million states: minutes."""

NESTED = f'root ::= {"(" * 30_000}"a"{")" * 30_000}'
DEADLY = Grammar("ebnf", f"{NESTED}\nunread ::= ,")
"""A stack overflow of the library, which reads the comma after it; ovpipe reads no commas, so it leaves all to it."""

FAKE_HOST = HostCommand((sys.executable, str(Path(__file__).parents[1] / "fake_host.py")))
"""Starts sooner, and takes all grammars but those that are commands."""

NEVER_READY = HostCommand((sys.executable, "-c", "raise SystemExit('no model here')"))


def bounded(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def within_a_minute() -> None:
        async with asyncio.timeout(60):
            await scenario()

    asyncio.run(within_a_minute())


@asynccontextmanager
async def opened(
    command: HostCommand = GENAI.grammar_checker, **options: Any
) -> AsyncIterator[GrammarChecker]:
    checker = await GrammarChecker.open(MODEL, command, **options)
    try:
        yield checker
    finally:
        await checker.close()


async def verdicts(checker: GrammarChecker, *grammars: Grammar) -> list[str]:
    """What is said of each, in one word."""
    words = []
    for grammar in grammars:
        try:
            await checker.check(grammar)
        except (GrammarRefused, GrammarUnavailable) as error:
            words.append(type(error).__name__)
        else:
            words.append("good")
    return words


def starts(checker: GrammarChecker) -> float:
    return checker.metrics()["grammar_starts_total"]


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # what it waits for happens in another process
        await asyncio.sleep(0.01)


def is_gone(pid: int) -> bool:
    """Neither alive nor a zombie."""
    return not Path(f"/proc/{pid}").exists()


def test_good_grammars_of_every_kind_pass() -> None:
    async def scenario() -> None:
        tag = '{"type": "structural_tag", "format": {"type": "const_string", "value": "x"}}'
        async with opened() as checker:
            await checker.check(DIGITS)
            await checker.check(Grammar("json_schema", '{"type": "object"}'))
            await checker.check(Grammar("ebnf", 'root ::= "a" | "b"'))
            await checker.check(Grammar("structural_tag", tag))

    bounded(scenario)


FACTS = {
    BAD: "the expression has a class ([) at position 0 that nothing closes",
    Grammar("json_schema", '{"type": "nope"}'): "the schema has a type that JSON does not know",
    Grammar("json_schema", "false"): "the schema allows no value at all",
    Grammar(
        "json_schema", '{"type": "array", "maxItems": 1e400}'
    ): "the schema has a 'maxItems' of more than 65535",
    Grammar("ebnf", "root ::= foo"): 'EBNF parser error at line 1, column 10: Rule "foo" is not defined',
    Grammar("structural_tag", "{}"): "Structural tag must have a format field",
}


def test_a_bad_grammar_is_refused_in_words_about_it_without_places_of_the_library() -> None:
    async def scenario() -> None:
        async with opened() as checker:
            for grammar, fact in FACTS.items():
                with pytest.raises(GrammarRefused) as caught:
                    await checker.check(grammar)
                assert str(caught.value).endswith(fact)
                assert "/" not in str(caught.value)
            await checker.check(DIGITS)
            assert starts(checker) == 1  # the process is as good as before

    bounded(scenario)


def test_a_grammar_that_takes_too_long_ends_its_process_and_the_next_check_has_another() -> None:
    async def scenario() -> None:
        async with opened(limits=CheckerLimits(seconds=0.5, clock_factor=100)) as checker:
            await checker.check(DIGITS)
            pid = checker.pid
            assert pid is not None
            with pytest.raises(GrammarTimeout, match="more than 0.5 s"):
                await checker.check(SLOW)
            assert is_gone(pid)
            assert await verdicts(checker, Grammar("regex", "a|b"), SLOW) == ["good", "GrammarTimeout"]
            assert starts(checker) == 2  # the second time, what was found is remembered

    bounded(scenario)


def test_a_grammar_that_kills_its_process_twice_is_refused() -> None:
    async def scenario() -> None:
        async with opened() as checker:
            with pytest.raises(GrammarRefused, match="ends the process that compiles it"):
                await checker.check(DEADLY)
            assert await verdicts(checker, DIGITS) == ["good"]
            assert starts(checker) == 3

    bounded(scenario)


def test_what_ovpipe_finds_itself_ends_no_process() -> None:
    async def scenario() -> None:
        async with opened() as checker:
            for text, fact in ((NESTED, "nested too deeply"), ("root ::= root", "no text matches 'root'")):
                with pytest.raises(GrammarRefused, match=fact):
                    await checker.check(Grammar("ebnf", text))
            assert starts(checker) == 1

    bounded(scenario)


def test_a_process_that_has_kept_too_many_grammars_is_replaced_between_two_checks() -> None:
    async def scenario() -> None:
        async with opened(limits=CheckerLimits(kept_mebibytes=1)) as checker:
            grammars = [Grammar("regex", f"{number}[a-f]") for number in range(3)]
            assert set(await verdicts(checker, *grammars)) == {"good"}
            assert starts(checker) > 1

    bounded(scenario)


@pytest.mark.slow
def test_a_grammar_that_takes_too_much_memory_ends_with_its_process() -> None:
    async def scenario() -> None:
        many = Grammar("ebnf", "root ::= " + " | ".join(f'"word{n}"' for n in range(8000)))
        async with opened(limits=CheckerLimits(mebibytes=48, seconds=1)) as checker:
            # The library's threads may wait for each other for ever once one of them got no memory.
            (word,) = await verdicts(checker, many)
            assert word in ("GrammarRefused", "GrammarTimeout")
            assert await verdicts(checker, DIGITS) == ["good"]
        async with opened() as checker:
            assert await verdicts(checker, many) == ["good"]

    bounded(scenario)


def test_a_process_that_is_killed_from_outside_costs_no_grammar_its_good_name() -> None:
    async def scenario() -> None:
        async with opened() as checker:
            await checker.check(DIGITS)
            assert checker.pid is not None
            check = asyncio.create_task(checker.check(SLOW))
            await asyncio.sleep(0)
            os.killpg(checker.pid, signal.SIGKILL)
            await until(lambda: starts(checker) == 2)
            assert await verdicts(checker, DIGITS) == ["good"]
            check.cancel()
            await asyncio.wait([check])

    bounded(scenario)


def test_the_process_is_started_by_the_first_check_unless_it_is_to_be_eager() -> None:
    async def scenario() -> None:
        async with opened() as lazy, opened(eager=True) as eager:
            await until(lambda: eager.pid is not None)
            assert lazy.pid is None
            assert starts(lazy) == 0

    bounded(scenario)


def test_what_was_found_is_found_again_without_a_check() -> None:
    async def scenario() -> None:
        async with opened() as checker:
            assert await verdicts(checker, DIGITS, BAD) == ["good", "GrammarRefused"]
            assert await verdicts(checker, DIGITS, BAD) == ["good", "GrammarRefused"]
            assert checker.metrics()["grammar_checks_total"] == 2
            assert checker.metrics()["grammar_refused_total"] == 1

    bounded(scenario)


def test_those_who_ask_for_the_same_at_the_same_time_share_one_check() -> None:
    async def scenario() -> None:
        async with opened() as checker:
            await asyncio.gather(*(checker.check(DIGITS) for _ in range(50)))
            assert checker.metrics()["grammar_checks_total"] == 1

    bounded(scenario)


def test_more_grammars_than_may_wait_are_turned_away() -> None:
    async def scenario() -> None:
        async with opened(limits=CheckerLimits(waiting=3)) as checker:
            checks = [checker.check(Grammar("regex", f"x{n}")) for n in range(5)]
            results = await asyncio.gather(*checks, return_exceptions=True)
            assert results[:3] == [None, None, None]
            assert [type(result) for result in results[3:]] == [GrammarUnavailable] * 2
            await checker.check(Grammar("regex", "x4"))

    bounded(scenario)


HOLDING = Grammar("regex", "sleep")
"""The fake process answers nothing to it, so it keeps its turn until the checker is closed."""


def test_a_grammar_that_waits_too_long_for_its_turn_is_turned_away() -> None:
    async def scenario() -> None:
        limits = CheckerLimits(seconds=600, waiting_seconds=0.05)
        async with opened(command=FAKE_HOST, limits=limits) as checker:
            holding = asyncio.create_task(checker.check(HOLDING, "a"))
            await asyncio.sleep(0)
            with pytest.raises(GrammarUnavailable, match=r"has waited 0.05 s to be checked") as caught:
                await checker.check(DIGITS, "b")
            assert caught.value.retry_after > 0
            assert not isinstance(caught.value, GrammarShareTaken)
            assert not holding.done(), "what has its turn is under another limit"
            assert checker.metrics()["grammar_turned_away_total"] == 1
        assert isinstance((await asyncio.gather(holding, return_exceptions=True))[0], GrammarUnavailable)

    bounded(scenario)


def test_a_client_has_its_share_of_the_places_and_leaves_the_others_to_others() -> None:
    async def scenario() -> None:
        limits = CheckerLimits(seconds=600, waiting=4, waiting_of_client=2)
        async with opened(command=FAKE_HOST, limits=limits) as checker:
            waiting = [asyncio.create_task(checker.check(HOLDING, "a"))]
            await until(lambda: checker.pid is not None)
            waiting.append(asyncio.create_task(checker.check(Grammar("regex", "a1"), "a")))
            await asyncio.sleep(0)
            for number in range(80):
                with pytest.raises(GrammarShareTaken):
                    await checker.check(Grammar("regex", f"a{number + 2}"), "a")
            waiting += [asyncio.create_task(checker.check(Grammar("regex", f"b{n}"), "b")) for n in range(2)]
            await asyncio.sleep(0)
            with pytest.raises(GrammarUnavailable, match="4 grammars wait") as caught:
                await checker.check(DIGITS, "c")
            assert not isinstance(caught.value, GrammarShareTaken)
            assert checker.metrics()["grammar_turned_away_total"] == 81
            waiting.append(asyncio.create_task(checker.check(Grammar("regex", "b0"), "a")))
            await asyncio.sleep(0)
            assert not waiting[-1].done(), (
                "a check that another client has begun is shared, and takes no place"
            )
        await asyncio.gather(*waiting, return_exceptions=True)

    bounded(scenario)


def test_many_grammars_of_one_client_keep_another_s_waiting_for_one_of_them_alone() -> None:
    async def scenario() -> None:
        async with opened(command=FAKE_HOST) as checker:
            many = [asyncio.create_task(checker.check(Grammar("regex", f"a{n}"), "a")) for n in range(30)]
            await asyncio.sleep(0)
            await checker.check(DIGITS, "b")
            assert checker.metrics()["grammar_checks_total"] == 2
            await asyncio.gather(*many)

    bounded(scenario)


def test_who_has_left_does_not_keep_others_waiting() -> None:
    async def scenario() -> None:
        async with opened(limits=CheckerLimits(waiting=2)) as checker:
            begun = asyncio.create_task(checker.check(DIGITS))
            waiting = asyncio.create_task(checker.check(BAD))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
            await checker.check(Grammar("regex", "a|b"))
            await begun
            assert checker.metrics()["grammar_checks_total"] == 2

    bounded(scenario)


def test_a_check_that_has_begun_is_finished_for_those_who_come_later() -> None:
    async def scenario() -> None:
        async with opened() as checker:
            await checker.check(DIGITS)
            left = asyncio.create_task(checker.check(BAD))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            left.cancel()
            await asyncio.wait([left])
            assert left.cancelled()
            await until(lambda: checker.metrics()["grammar_checks_total"] == 2)

    bounded(scenario)


def test_who_comes_when_another_leaves_gets_a_check_of_their_own() -> None:
    async def scenario() -> None:
        async with opened(command=FAKE_HOST) as checker:
            busy = asyncio.create_task(checker.check(DIGITS))
            leaving = asyncio.create_task(checker.check(BAD))
            await asyncio.sleep(0)
            leaving.cancel()
            coming = asyncio.create_task(checker.check(BAD))
            await asyncio.wait([leaving])
            await asyncio.sleep(0)
            await checker.check(BAD)  # shares what the one before began
            await asyncio.gather(coming, busy)
            assert checker.metrics()["grammar_checks_total"] == 2

    bounded(scenario)


def test_a_process_that_gets_no_computing_time_costs_no_grammar_its_good_name() -> None:
    async def scenario() -> None:
        stopped: set[int] = set()

        async def stop() -> None:
            while True:
                if checker.pid not in {None, *stopped}:
                    assert checker.pid is not None
                    os.kill(checker.pid, signal.SIGSTOP)
                    stopped.add(checker.pid)
                await asyncio.sleep(0)

        async with opened(command=FAKE_HOST, limits=CheckerLimits(seconds=0.1)) as checker:
            stopping = asyncio.create_task(stop())
            with pytest.raises(GrammarUnavailable, match="hardly any computing time"):
                await checker.check(DIGITS)
            stopping.cancel()
            await asyncio.wait([stopping])
            assert len(stopped) >= 2
            for pid in stopped:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            await checker.check(DIGITS)

    bounded(scenario)


@pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")
def test_a_process_that_waits_for_itself_is_not_waited_for() -> None:
    async def scenario() -> None:
        async with opened(command=FAKE_HOST, limits=CheckerLimits(seconds=0.1)) as checker:
            with pytest.raises(GrammarRefused, match="blocks the process that compiles it"):
                await checker.check(Grammar("regex", "sleep"))
            await checker.check(DIGITS)
            assert starts(checker) == 3

    bounded(scenario)


def test_where_nobody_can_tell_how_long_it_computed_the_clock_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    spinning = Grammar("regex", "spin")  # for 0.4 s
    limits = CheckerLimits(seconds=0.3, clock_factor=100)

    async def scenario(at_first: float) -> None:
        told = defaultdict[int, Iterator[float]](lambda: chain([at_first], repeat(math.inf)))
        monkeypatch.setattr("ovpipe.engines.grammars.trials.cpu_seconds", lambda pid: next(told[pid]))
        async with opened(command=FAKE_HOST, limits=limits) as checker:
            await checker.check(spinning)

    with pytest.raises(GrammarTimeout):
        bounded(lambda: scenario(math.inf))  # a system without /proc
    bounded(lambda: scenario(0.0))  # a process just gone: that will show


def test_a_process_that_ends_by_itself_again_and_again_is_started_less_often(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario() -> None:
        backoff = Backoff(first=0.1)
        async with opened(command=FAKE_HOST, eager=True, backoff=backoff) as checker:
            for check_first in (False, False, True):
                await until(lambda: checker.pid is not None)
                assert checker.pid is not None
                if check_first:
                    await checker.check(DIGITS)
                os.kill(checker.pid, signal.SIGKILL)
                await until(lambda: checker.pid is None)
            await until(lambda: checker.pid is not None)

    bounded(scenario)
    said = [record.message.rpartition("; ")[2] for record in caplog.records]
    assert said == ["it is started again in 0.1 s", "it is started again in 0.2 s", "another is started"]


def test_a_start_that_is_broken_off_leaves_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    async def scenario() -> None:
        async with opened(eager=True):
            await until(lambda: any(tmp_path.glob("*/*")))

    bounded(scenario)
    assert not list(tmp_path.iterdir())


def test_a_folder_for_its_files_that_cannot_be_made_is_no_other_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nonexistent")

    async def scenario() -> None:
        async with opened(command=FAKE_HOST) as checker:
            with pytest.raises(GrammarUnavailable, match="could not be started: .*/nonexistent"):
                await checker.check(DIGITS)

    bounded(scenario)


def test_a_fault_in_the_keeper_is_logged_and_another_start_is_tried(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with opened(command=FAKE_HOST, backoff=Backoff(first=0.01, cap=0.01)) as checker:
            with monkeypatch.context() as patched:
                patched.setattr("tempfile.tempdir", 5)  # which no code foresees
                with pytest.raises(GrammarUnavailable, match="was given up: TypeError"):
                    await checker.check(DIGITS)
            await until(lambda: checker.pid is not None)
            await checker.check(DIGITS)

    bounded(scenario)
    assert "its keeper failed\nTraceback" in caplog.text


def test_a_checker_that_cannot_start_says_when_to_try_again() -> None:
    async def scenario() -> None:
        slow = Backoff(first=20)
        async with opened(command=NEVER_READY, backoff=slow) as checker:
            with pytest.raises(GrammarUnavailable, match="exited with status 1") as caught:
                await checker.check(DIGITS)
            assert 10 < caught.value.retry_after <= 20
            with pytest.raises(GrammarUnavailable):  # at once, and not after the twenty seconds
                await checker.check(DIGITS)

    bounded(scenario)


def test_a_program_that_is_not_there_is_no_other_case() -> None:
    async def scenario() -> None:
        for program in ("/nonexistent", "no\0name"):
            async with opened(command=HostCommand((program,))) as checker:
                with pytest.raises(GrammarUnavailable, match="could not be started"):
                    await checker.check(DIGITS)

    bounded(scenario)


def test_a_checker_that_could_not_start_is_there_once_it_can(tmp_path: Path) -> None:
    async def scenario() -> None:
        flag = tmp_path / "may start"
        code = (
            f"import pathlib, runpy; assert pathlib.Path({str(flag)!r}).exists(); "
            "runpy.run_module('ovpipe.engines.genai.grammar_host', run_name='__main__')"
        )
        async with opened(
            command=HostCommand((sys.executable, "-c", code)), backoff=Backoff(first=0.05)
        ) as checker:
            assert await verdicts(checker, DIGITS) == ["GrammarUnavailable"]
            flag.touch()
            await until(lambda: checker.pid is not None)
            assert await verdicts(checker, DIGITS) == ["good"]

    bounded(scenario)


def test_closing_ends_the_process_and_the_waiting() -> None:
    async def scenario() -> None:
        async with opened() as checker:
            await checker.check(DIGITS)
            pid = checker.pid
            assert pid is not None
            waiting = asyncio.create_task(checker.check(SLOW))
            await asyncio.sleep(0.05)
            await checker.close()
            with pytest.raises(GrammarUnavailable, match="is closed"):
                await waiting
            assert is_gone(pid)
            with pytest.raises(GrammarUnavailable, match="is closed"):
                await checker.check(Grammar("regex", "q"))

    bounded(scenario)


def test_a_checker_that_was_never_asked_is_closed_without_ado() -> None:
    async def scenario() -> None:
        async with opened() as checker:
            pass
        assert checker.pid is None
        with pytest.raises(GrammarUnavailable, match="is closed"):
            await checker.check(Grammar("regex", "q"))

    bounded(scenario)
