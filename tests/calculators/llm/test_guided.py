"""What an answer must follow: whose grammar it is, and where thoughts may stand before it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ovpipe.calculators.llm.guided import Formats, formats_of, grammar_of
from ovpipe.calculators.llm.packets import (
    ChatRequest,
    CompletionRequest,
    Message,
    Prompt,
    Prompts,
    Tool,
    ToolChoice,
)
from ovpipe.calculators.llm.template import ChatTemplate
from ovpipe.engines.protocol import Grammar
from ovpipe.errors import RequestError

ADD = Tool(name="add", parameters={"type": "object", "properties": {"a": {"type": "integer"}}})
SUB = Tool(name="sub")
DIGITS = Grammar("regex", "[0-9]+")
UNKNOWN = Formats(None, None)


def chat(**wishes: Any) -> ChatRequest:
    return ChatRequest(id="1", created=1, model="m", messages=(Message(role="user", content="x"),), **wishes)


def guide(request: ChatRequest, formats: Formats, prompt: str = "") -> Any:
    """The structural tag that a request is held to."""
    grammar = grammar_of(request, formats, Prompts((Prompt((1,), prompt),)))
    assert grammar is not None
    assert grammar.kind == "structural_tag"
    return json.loads(grammar.text)["format"]


def test_without_a_grammar_or_tools_nothing_is_guided() -> None:
    assert grammar_of(chat(), UNKNOWN, None) is None
    assert (
        grammar_of(chat(tools=(ADD,), tool_choice=ToolChoice("auto")), Formats("hermes", None), None) is None
    )


def test_a_requests_own_grammar_is_taken_as_it_is() -> None:
    assert grammar_of(chat(grammar=DIGITS, grammar_param="guided_regex"), UNKNOWN, None) == DIGITS
    completion = CompletionRequest(id="1", created=1, model="m", prompts=("p",), grammar=DIGITS)
    assert grammar_of(completion, Formats("hermes", "think"), None) == DIGITS


def test_thoughts_may_come_before_what_is_guided() -> None:
    request = chat(grammar=DIGITS, grammar_param="guided_regex")
    free = guide(request, Formats(None, "think"))
    assert free["type"] == "or"
    assert free["elements"][1] == {"type": "regex", "pattern": "[0-9]+"}
    opened = guide(request, Formats(None, "think"), "...<think>\n")
    assert opened["type"] == "sequence"
    assert opened["elements"][0]["end"] == "</think>"


@pytest.mark.parametrize("choice", [ToolChoice("required"), ToolChoice("named", "add")])
def test_a_forced_call_is_guided_in_the_models_own_form(choice: ToolChoice) -> None:
    text = json.dumps(guide(chat(tools=(ADD, SUB), tool_choice=choice), Formats("hermes", None)))
    assert "<tool_call>" in text
    assert '\\"add\\"' in text
    assert ('\\"sub\\"' in text) is (choice.name is None)


def test_a_model_without_a_known_form_is_made_to_write_a_list() -> None:
    request = chat(tools=(ADD,), tool_choice=ToolChoice("required"))
    formats = formats_of(request, UNKNOWN, None)
    assert formats == Formats("json_calls", None)
    assert guide(request, formats)["json_schema"]["items"]["properties"]["name"] == {"const": "add"}


def test_a_grammar_beside_a_forced_call_is_refused() -> None:
    request = chat(
        grammar=DIGITS, grammar_param="guided_regex", tools=(ADD,), tool_choice=ToolChoice("required")
    )
    with pytest.raises(RequestError) as caught:
        grammar_of(request, Formats("hermes", None), None)
    assert (caught.value.status, caught.value.param) == (400, "guided_regex")


def test_a_strict_tool_is_guided_though_no_call_is_forced() -> None:
    strict = Tool(name="add", parameters=ADD.parameters, strict=True)
    request = chat(tools=(strict,), tool_choice=ToolChoice("auto"))
    assert guide(request, Formats("hermes", None))["type"] == "triggered_tags"


def test_formats_are_those_named_or_those_the_template_speaks_of() -> None:
    template = ChatTemplate('{{ \'<tool_call>\\n{"name": ..., "arguments": ...}</tool_call></think>\' }}')
    assert formats_of(chat(), UNKNOWN, template) == Formats("hermes", "think")
    assert formats_of(chat(), Formats("none", None), template) == Formats("none", "think")
    completion = CompletionRequest(id="1", created=1, model="m", prompts=("p",))
    assert formats_of(completion, Formats("hermes", None), template) == UNKNOWN
