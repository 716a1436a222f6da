"""DetokenizerCalculator: one text for each delta."""

from __future__ import annotations

import pytest

from ovpipe.calculators.llm.detokenizer import DetokenizerCalculator
from ovpipe.calculators.llm.packets import TextDelta, TokenDelta
from ovpipe.packet import Packet
from ovpipe.testing import CalculatorRunner
from ovpipe.testing.fakes import FakeTokenizer
from ovpipe.timestamp import Timestamp


def run(*deltas: TokenDelta) -> list[TextDelta]:
    out = CalculatorRunner(DetokenizerCalculator()).run(deltas=deltas, tokenizer=FakeTokenizer())
    return out[DetokenizerCalculator.text]


def test_gives_a_text_for_each_delta() -> None:
    assert run(TokenDelta((104,), 1, 7), TokenDelta((105,), 2, 7, "length")) == [
        TextDelta("h", 1, 7),
        TextDelta("i", 2, 7, "length"),
    ]


def test_keeps_the_timestamps() -> None:
    packet = Packet(TokenDelta((104,), 1, 7), Timestamp(41))
    out = CalculatorRunner(DetokenizerCalculator()).run(deltas=[packet], tokenizer=FakeTokenizer())
    assert [sent.timestamp for sent in out.packets(DetokenizerCalculator.text)] == [41]


def test_never_gives_half_a_character() -> None:
    first, second = "é".encode()
    assert run(TokenDelta((first,), 1, 7), TokenDelta((second,), 2, 7)) == [
        TextDelta("", 1, 7),
        TextDelta("é", 2, 7),
    ]


def test_the_end_brings_what_was_never_completed() -> None:
    first = "é".encode()[0]
    assert run(TokenDelta((first,), 1, 7, "length")) == [TextDelta("\ufffd", 1, 7, "length")]


@pytest.mark.parametrize("last", [FakeTokenizer.EOS, ord("!")])
def test_the_token_that_ended_the_sequence_is_not_shown(last: int) -> None:
    # Special or not: models name ordinary tokens as their end, too.
    assert run(TokenDelta((104,), 1, 7), TokenDelta((last,), 2, 7, "stop"))[1] == TextDelta("", 2, 7, "stop")


def test_special_tokens_are_not_shown() -> None:
    assert run(TokenDelta((FakeTokenizer.EOS,), 1, 7), TokenDelta((104,), 2, 7)) == [
        TextDelta("", 1, 7),
        TextDelta("h", 2, 7),
    ]


def test_says_where_each_of_several_tokens_ended() -> None:
    deltas = TokenDelta((*"aéb".encode(), FakeTokenizer.EOS), 5, 7, "stop")
    assert run(deltas) == [TextDelta("aéb", 5, 7, "stop", ends=(1, 1, 2, 3, 3))]


def test_choices_do_not_mix() -> None:
    first, second = "é".encode()
    assert run(
        TokenDelta((first,), 1, 7, choice=0),
        TokenDelta((104,), 1, 7, choice=1),
        TokenDelta((105,), 1, 7, prompt=1),
        TokenDelta((second,), 2, 7, choice=0),
    ) == [
        TextDelta("", 1, 7, choice=0),
        TextDelta("h", 1, 7, choice=1),
        TextDelta("i", 1, 7, prompt=1),
        TextDelta("é", 2, 7, choice=0),
    ]
