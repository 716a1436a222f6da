"""RenderSerializerCalculator: what the engine would be asked, in vLLM's shape."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from ovpipe.calculators.llm.continuous_batching import ContinuousBatchingCalculator
from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest, Prompt, Prompts
from ovpipe.calculators.llm.render_serializer import RenderSerializerCalculator
from ovpipe.calculators.llm.token_routes.answers import RenderedRequest
from ovpipe.errors import RequestError, RunError
from ovpipe.http import ResponseBody, ResponseStart
from ovpipe.testing import CalculatorRunner
from ovpipe.testing.fakes import FakeEngine, FakeTokenizer
from tests.calculators.llm.asked import chat, completion

HI = Prompt(tuple(b"hi"))


def run(request: ChatRequest | CompletionRequest, *prompts: Prompt, ignored: tuple[str, ...] = ()) -> Any:
    """The headers and the body; the engine must not be asked for a token."""
    engine, node = FakeEngine([]), RenderSerializerCalculator
    out = CalculatorRunner(node()).run(
        request=[request], prompts=[Prompts(prompts, ignored)], tokenizer=FakeTokenizer(), engine=engine
    )
    start, body = out[node.response]
    assert isinstance(start, ResponseStart)
    assert isinstance(body, ResponseBody)
    assert engine.requests == []
    return start.headers, json.loads(body.data)


def test_a_chat_is_shown_as_one_request() -> None:
    request = chat(temperature=0.5, stop=["END"], stream=True, stream_options={"include_usage": True})
    _, shown = run(request, HI)
    msgspec.convert(shown, RenderedRequest)  # nothing besides
    assert (shown["request_id"], shown["model"]) == (request.id, "m")
    assert (shown["prompt_text"], shown["token_ids"]) == ("hi", [104, 105])
    assert (shown["sampling_params"]["temperature"], shown["sampling_params"]["stop"]) == (0.5, ["END"])
    assert shown["stream_options"] == {"include_usage": True, "continuous_usage_stats": False}


def test_completions_are_shown_one_for_each_prompt() -> None:
    _, shown = run(completion(prompt=["hi", "you"], n=2, max_tokens=0), HI, Prompt(tuple(b"you")))
    assert [one["prompt_text"] for one in shown] == ["hi", "you"]
    assert {(one["sampling_params"]["n"], one["sampling_params"]["max_tokens"]) for one in shown} == {(2, 0)}
    assert (shown[0]["stream"], shown[0]["stream_options"]) == (False, None)


def test_what_is_shown_is_what_the_engine_gets() -> None:
    request = chat(temperature=0.5, top_p=0.25, seed=7, min_tokens=2, max_tokens=9, stop_token_ids=[3])
    engine = FakeEngine([FakeTokenizer.EOS])
    CalculatorRunner(ContinuousBatchingCalculator()).run(
        request=[request], prompts=[Prompts((HI,))], engine=engine
    )
    ((tokens, sampling),) = engine.requests
    _, shown = run(request, HI)
    assert shown["token_ids"] == tokens
    asked = json.loads(msgspec.json.encode(sampling))
    assert {name: shown["sampling_params"][name] for name in asked} == asked


def test_what_has_no_effect_is_named_in_body_and_header() -> None:
    headers, shown = run(chat(mystery=1), HI, ignored=("tools",))
    assert shown["ignored_parameters"] == ["mystery", "tools"]
    assert headers["x-ovpipe-ignored-parameters"] == "mystery, tools"


def test_what_the_engine_cannot_hold_is_refused_as_by_a_chat() -> None:
    with pytest.raises(RunError) as raised:
        run(chat(max_tokens=2048), HI)
    error = raised.value.__cause__
    assert isinstance(error, RequestError)
    assert (error.status, error.code, error.param) == (400, "context_length_exceeded", "max_tokens")
