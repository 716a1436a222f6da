"""What a request says of single tokens, in the engine's form."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ovpipe.calculators.llm.generation.token_limits import allowed_of, bad_words_of, bias_of
from ovpipe.calculators.llm.packets import CompletionRequest
from ovpipe.errors import RequestError
from ovpipe.testing.fakes import FakeTokenizer


def words(*said: str, tokenizer: Any = None) -> tuple[tuple[int, ...], ...]:
    request = CompletionRequest(id="1", created=0, prompts=("a",), bad_words=said)
    return asyncio.run(bad_words_of(request, tokenizer))


def test_a_bias_is_by_token() -> None:
    assert bias_of({"0": 1.5, "17": -100}, 20) == {0: 1.5, 17: -100}


@pytest.mark.parametrize("bias", [{"20": 1.0}, {"-1": 1.0}, {"a": 1.0}, {"1_0": 1.0}, {"٣": 1.0}, {"": 1.0}])
def test_a_bias_of_what_is_no_token_is_refused(bias: dict[str, float]) -> None:
    with pytest.raises(RequestError, match="token ids from 0 to 19") as refused:
        bias_of(bias, 20)
    assert (refused.value.status, refused.value.param) == (400, "logit_bias")


@pytest.mark.parametrize("value", [100.5, -101])
def test_a_bias_beyond_a_hundred_is_refused(value: float) -> None:
    with pytest.raises(RequestError, match="from -100 to 100"):
        bias_of({"1": value}, 20)


def test_the_allowed_tokens_are_those_of_the_model() -> None:
    assert allowed_of(None, 20) is None
    assert allowed_of((3, 19), 20) == (3, 19)
    for wrong in ((), (20,)):
        with pytest.raises(RequestError, match="at least one token id, each from 0 to 19"):
            allowed_of(wrong, 20)


def test_a_word_is_forbidden_at_the_start_and_after_a_blank() -> None:
    assert words("no", " so", tokenizer=FakeTokenizer()) == (
        tuple(b"no"),
        tuple(b" no"),
        tuple(b" so"),
    )


def test_blanks_are_no_words_and_need_no_tokenizer() -> None:
    assert words("", "  ") == words() == ()


def test_words_without_a_tokenizer_are_refused() -> None:
    with pytest.raises(RequestError, match="needs a tokenizer") as refused:
        words("no")
    assert refused.value.param == "bad_words"
