"""What clients send back, and templates refuse, is said so that they take it; what they still refuse names its place."""

from __future__ import annotations

import json

import pytest

from ovpipe.calculators.llm.packets import (
    CalledTool,
    ChatRequest,
    Content,
    Message,
    OutputDelta,
    Part,
    Reasoning,
    TextPart,
    Tool,
    ToolCall,
)
from ovpipe.calculators.llm.request_parser import parse
from ovpipe.calculators.llm.serializer import SseSerializerCalculator
from ovpipe.calculators.llm.templates.template import ChatTemplate, ChatTemplateError
from ovpipe.http import HttpRequest, ResponseBody
from ovpipe.testing import CalculatorRunner

SYSTEM = Message(role="system", content="Be brief.")
DEVELOPER = Message(role="developer", content="Be kind.")
USER = Message(role="user", content="Hi")
ASSISTANT = Message(role="assistant", content="Hello")
CALL = ToolCall(id="call_1", name="look_up", arguments='{"a": 1}')
RESULT = Message(role="tool", content="42", tool_call_id="call_1")
EVERYTHING = Message(
    role="assistant", content="Let me look.", reasoning_content="Which one?", tool_calls=(CALL,)
)

PLAIN = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
NO_SYSTEM = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must alternate') }}{% endif %}<{{ m.role }}>{{ m.content }}{% endfor %}"
)
SYSTEM_FIRST = (
    "{% for m in messages %}{% if m.role == 'system' and not loop.first %}"
    "{{ raise_exception('System message must be at the beginning.') }}{% endif %}"
    "<{{ m.role }}>{{ m.content }}{% endfor %}"
)


def render(source: str, *messages: Message) -> str:
    return ChatTemplate(source).render(messages)


def test_messages_of_the_system_and_the_developer_at_the_beginning_are_one() -> None:
    expected = "<system>Be brief.\n\nBe kind.<user>Hi"
    for source in (PLAIN, SYSTEM_FIRST):
        assert render(source, SYSTEM, DEVELOPER, USER) == expected
        assert render(source, SYSTEM, Message(role="system", content="Be kind."), USER) == expected
    in_parts = Message(role="developer", content=(TextPart("Be"), TextPart("kind.")))
    assert render(PLAIN, SYSTEM, in_parts, USER) == "<system>Be brief.\n\nBe\nkind.<user>Hi"
    assert render(PLAIN, SYSTEM, Message(role="system", content=""), USER) == "<system>Be brief.<user>Hi"


def test_a_developer_first_keeps_the_role_where_it_is_known() -> None:
    source = "{# developer #}{{ 'developer' if messages[0].role == 'developer' else 'system' }}:{{ messages[0].content }}"
    assert render(source, DEVELOPER, SYSTEM, USER) == "developer:Be kind.\n\nBe brief."
    assert render(PLAIN, DEVELOPER, SYSTEM, USER) == "<system>Be kind.\n\nBe brief.<user>Hi"


def test_where_the_template_refuses_the_role_the_user_says_it() -> None:
    assert render(NO_SYSTEM, SYSTEM, DEVELOPER, USER, ASSISTANT, USER) == (
        "<user>Be brief.\n\nBe kind.\n\nHi<assistant>Hello<user>Hi"
    )
    in_parts = Message(role="user", content=(TextPart("Hi"), TextPart("you")))
    assert render(NO_SYSTEM, SYSTEM, in_parts) == "<user>Be brief.\n\nHi\nyou"
    assert render(NO_SYSTEM, SYSTEM, ASSISTANT, USER) == "<user>Be brief.<assistant>Hello<user>Hi"
    assert render(NO_SYSTEM, SYSTEM) == "<user>Be brief."


