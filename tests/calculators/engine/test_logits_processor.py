"""What all logits processors have in common: who uses one, and what becomes of a row that it fails over."""

from __future__ import annotations

import logging

import msgspec
import numpy as np
import pytest

from ovpipe.calculator import Context
from ovpipe.calculators.engine.logits_processor import LogitsProcessor
from ovpipe.calculators.engine.packets import Batch, BatchRow, Logits, LogitsRow
from ovpipe.engines.messages import Refused
from ovpipe.engines.protocol import RequestRefused
from ovpipe.testing import CalculatorRunner
from tests.calculators.engine.rows import logits, row

FLAT = [0.0] * 8


class AddOne(LogitsProcessor):
    """Adds one to the rows of requests with a priority; 2 refuses, 3 fails, 4 leaves the row as it is."""

    def uses(self, row: BatchRow) -> bool:
        return row.request.priority > 0

    def process_row(self, cx: Context, row: BatchRow, logits: LogitsRow) -> LogitsRow | None:
        match row.request.priority:
            case 2:
                raise RequestRefused("not with me")
            case 3:
                raise ZeroDivisionError
            case 4:
                return None
        return logits + 1


def processed(*rows: BatchRow, given: Logits | None = None) -> Logits:
    out = CalculatorRunner(AddOne()).run(batch=[Batch(rows)], logits=[given or logits(*[FLAT for _ in rows])])
    (found,) = out[AddOne.processed]
    return found


def test_only_rows_that_use_it_are_changed() -> None:
    found = processed(row(id=1), row(id=2, priority=1), row(id=3, priority=4))
    assert set(found.changed) == {1}
    assert found.row(1).tolist() == [1.0] * 8
    assert found.refused == {}


def test_a_row_that_it_refuses_or_fails_over_is_told_apart_and_the_others_are_processed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        found = processed(row(id=1, priority=2), row(id=2, priority=3), row(id=3, priority=1))
    assert found.refused[0] == Refused(1, "not with me")
    assert found.refused[1].failed
    assert "of the engine's graph failed over it" in found.refused[1].message
    assert set(found.changed) == {2}
    assert "failed over request 2" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_it_does_not_look_at_what_another_has_refused() -> None:
    why = Refused(1, "gone")
    found = processed(row(id=1, priority=3), given=logits(FLAT).without({0: why}))
    assert found.refused == {0: why}


class FirstForbidden(LogitsProcessor):
    """Forbids token 0 in a copy of each row."""

    def process_row(self, cx: Context, row: BatchRow, logits: LogitsRow) -> LogitsRow | None:
        found = self.copy_of(logits)
        found[0] = -np.inf
        return found


def test_each_row_of_a_step_has_a_copy_of_its_own_and_the_next_step_has_their_memory() -> None:
    given = [logits([1.0] * 8, [2.0] * 8), logits([3.0] * 8), logits([4.0] * 8, [5.0] * 8)]
    batches = [Batch((row(id=1), row(id=2))), Batch((row(id=1),)), Batch((row(id=1), row(id=2)))]
    seen: list[list[float]] = []

    class Looks(FirstForbidden):
        """Keeps what it made of a step before the next step takes the memory."""

        def process_row(self, cx: Context, row: BatchRow, logits: LogitsRow) -> LogitsRow | None:
            found = super().process_row(cx, row, logits)
            assert found is not None
            seen.append(found.tolist())
            return found

    out = CalculatorRunner(Looks()).run(batch=batches, logits=given)
    assert seen == [[-np.inf, *[value] * 7] for value in (1.0, 2.0, 3.0, 4.0, 5.0)]
    first, second, third = out[Looks.processed]
    assert not np.shares_memory(first.row(0), first.row(1))
    assert np.shares_memory(first.row(0), second.row(0))
    assert np.shares_memory(second.row(0), third.row(0))
    assert not np.shares_memory(first.row(1), third.row(1)), "what a smaller step did not need was let go of"
    assert [one.raw.tolist()[0][0] for one in given] == [1.0, 3.0, 4.0]


def test_a_row_behind_a_guess_is_refused_for_itself_and_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    text, guessed = row(id=1, priority=1), msgspec.structs.replace(row(id=1, priority=3), accepted=1)
    with caplog.at_level(logging.ERROR):
        found = processed(text, guessed)
    assert (set(found.changed), set(found.refused)) == ({0}, {1})
    assert not caplog.text
