"""What the benchmark with a real model makes of its figures."""

from __future__ import annotations

import pytest

from tests.benchmarks.real.turns import Answers, Load, Ratio, Turn, percentile, ratio_of, row_of

LOAD = Load(streams=2, requests=2, prompt_tokens=128, tokens=5)


def answers(**other: object) -> Answers:
    """Two answers of five tokens: the first after 0.5 and 1 s, then one each 0.1 and 0.2 s."""
    fields: dict[str, object] = {
        "seconds": 2.0,
        "first": [0.5, 1.0],
        "last": [0.9, 1.8],
        "prompt_tokens": [128, 128],
        "tokens": [5, 5],
        "events": [6, 7],
    }
    return Answers(**(fields | other))  # type: ignore[arg-type]  # fields by their names


def test_a_turn_is_all_tokens_of_all_streams_by_its_seconds() -> None:
    turn = Turn(answers(), processor=0.5, memory=300_000_000, ready=2.5)

    assert turn.rate == 5.0
    assert turn.processor_per_thousand == 50.0
    assert turn.token_seconds == pytest.approx([0.1, 0.2])


def test_a_ratio_is_the_rounds_in_the_middle_with_the_lowest_and_the_highest() -> None:
    ratio = ratio_of([30.0, 40.0, 10.0], [20.0, 20.0, 10.0])

    assert ratio == Ratio(median=1.5, lowest=1.0, highest=2.0)
    assert str(ratio) == "1.50 (1.00 to 2.00)"


def test_rounds_that_one_server_lacks_are_no_ratio() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio_of([30.0, 40.0], [20.0])


def test_percentiles_are_values_that_were_measured() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([3.0, 1.0, 2.0], 0.99) == 3.0
    assert percentile([float(value) for value in range(1, 102)], 0.99) == 100.0


def test_a_row_has_medians_of_the_turns_and_percentiles_of_the_requests() -> None:
    slow = answers(seconds=4.0, first=[2.0, 3.0], last=[2.8, 3.8])
    turns = [Turn(answers(), 0.5, 300_000_000, 2.5), Turn(slow, 0.7, 310_000_000, 3.5)]

    row = row_of(2, "a server", turns, Ratio(1.5, 1.0, 2.0))

    assert row == [
        "2",
        "a server",
        "3.8",
        "2,000",
        "3,000",
        "200.0",
        "60.0",
        "305",
        "3.0",
        "1.50 (1.00 to 2.00)",
    ]


@pytest.mark.parametrize("wrong", [{"tokens": [5, 4]}, {"prompt_tokens": [128, 127]}, {"tokens": [5]}])
def test_answers_of_another_length_than_asked_are_no_turn(wrong: dict[str, list[int]]) -> None:
    with pytest.raises(ValueError, match="the server counts prompts of"):
        answers(**wrong).check(LOAD)


def test_tokens_that_are_counted_but_not_sent_are_no_turn() -> None:
    answers().check(LOAD)
    with pytest.raises(ValueError, match=r"counts 5 tokens an answer, and sent \[6, 3\] events"):
        answers(events=[6, 3]).check(LOAD)