def test_a_system_in_the_middle_is_said_by_the_user_where_it_is_refused() -> None:
    assert render(SYSTEM_FIRST, USER, ASSISTANT, SYSTEM, USER) == (
        "<user>Hi<assistant>Hello<user>Be brief.\n\nHi"
    )
    assert render(SYSTEM_FIRST, USER, SYSTEM) == "<user>Hi\n\nBe brief."
    assert render(PLAIN, USER, SYSTEM, USER) == "<user>Hi<system>Be brief.<user>Hi"


def test_of_several_messages_the_one_that_is_refused_is_named() -> None:
    with pytest.raises(ChatTemplateError, match=r"^Roles must alternate$") as caught:
        render(NO_SYSTEM, USER, ASSISTANT, USER, USER, ASSISTANT)
    assert caught.value.param == "messages[3]"
    with pytest.raises(ChatTemplateError, match=r"^Roles must alternate$") as caught:
        render(NO_SYSTEM, SYSTEM, USER, USER)
    assert caught.value.param == "messages[2]"
    with pytest.raises(ChatTemplateError, match="UndefinedError") as caught:
        render(
            "{% for m in messages %}{{ m.content + (m.name.first if m.name else '') }}{% endfor %}{{ x[messages | length].y if messages | length > 2 }}",
            USER,
            USER,
            USER,
        )
    assert caught.value.param == "messages[2]"


ONE_TEXT_BEFORE_A_CALL = """\
{%- for m in messages %}
    {%- if m.role == 'assistant' and m.tool_calls %}
        {%- if m.content and m.thinking %}{{ raise_exception('Cannot pass both content and thinking') }}{% endif %}
        {%- if m.content or m.thinking %}{{ '<analysis>' + (m.content or m.thinking) }}{% endif %}
        {{- '<call ' + m.tool_calls[0].function.name + '>' }}
    {%- else %}
        {{- '<' + m.role + '>' + m.content }}
    {%- endif %}
{%- endfor %}
"""
CALLS_OR_WORDS = """\
{%- for m in messages %}
    {%- if m.tool_calls and m.content %}{{ raise_exception('either content or tool calls') }}{% endif %}
    {{- '<' + m.role + '>' + (m.content or '') }}
    {%- for c in m.tool_calls or [] %}{{ '<call ' + c.function.name + '>' }}{% endfor %}
{%- endfor %}
"""
NO_THOUGHTS = """\
{%- for m in messages %}
    {%- if m.reasoning_content is defined %}{{ raise_exception('no thoughts here') }}{% endif %}
    {{- '<' + m.role + '>' + (m.content or '') }}
    {%- for c in m.tool_calls or [] %}{{ '<call ' + c.function.name + '>' }}{% endfor %}
{%- endfor %}
"""
CALLS_ALONE = """\
{%- for m in messages %}
    {%- if m.tool_calls and (m.content or m.thinking) %}{{ raise_exception('calls alone') }}{% endif %}
    {%- if loop.index0 and m.role == 'assistant' and messages[loop.index0 - 1].role == 'assistant' %}
        {{- raise_exception('one turn after the other') }}
    {%- endif %}
    {{- '<' + m.role + '>' + (m.content or '') }}
    {%- for c in m.tool_calls or [] %}{{ '<call ' + c.function.name + '>' }}{% endfor %}
{%- endfor %}
"""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (ONE_TEXT_BEFORE_A_CALL, "<user>Hi<analysis>Which one?\n\nLet me look.<call look_up><tool>42"),
        (CALLS_OR_WORDS, "<user>Hi<assistant>Let me look.<assistant><call look_up><tool>42"),
        (NO_THOUGHTS, "<user>Hi<assistant>Let me look.<call look_up><tool>42"),
        (CALLS_ALONE, "<user>Hi<assistant><call look_up><tool>42"),
    ],
    ids=["one text before a call", "calls or words", "no thoughts", "calls alone"],
)
def test_an_answer_of_ours_comes_back_whatever_the_template_refuses_of_it(source: str, expected: str) -> None:
    assert render(source, USER, EVERYTHING, RESULT) == expected


