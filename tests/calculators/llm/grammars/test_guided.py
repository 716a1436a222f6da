"""What an answer must follow: whose grammar it is, and where thoughts may stand before it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ovpipe.calculators.llm.grammars.guided import Formats, formats_of, grammar_of
from ovpipe.calculators.llm.packets import (
    ChatRequest,
    CompletionRequest,
    Message,
    Prompt,
    Prompts,
    Tool,
    ToolChoice,
)
from ovpipe.calculators.llm.templates.template import ChatTemplate
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


@pytest.mark.parametrize("choice", [ToolChoice("required"), ToolChoice("named", "add")])
def test_an_answer_that_has_to_call_has_no_text_for_a_grammar_to_bind(choice: ToolChoice) -> None:
    forced = chat(tools=(ADD,), tool_choice=choice)
    both = chat(tools=(ADD,), tool_choice=choice, grammar=DIGITS, grammar_param="response_format")
    assert guide(both, Formats("hermes", None)) == guide(forced, Formats("hermes", None))


TAG = {"type": "triggered_tags", "triggers": ["<f="], "tags": []}
TAGGED = Grammar("structural_tag", json.dumps({"type": "structural_tag", "format": TAG}))


def test_thoughts_that_a_prompt_opens_come_before_a_structural_tag_too() -> None:
    request = chat(grammar=TAGGED, grammar_param="response_format")
    opened = guide(request, Formats(None, "think"), "...<think>\n")
    assert opened["elements"][0]["end"] == "</think>"
    assert opened["elements"][-1] == TAG
    assert grammar_of(request, UNKNOWN, None) == TAGGED


def test_an_answer_of_gpt_oss_is_guided_in_its_channel_or_without_one() -> None:
    request = chat(grammar=DIGITS, grammar_param="guided_regex")
    digits = {"type": "regex", "pattern": "[0-9]+"}
    final = {
        "type": "sequence",
        "elements": [{"type": "const_string", "value": "<|channel|>final<|message|>"}, digits],
    }
    thinking, *others = guide(request, Formats("gpt_oss", "gpt_oss"))["elements"]
    assert thinking["elements"][0]["begin"] == "<|channel|>analysis<|message|>"
    assert thinking["elements"][1] == final
    assert others == [final, digits]
    # What else it wrote there would be its answer.
    assert guide(request, Formats("gpt_oss", "none"))["elements"] == [final, digits]


ASKED: dict[str, Any] = {
    "tool_choice": ToolChoice("auto"),
    "grammar": DIGITS,
    "grammar_param": "guided_regex",
}


def test_an_answer_that_is_guided_may_be_a_call_instead() -> None:
    calls, answer = guide(chat(tools=(ADD, SUB), **ASKED), Formats("hermes", None))["elements"]
    assert (calls["begin"], calls["end"]) == ("<tool_call>", "\n</tool_call>")
    text = json.dumps(calls)
    assert '\\"add\\"' in text
    assert '\\"sub\\"' in text
    assert text.count("json_schema") == 2  # the type and the key: any object is compiled once
    assert answer == {"type": "regex", "pattern": "[0-9]+"}
    assert not calls["content"]["stop_after_first"]
    one = guide(chat(tools=(ADD,), parallel_tool_calls=False, **ASKED), Formats("hermes", None))
    assert one["elements"][0]["content"]["stop_after_first"]


def test_thoughts_may_come_before_an_answer_and_before_a_call() -> None:
    thinking, straight = guide(chat(tools=(ADD,), **ASKED), Formats("hermes", "think"))["elements"]
    assert thinking["elements"][-1] == straight
    assert straight["elements"][0]["begin"] == "<tool_call>"


@pytest.mark.parametrize("tool_format", ["lfm2", "gemma", "llama_pythonic", "none", None])
def test_where_calls_cannot_be_guided_a_guided_answer_is_no_call(tool_format: str | None) -> None:
    assert grammar_of(chat(tools=(ADD,), **ASKED), Formats(tool_format, None), None) == DIGITS


def test_tools_that_may_not_be_called_leave_a_guided_answer_alone() -> None:
    request = chat(tools=(ADD,), **ASKED | {"tool_choice": ToolChoice("none")})
    assert grammar_of(request, Formats("hermes", None), None) == DIGITS


def test_a_call_instead_of_an_answer_is_bound_by_its_schema_if_the_tool_is_strict() -> None:
    strict = Tool(name="strict", parameters=ADD.parameters, strict=True)
    calls, _ = guide(chat(tools=(ADD, strict), **ASKED), Formats("hermes", None))["elements"]
    loose, bound = (tag["content"]["json_schema"] for tag in calls["content"]["tags"])
    assert loose == {"type": "object"}
    assert bound["properties"] == {"a": {"type": "integer"}}


@pytest.mark.parametrize(
    ("wishes", "param"),
    [
        ({"tools": (ADD,), "tool_choice": ToolChoice("required")}, "tool_choice"),
        ({"tools": (ADD,), "tool_choice": ToolChoice("named", "add"), "functions": True}, "function_call"),
        ({"tools": (Tool(name="f", strict=True),), "tool_choice": ToolChoice("auto")}, "tools"),
    ],
)
def test_calls_that_must_follow_something_cannot_be_searched_for(wishes: Any, param: str) -> None:
    with pytest.raises(RequestError) as caught:
        grammar_of(chat(best_of=2, use_beam_search=True, **wishes), Formats("hermes", None), None)
    assert (caught.value.status, caught.value.code, caught.value.param) == (400, "invalid_value", param)


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
