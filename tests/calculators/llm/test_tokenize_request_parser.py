"""TokenizeRequestParserCalculator: requests to the tokenizer alone, read or refused."""

from __future__ import annotations

from typing import Any

import pytest

from ovpipe.calculators.llm.packets import Message
from ovpipe.calculators.llm.parameters.wire.prompts import IDS_AT_ONCE
from ovpipe.calculators.llm.token_routes.requests import (
    DetokenizeRequest,
    TokenizeChatRequest,
    TokenizeCompletionRequest,
)
from ovpipe.calculators.llm.tokenize_request_parser import TokenizeRequestParserCalculator, parse
from ovpipe.calculators.llm.workers import Workers
from ovpipe.errors import RequestError, RunError
from ovpipe.http import HttpRequest
from ovpipe.testing import CalculatorRunner
from tests.calculators.llm.asked import HI


def tokenize(**body: Any) -> Any:
    return parse(HttpRequest("POST", "/tokenize", json={"model": "m"} | body))


def detokenize(tokens: Any) -> Any:
    return parse(HttpRequest("POST", "/detokenize", json={"model": "m", "tokens": tokens}))


def refusal(path: str, body: Any, **options: Any) -> tuple[int, str | None, str | None]:
    with pytest.raises(RequestError) as caught:
        parse(HttpRequest("POST", path, json=body), **options)
    return caught.value.status, caught.value.code, caught.value.param


def test_a_conversation_is_read_with_what_has_a_say_in_its_prompt() -> None:
    tool = {"type": "function", "function": {"name": "f"}}
    request = tokenize(
        messages=HI,
        tools=[tool],
        add_generation_prompt=False,
        continue_final_message=True,
        add_special_tokens=True,
        chat_template_kwargs={"enable_thinking": True},
        reasoning_effort="low",
        return_token_strs=True,
    )
    assert isinstance(request, TokenizeChatRequest)
    assert request.messages == (Message(role="user", content="hi"),)
    assert [tool.name for tool in request.tools] == ["f"]
    assert request.tool_choice.mode == "auto"
    assert (request.add_generation_prompt, request.continue_final_message) == (False, True)
    assert request.add_special_tokens is True
    assert request.chat_template_kwargs == {"enable_thinking": True}
    assert (request.reasoning_effort, request.return_token_strs) == ("low", True)
    assert request.ignored == ()


def test_a_text_is_read_as_it_is_and_may_be_empty() -> None:
    request = tokenize(prompt=" hi ", add_special_tokens=False)
    assert isinstance(request, TokenizeCompletionRequest)
    assert (request.prompts, request.add_special_tokens) == ((" hi ",), False)
    assert tokenize(prompt="").prompts == ("",)


def test_ids_are_read_and_there_may_be_none() -> None:
    assert detokenize([1, 2.0, 3]) == DetokenizeRequest(model="m", tokens=(1, 2, 3))
    assert detokenize([]).tokens == ()


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("/tokenize", {}, (400, "missing_required_parameter", "prompt")),
        ("/tokenize", {"prompt": None}, (400, "missing_required_parameter", "prompt")),
        ("/tokenize", {"prompt": "x", "messages": HI}, (400, "invalid_value", "prompt")),
        ("/tokenize", {"prompt": 5}, (400, "invalid_type", "prompt")),
        ("/tokenize", {"prompt": ["x"]}, (400, "invalid_type", "prompt")),
        ("/tokenize", {"prompt": "\ud800"}, (400, "invalid_value", "prompt")),
        ("/tokenize", {"prompt": "x", "return_token_strs": 1}, (400, "invalid_type", "return_token_strs")),
        ("/tokenize", {"messages": []}, (400, "invalid_value", "messages")),
        ("/tokenize", {"messages": [{"role": "x"}]}, (400, "invalid_value", "messages[0].role")),
        ("/tokenize", {"messages": HI, "tools": 1}, (400, "invalid_type", "tools")),
        (
            "/tokenize",
            {"messages": HI, "chat_template": "x"},
            (400, "unsupported_parameter", "chat_template"),
        ),
        (
            "/tokenize",
            {"messages": HI, "add_generation_prompt": True, "continue_final_message": True},
            (400, "invalid_value", "add_generation_prompt"),
        ),
        ("/detokenize", {}, (400, "missing_required_parameter", "tokens")),
        ("/detokenize", {"tokens": None}, (400, "missing_required_parameter", "tokens")),
        ("/detokenize", {"tokens": "x"}, (400, "invalid_type", "tokens")),
        ("/detokenize", {"tokens": [1, "x"]}, (400, "invalid_type", "tokens[1]")),
        ("/detokenize", {"tokens": [1, True]}, (400, "invalid_type", "tokens[1]")),
        ("/detokenize", {"tokens": [1, -1]}, (400, "invalid_value", "tokens[1]")),
        ("/detokenize", {"tokens": [2**31]}, (400, "invalid_value", "tokens[0]")),
        ("/detokenize", {"tokens": [2**70]}, (400, "invalid_value", "tokens[0]")),
        ("/detokenize", {"tokens": [0] * IDS_AT_ONCE + [-1]}, (400, "invalid_value", "tokens[65536]")),
        ("/detokenize", [], (400, "invalid_type", None)),
        ("/elsewhere", {}, (404, None, None)),
    ],
)
def test_what_is_wrong_is_named_by_its_path(
    path: str, body: Any, error: tuple[int, str | None, str | None]
) -> None:
    assert refusal(path, body) == error


def test_parameters_without_a_say_are_named_refused_or_passed_over() -> None:
    body = {"prompt": "x", "temperature": 0.5, "mystery": 1}
    http = HttpRequest("POST", "/tokenize", json=body)
    assert parse(http).ignored == ("temperature", "mystery")
    assert parse(http, "ignore").ignored == ()
    assert refusal("/tokenize", body, unknown_parameters="error") == (
        400,
        "unknown_parameter",
        "temperature",
    )


def test_each_request_goes_out_by_one_stream() -> None:
    node = TokenizeRequestParserCalculator
    out = CalculatorRunner(node()).run(http_request=[HttpRequest("POST", "/tokenize", json={"prompt": "x"})])
    assert (len(out[node.request]), out[node.detokenize]) == (1, [])
    ids = HttpRequest("POST", "/detokenize", json={"tokens": [1]})
    out = CalculatorRunner(node()).run(http_request=[ids])
    assert (out[node.request], len(out[node.detokenize])) == ([], 1)


def test_a_large_body_is_read_by_the_workers_and_a_small_one_on_the_spot() -> None:
    def read(length: int, workers: Workers) -> str | tuple[int, ...]:
        http = HttpRequest("POST", "/tokenize", json={"prompt": "x" * length})
        node = TokenizeRequestParserCalculator
        (request,) = CalculatorRunner(node()).run(http_request=[http], workers=workers)[node.request]
        assert isinstance(request, TokenizeCompletionRequest)
        return request.prompts[0]

    closed = Workers()
    closed.close()
    assert read(10, closed) == "x" * 10
    with pytest.raises(RunError) as raised:
        read(20_000, closed)
    assert isinstance(raised.value.__cause__, RuntimeError)
    workers = Workers()
    assert read(20_000, workers) == "x" * 20_000
    workers.close()
