"""Tools of requests of /responses."""

from __future__ import annotations

from typing import Any

import pytest

from ovpipe.calculators.llm.openai_responses.asking import parse_response
from ovpipe.errors import RequestError
from ovpipe.http import HttpRequest


@pytest.mark.parametrize("tool", [{}, {"type": "function"}, {"type": "custom"}])
def test_a_tool_without_a_name_is_refused_where_this_api_has_the_name(tool: dict[str, Any]) -> None:
    with pytest.raises(RequestError) as raised:
        parse_response(HttpRequest("POST", "/responses", json={"input": "Hi", "tools": [tool]}))
    assert raised.value.param == "tools[0].name"


def test_a_function_may_be_as_a_chat_has_it() -> None:
    tool = {"type": "function", "function": {"name": "add"}}
    request, _ = parse_response(HttpRequest("POST", "/responses", json={"input": "Hi", "tools": [tool]}))
    assert [one.name for one in request.tools] == ["add"]