@pytest.mark.parametrize("source", [ONE_TEXT_BEFORE_A_CALL, CALLS_OR_WORDS, NO_THOUGHTS, CALLS_ALONE])
@pytest.mark.parametrize(
    "parts",
    [
        (Reasoning("Which one?"), Content("Let me look."), CalledTool("look_up", '{"a": 1}')),
        (Reasoning("Which one?"), CalledTool("look_up", '{"a": 1, "b'), CalledTool("look_up", "null")),
        (Content("Let me look."), CalledTool("look_up", "")),
        (Reasoning("Which"),),
        (Content(""),),
    ],
    ids=["all at once", "calls cut off", "words and a call", "cut off in thoughts", "nothing"],
)
def test_whatever_the_server_answers_may_be_sent_back(source: str, parts: tuple[Part, ...]) -> None:
    asked = ChatRequest(id="1", created=1, model="m", messages=(USER,))
    out = CalculatorRunner(SseSerializerCalculator()).run(
        request=[asked], parsed=[OutputDelta(parts, 1, 1, "stop")]
    )
    sent = out[SseSerializerCalculator.response]
    body = b"".join(part.data for part in sent if isinstance(part, ResponseBody))
    answer = json.loads(body)["choices"][0]["message"]
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": "42"} for call in answer.get("tool_calls", ())
    ]
    question = {"role": "user", "content": "Hi"}
    again = {"model": "m", "messages": [question, answer, *(results or [question])]}
    request = parse(HttpRequest("POST", "/chat/completions", json=again))
    assert isinstance(request, ChatRequest)
    text = ChatTemplate(source).render(request.messages)
    assert ("look_up" in text) == bool(results)


def test_an_answer_that_is_taken_as_it_is_stays_as_it_is() -> None:
    source = (
        "{% for m in messages %}{{ m.reasoning_content }}|{{ m.content }}|"
        "{{ m.tool_calls[0].function.name if m.tool_calls }};{% endfor %}"
    )
    assert render(source, USER, EVERYTHING, RESULT) == "|Hi|;Which one?|Let me look.|look_up;|42|;"


THINKS = (
    "{{ messages[0].content }}{% if enable_thinking is defined and not enable_thinking %}<off>{% endif %}"
)


@pytest.mark.parametrize(
    "source",
    [
        THINKS,
        "{{ messages[0].content }}{% if not enable_thinking | default(true) %}<off>{% endif %}",
        "{% set thinking = thinking if thinking is defined else true %}{{ messages[0].content }}"
        "{% if not thinking %}<off>{% endif %}",
    ],
)
def test_an_effort_of_none_turns_thinking_off_where_the_template_knows_no_effort(source: str) -> None:
    template = ChatTemplate(source)
    assert template.render([USER], variables={"reasoning_effort": "none"}) == "Hi<off>"
    assert template.render([USER], variables={"reasoning_effort": "low"}) == "Hi"
    assert template.render([USER]) == "Hi"


def test_the_request_has_the_last_word_on_thinking() -> None:
    variables = {"reasoning_effort": "none", "enable_thinking": True}
    assert ChatTemplate(THINKS).render([USER], variables=variables) == "Hi"


def test_a_template_that_knows_efforts_is_told_the_effort_alone() -> None:
    source = THINKS + "{{ reasoning_effort }}"
    assert ChatTemplate(source).render([USER], variables={"reasoning_effort": "none"}) == "Hinone"


def test_a_model_with_a_template_for_tools_alone_says_so() -> None:
    template = ChatTemplate(None, tool_use="{{ tools[0].function.name }}{{ messages[0].content }}")
    assert template.render([USER], tools=[Tool(name="f")]) == "fHi"
    with pytest.raises(
        ChatTemplateError, match=r"only chat template is for requests with tools \('tool_use'\)"
    ) as caught:
        template.render([USER])
    assert caught.value.param == "tools"
