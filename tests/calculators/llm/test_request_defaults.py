"""Where a request's values come from that it does not state."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ovpipe.calculators.llm.packets import ChatRequest, CompletionRequest
from ovpipe.calculators.llm.request_parser import ChatRequestParserCalculator, parse
from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest
from ovpipe.testing import CalculatorRunner
from ovpipe.testing.fakes import FAKE_ENGINE_INFO
from tests.calculators.llm.asked import (
    with_generation_config,
)


def test_the_request_comes_before_generation_config_and_that_before_the_built_in() -> None:
    engine = with_generation_config({"temperature": 0.6, "top_k": 20, "max_new_tokens": 100})
    http = HttpRequest("POST", "/completions", json={"model": "m", "prompt": "hi", "top_k": 5})
    out = CalculatorRunner(ChatRequestParserCalculator()).run(http_request=[http], engine=engine)
    (request,) = out[ChatRequestParserCalculator.request]
    assert (request.temperature, request.top_k, request.top_p) == (0.6, 5, 1.0)
    assert (request.explicit_limit, request.default_max_tokens) == (None, 100)


def test_a_wrong_generation_config_counts_as_absent() -> None:
    http = HttpRequest("POST", "/completions", json={"model": "m", "prompt": "hi"})
    config = {"temperature": "hot", "top_p": 7, "top_k": None, "max_new_tokens": 0}
    request = parse(http, msgspec.structs.replace(FAKE_ENGINE_INFO, generation_config=config))
    assert (request.temperature, request.top_p, request.top_k) == (1.0, 1.0, -1)
    assert request.default_max_tokens is None


def test_the_limit_of_the_server_clamps_the_default_and_refuses_more() -> None:
    engine = msgspec.structs.replace(FAKE_ENGINE_INFO, generation_config={"max_new_tokens": 1000})

    def ask(**body: Any) -> CompletionRequest | ChatRequest:
        http = HttpRequest("POST", "/completions", json={"model": "m", "prompt": "hi"} | body)
        return parse(http, engine, max_tokens_limit=50)

    assert ask().default_max_tokens == 50
    assert ask(max_tokens=50).explicit_limit == 50
    with pytest.raises(RequestError) as caught:
        ask(max_completion_tokens=51)
    assert caught.value.param == "max_completion_tokens"
    assert caught.value.message == ("'max_completion_tokens' must be at most 50, the limit of this server.")


def test_a_limit_below_one_is_no_limit() -> None:
    with pytest.raises(ValueError, match="at least 1 is needed"):
        ChatRequestParserCalculator(max_tokens_limit=0)
