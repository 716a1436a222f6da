"""ParseRequestParserCalculator: a raw answer and what says how to read it, read or refused."""

from __future__ import annotations

from typing import Any

import pytest

from ovpipe.calculators.llm.parameters.declarations.answers import MOST_CHARACTERS, MOST_PIECES
from ovpipe.calculators.llm.parse_request_parser import ParseRequestParserCalculator, parse
from ovpipe.calculators.llm.token_routes.requests import ParseRequest
from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest
from ovpipe.testing import CalculatorRunner
from tests.calculators.llm.asked import HI

TOOL = {"type": "function", "function": {"name": "f"}}


def read(**body: Any) -> ParseRequest:
    return parse(HttpRequest("POST", "/parse", json=body))


def test_an_answer_is_a_text_or_pieces_of_one_or_token_ids() -> None:
    assert read(text="hi").pieces == ("hi",)
    assert read(text=["h", "", "i"]).pieces == ("h", "", "i")
    assert read(text=[]).pieces == ()
    assert read(token_ids=[1, 2]).token_ids == (1, 2)
    assert read(text="hi").finish_reason == "stop"
    assert read(text="hi", finish_reason="length").finish_reason == "length"


def test_tools_and_conversation_are_those_of_a_chat() -> None:
    request = read(text="x", messages=HI, tools=[TOOL], tool_choice="required", parallel_tool_calls=False)
    assert [tool.name for tool in request.tools] == ["f"]
    assert (request.tool_choice.mode, request.parallel_tool_calls) == ("required", False)
    assert len(request.messages) == 1
    assert read(text="x").messages == ()


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({}, "missing_required_parameter", "text"),
        ({"text": None, "token_ids": None}, "missing_required_parameter", "text"),
        ({"text": "x", "token_ids": [1]}, "invalid_value", "token_ids"),
        ({"text": 5}, "invalid_type", "text"),
        ({"text": ["x", 5]}, "invalid_type", "text[1]"),
        ({"text": ["x", "\ud800"]}, "invalid_value", "text[1]"),
        ({"text": "x" * (MOST_CHARACTERS + 1)}, "invalid_value", "text"),
        ({"text": ["x" * MOST_CHARACTERS, "x"]}, "invalid_value", "text"),
        ({"text": [""] * (MOST_PIECES + 1)}, "invalid_value", "text"),
        ({"token_ids": [1, -1]}, "invalid_value", "token_ids[1]"),
        ({"token_ids": "x"}, "invalid_type", "token_ids"),
        ({"token_ids": [0] * (MOST_CHARACTERS + 1)}, "invalid_value", "token_ids"),
        ({"text": "x", "finish_reason": "tool_calls"}, "invalid_value", "finish_reason"),
        ({"text": "x", "messages": []}, "invalid_value", "messages"),
        ({"text": "x", "continue_final_message": True}, "invalid_value", "continue_final_message"),
        ({"text": "x", "tool_choice": "required"}, "invalid_value", "tool_choice"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(body: dict[str, Any], code: str, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        read(**body)
    assert (caught.value.status, caught.value.code, caught.value.param) == (400, code, param)


def test_a_conversation_goes_where_prompts_are_made_and_no_conversation_does_not() -> None:
    node = ParseRequestParserCalculator
    for body, conversations in (({"text": "x"}, 0), ({"text": "x", "messages": HI}, 1)):
        out = CalculatorRunner(node()).run(http_request=[HttpRequest("POST", "/parse", json=body)])
        assert (len(out[node.request]), len(out[node.conversation])) == (1, conversations)
