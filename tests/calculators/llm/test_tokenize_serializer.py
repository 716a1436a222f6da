"""TokenizeSerializerCalculator: tokens and texts as vLLM writes them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from ovpipe.calculators.llm.packets import Prompt, Prompts
from ovpipe.calculators.llm.token_routes.requests import DetokenizeRequest, TokenizeCompletionRequest
from ovpipe.calculators.llm.token_routes.texts import DECODED_AT_ONCE
from ovpipe.calculators.llm.tokenize_serializer import MOST_AT_ONCE, TokenizeSerializerCalculator
from ovpipe.errors import RequestError, RunError
from ovpipe.http import ResponseBody, ResponseStart
from ovpipe.testing import CalculatorRunner
from ovpipe.testing.fakes import FAKE_ENGINE_INFO, FakeEngine, FakeTokenizer


def answer(**inputs: Any) -> tuple[dict[str, str], Any]:
    """Headers and body."""
    node = TokenizeSerializerCalculator
    out = CalculatorRunner(node()).run(tokenizer=FakeTokenizer(), **inputs)
    start, body = out[node.response]
    assert isinstance(start, ResponseStart)
    assert isinstance(body, ResponseBody)
    assert (start.status, start.headers["content-type"]) == (200, "application/json")
    assert start.headers["content-length"] == str(len(body.data))
    return dict(start.headers), json.loads(body.data)


def tokenized(tokens: list[int], engine: FakeEngine | None = None, **parameters: Any) -> Any:
    request = TokenizeCompletionRequest(id="1", created=1, prompts=("x",), **parameters)
    side = {} if engine is None else {"engine": engine}
    return answer(request=[request], prompts=[Prompts((Prompt(tuple(tokens)),))], **side)[1]


def detokenized(tokens: list[int]) -> Any:
    return answer(detokenize=[DetokenizeRequest(tokens=tuple(tokens))])[1]


def test_tokens_are_counted_and_shown() -> None:
    assert tokenized([72, 105]) == {"count": 2, "max_model_len": 2048, "tokens": [72, 105]}
    assert tokenized([]) == {"count": 0, "max_model_len": 2048, "tokens": []}


def test_names_of_tokens_come_when_they_are_wanted() -> None:
    assert tokenized([72, FakeTokenizer.EOS], return_token_strs=True)["token_strs"] == ["<0x48>", "<eos>"]


def test_an_engine_whose_cache_is_smaller_than_the_context_says_how_long_a_prompt_may_be() -> None:
    small = msgspec.structs.replace(FAKE_ENGINE_INFO, num_kv_blocks=2, block_size=32)
    assert tokenized([72], FakeEngine([], info=small))["max_model_len"] == 64


def test_ids_become_a_text_special_tokens_included() -> None:
    assert detokenized([*"né".encode(), FakeTokenizer.EOS]) == {"prompt": "né<eos>"}
    assert detokenized([]) == {"prompt": ""}
    assert detokenized([0xC3]) == {"prompt": "\ufffd"}


def test_a_character_between_two_parts_of_a_long_list_is_whole() -> None:
    text = "a" * (DECODED_AT_ONCE - 1) + "é" * MOST_AT_ONCE
    assert detokenized(list(text.encode())) == {"prompt": text}


def test_an_id_beyond_the_vocabulary_is_named_by_its_path() -> None:
    with pytest.raises(RunError) as caught:
        detokenized([72, 258])
    error = caught.value.__cause__
    assert isinstance(error, RequestError)
    assert (error.status, error.code, error.param) == (400, "invalid_value", "tokens[1]")
    assert "from 0 to 257" in error.message


def test_parameters_without_effect_are_named_in_a_header() -> None:
    request = TokenizeCompletionRequest(id="1", created=1, prompts=("x",), ignored=("seed",))
    headers, _ = answer(request=[request], prompts=[Prompts((Prompt((1,)),), ignored=("tools",))])
    assert headers["x-ovpipe-ignored-parameters"] == "seed, tools"
