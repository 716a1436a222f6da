"""DetokenizerCalculator: one text for each delta."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ovpipe.calculators.llm.detokenizer import DetokenizerCalculator
from ovpipe.calculators.llm.packets import CompletionRequest, TextDelta, TokenDelta
from ovpipe.engines.protocol import Token
from ovpipe.packet import Packet
from ovpipe.testing import CalculatorRunner
from ovpipe.testing.fakes import FakeTokenizer
from ovpipe.timestamp import Timestamp
from tests.tokens import tokens


def run(*deltas: TokenDelta) -> list[TextDelta]:
    """What comes of the deltas; the tokens, which are handed on as they are, are left out."""
    out = CalculatorRunner(DetokenizerCalculator()).run(deltas=deltas, tokenizer=FakeTokenizer())
    texts = out[DetokenizerCalculator.text]
    assert [text.tokens for text in texts] == [delta.tokens for delta in deltas]
    return [msgspec.structs.replace(text, tokens=()) for text in texts]


def test_gives_a_text_for_each_delta() -> None:
    assert run(TokenDelta((Token(104),), 1, 7), TokenDelta((Token(105),), 2, 7, "length")) == [
        TextDelta("h", 1, 7),
        TextDelta("i", 2, 7, "length"),
    ]


def test_keeps_the_timestamps() -> None:
    packet = Packet(TokenDelta((Token(104),), 1, 7), Timestamp(41))
    out = CalculatorRunner(DetokenizerCalculator()).run(deltas=[packet], tokenizer=FakeTokenizer())
    assert [sent.timestamp for sent in out.packets(DetokenizerCalculator.text)] == [41]


def test_never_gives_half_a_character() -> None:
    first, second = "é".encode()
    assert run(TokenDelta((Token(first),), 1, 7), TokenDelta((Token(second),), 2, 7)) == [
        TextDelta("", 1, 7),
        TextDelta("é", 2, 7),
    ]


def test_the_end_brings_what_was_never_completed() -> None:
    first = "é".encode()[0]
    assert run(TokenDelta((Token(first),), 1, 7, "length")) == [TextDelta("\ufffd", 1, 7, "length")]


@pytest.mark.parametrize(("last", "end"), [(FakeTokenizer.EOS, "<eos>"), (ord("!"), "!")])
def test_the_token_that_ended_the_sequence_stands_beside_the_text(last: int, end: str) -> None:
    # Special or not: models name ordinary tokens as their end, too.
    ended = run(TokenDelta((Token(104),), 1, 7), TokenDelta((Token(last),), 2, 7, "stop"))[1]
    assert ended == TextDelta("", 2, 7, "stop", end=end)


def test_special_tokens_stand_in_the_text_and_are_marked() -> None:
    assert run(
        TokenDelta((Token(FakeTokenizer.EOS),), 1, 7),
        TokenDelta((Token(104), Token(FakeTokenizer.BOS), Token(105)), 4, 7),
    ) == [
        TextDelta("<eos>", 1, 7, specials=((0, 5),)),
        TextDelta("h<bos>i", 4, 7, ends=(1, 6, 7), specials=((1, 6),)),
    ]


def test_a_request_that_shows_special_tokens_gets_a_space_between_two_of_them() -> None:
    def text(**wishes: Any) -> str:
        request = CompletionRequest(id="1", created=1, model="m", prompts=("p",), **wishes)
        deltas = [TokenDelta(tuple(tokens(FakeTokenizer.EOS, FakeTokenizer.BOS, 104)), 3, 7)]
        out = CalculatorRunner(DetokenizerCalculator()).run(
            request=[request], deltas=deltas, tokenizer=FakeTokenizer()
        )
        return out[DetokenizerCalculator.text][0].text

    assert text() == "<eos><bos>h"  # what parses the text wants it as it is
    assert text(skip_special_tokens=False) == "<eos> <bos>h"
    assert text(skip_special_tokens=False, spaces_between_special_tokens=False) == "<eos><bos>h"


def test_a_request_that_wants_no_text_gets_the_tokens() -> None:
    request = CompletionRequest(id="1", created=1, model="m", prompts=("p",), detokenize=False)
    deltas = [TokenDelta((Token(104, -0.5), Token(105, -1.5)), 2, 7)]
    out = CalculatorRunner(DetokenizerCalculator()).run(
        request=[request], deltas=deltas, tokenizer=FakeTokenizer()
    )
    (delta,) = out[DetokenizerCalculator.text]
    assert (delta.text, delta.tokens) == ("", (Token(104, -0.5), Token(105, -1.5)))


def test_says_where_each_of_several_tokens_ended() -> None:
    deltas = TokenDelta(tuple(tokens(*"aéb".encode(), FakeTokenizer.EOS)), 5, 7, "stop")
    assert run(deltas) == [TextDelta("aéb", 5, 7, "stop", ends=(1, 1, 2, 3, 3), end="<eos>")]


def test_choices_do_not_mix() -> None:
    first, second = "é".encode()
    assert run(
        TokenDelta((Token(first),), 1, 7, choice=0),
        TokenDelta((Token(104),), 1, 7, choice=1),
        TokenDelta((Token(105),), 1, 7, prompt=1),
        TokenDelta((Token(second),), 2, 7, choice=0),
    ) == [
        TextDelta("", 1, 7, choice=0),
        TextDelta("h", 1, 7, choice=1),
        TextDelta("i", 1, 7, prompt=1),
        TextDelta("é", 2, 7, choice=0),
    ]


def test_a_second_request_in_one_run_begins_a_new_text() -> None:
    first, second = "\u00e9".encode()
    requests = [
        CompletionRequest(id="1", created=1, model="m", prompts=("p",), detokenize=False),
        CompletionRequest(id="2", created=1, model="m", prompts=("p",)),
    ]
    out = CalculatorRunner(DetokenizerCalculator()).run(
        request=requests,
        deltas=[TokenDelta((Token(first),), 1, 7), TokenDelta((Token(first), Token(second)), 2, 7)],
        tokenizer=FakeTokenizer(),
    )
    assert [delta.text for delta in out[DetokenizerCalculator.text]] == ["", "\u00e9"]
