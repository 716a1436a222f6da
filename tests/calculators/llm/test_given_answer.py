"""GivenAnswerCalculator: what a client gives as an answer, as a model would have written it."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovpipe.calculators.llm.given_answer import CHARACTERS_AT_ONCE, TOKENS_AT_ONCE, GivenAnswerCalculator
from ovpipe.calculators.llm.packets import TextDelta
from ovpipe.calculators.llm.token_routes.requests import ParseRequest
from ovpipe.errors import RequestError, RunError
from ovpipe.testing import CalculatorRunner
from ovpipe.testing.fakes import FakeTokenizer


class ControlledTokenizer(FakeTokenizer):
    """One whose control tokens can be found in a text."""

    control_tokens: Any = re.compile("<eos>|<bos>")


def deltas(**fields: Any) -> list[TextDelta]:
    node = GivenAnswerCalculator
    request = ParseRequest(id="1", created=1, **fields)
    return CalculatorRunner(node()).run(request=[request], tokenizer=ControlledTokenizer())[node.text]


def specials(found: list[TextDelta]) -> list[str]:
    return [one.text[begin:end] for one in found for begin, end in one.specials]


def test_a_text_ends_with_its_finish_and_without_the_token_that_ended_it() -> None:
    found = deltas(pieces=("a<bos>b<eos>",))
    assert [one.text for one in found] == ["a<bos>b", ""]
    assert specials(found) == ["<bos>"]
    assert [(one.finish, one.end) for one in found] == [(None, ""), ("stop", "<eos>")]
    cut_off = deltas(pieces=("a<eos>",), finish_reason="length")
    assert ("".join(one.text for one in cut_off), cut_off[-1].finish) == ("a<eos>", "length")
    assert [(one.text, one.finish) for one in deltas(pieces=())] == [("", "stop")]


def test_a_long_piece_comes_bit_by_bit() -> None:
    found = deltas(pieces=("x" * (2 * CHARACTERS_AT_ONCE + 1),))
    assert [len(one.text) for one in found] == [CHARACTERS_AT_ONCE, CHARACTERS_AT_ONCE, 1, 0]


@given(
    st.lists(st.sampled_from(["<eos>", "<bos>", "<", "a", "bos>"]), max_size=6).map("".join),
    st.lists(st.integers(0, 30), max_size=6).map(sorted),
    st.sampled_from(["stop", "length"]),
)
def test_no_cut_parts_a_control_token_and_nothing_is_lost(text: str, cuts: list[int], finish: str) -> None:
    pieces = tuple(text[begin:end] for begin, end in pairwise([0, *cuts, max(30, len(text))]))
    found = deltas(pieces=pieces, finish_reason=finish)
    assert "".join(one.text for one in found) + found[-1].end == text
    assert specials(found) == re.findall("<eos>|<bos>", text.removesuffix(found[-1].end))


def test_ids_become_text_and_the_last_one_is_the_end_where_it_ends_sequences() -> None:
    found = deltas(token_ids=(*"né".encode(), FakeTokenizer.BOS, FakeTokenizer.EOS))
    assert [one.text for one in found] == ["né<bos>", ""]
    assert (found[-1].finish, found[-1].end, found[-1].completion_tokens) == ("stop", "<eos>", 5)
    open_end = deltas(token_ids=tuple(b"hi"))
    assert ["".join(one.text for one in open_end), open_end[-1].end] == ["hi", ""]
    many = deltas(token_ids=(65,) * (TOKENS_AT_ONCE + 1))
    assert [len(one.text) for one in many] == [TOKENS_AT_ONCE, 1, 0]


def test_an_id_beyond_the_vocabulary_is_named_by_its_path() -> None:
    with pytest.raises(RunError) as raised:
        deltas(token_ids=(65, 258))
    error = raised.value.__cause__
    assert isinstance(error, RequestError)
    assert (error.status, error.param) == (400, "token_ids[1]")
