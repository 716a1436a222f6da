"""What clients send beyond the declared types, brought into their form."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from ovpipe.calculators.llm.parameters.normalising import normalised
from ovpipe.calculators.llm.parameters.unknown_keys import Ignored

ADD = {"type": "function", "function": {"name": "add"}}
SEARCH = {"type": "web_search", "filters": {"allowed_domains": ["example.com"]}}


def test_of_a_tool_that_another_server_runs_the_type_stays_and_is_noted() -> None:
    ignored = Ignored()
    assert normalised({"tools": [SEARCH, ADD, {"type": "no name", "x": 1}]}, ignored) == {
        "tools": [{"type": "web_search"}, ADD, {"type": "no name"}]
    }
    assert list(ignored.names) == ["tools.web_search", "tools"]


def test_the_body_itself_is_never_changed() -> None:
    body: dict[str, Any] = {"tools": [SEARCH]}
    before = deepcopy(body)
    normalised(body, Ignored())
    assert body == before


def test_what_is_no_list_of_tools_is_left_to_those_who_refuse_it() -> None:
    cases: list[Any] = ["x", None, ["x"], [{}], {"type": "x"}, [{"type": 5}], [ADD]]
    for tools in cases:
        body = {"tools": tools}
        assert normalised(body, Ignored()) is body
    assert normalised({"prompt": "hi"}, Ignored()) == {"prompt": "hi"}
