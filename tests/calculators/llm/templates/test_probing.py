"""What a chat template can read is found out by rendering, however it is written."""

from __future__ import annotations

import time

import pytest

from ovpipe.calculators.llm.packets import Message, TextPart, Tool, ToolCall
from ovpipe.calculators.llm.templates import compiled
from ovpipe.calculators.llm.templates.template import ChatTemplate, ChatTemplateError

SYSTEM = Message(role="system", content="rules")
USER = Message(role="user", content="question")
ASSISTANT = Message(role="assistant", content="answer")
CALLS = Message(
    role="assistant", content=None, tool_calls=(ToolCall(id="call_1", name="look_up", arguments="{}"),)
)
RESULT = Message(role="tool", content="result", tool_call_id="call_1")
IN_PARTS = Message(role="user", content=(TextPart("first"), TextPart("second")))


def render(source: str, *messages: Message) -> str:
    return ChatTemplate(source, {"eos_token": "</s>"}).render(messages)


EACH = "{% for m in messages %}<{{ m.role }}>HERE{% endfor %}"
ASKS = "{% set asked = tools is string %}"
READINGS = {
    "loop": "{% for p in m.content %}{{ p.text }}{% endfor %}",
    "loop over a filter": "{% for p in m.content | list if p.type == 'text' %}{{ p['text'] }}{% endfor %}",
    "macro": "{{ words(m.content) }}",
    "macro of a message": "{{ words_of(m) }}",
    "set": "{% set c = m.content %}{% for p in c %}{{ p.text }}{% endfor %}",
    "block set": "{% set c %}{% for p in m.content %}{{ p.text }}{% endfor %}{% endset %}{{ c }}",
    "namespace": "{% set ns = namespace(c=m.content, t='') %}{% for p in ns.c %}{% set ns.t = ns.t + p.text %}{% endfor %}{{ ns.t }}",
    "map": "{{ m.content | map(attribute='text') | join }}",
    "select and map": "{{ m.content | selectattr('type', 'equalto', 'text') | map(attribute='text') | join }}",
    "first": "{{ (m.content | first).text }}",
    "last": "{{ (m['content'] | last)['text'] }}",
    "index": "{{ m.content[0].text }}",
    "index by name": "{{ m['content'][0]['text'] }}",
    "get": "{{ m.get('content')[0].get('text') }}",
    "call block": "{% call wrapped() %}{% for p in m.content %}{{ p.text }}{% endfor %}{% endcall %}",
    "filter block": "{% filter trim %}{% for p in m.content %}{{ p.text }}{% endfor %}{% endfilter %}",
    "beside a test": "{% if m.role is string %}{% for p in m.content %}{{ p.text }}{% endfor %}{% endif %}",
    "not a string": "{% if m.content is not string %}{{ m.content[0].text }}{% endif %}",
    "another case": "{% for p in m.content %}{{ p.text | upper | lower }}{% endfor %}",
}
BEFORE = (
    ASKS
    + "{% macro words(c) %}{% for p in c %}{{ p.text }}{% endfor %}{% endmacro %}"
    + "{% macro words_of(m) %}{% for p in m['content'] %}{{ p['text'] }}{% endfor %}{% endmacro %}"
    + "{% macro wrapped() %}{{ caller() }}{% endmacro %}"
)
ONE_OF_SEVERAL = ("first", "last", "index", "index by name", "get", "not a string")


@pytest.mark.parametrize("reading", READINGS)
def test_a_template_of_parts_gets_parts_however_it_reads_them(reading: str) -> None:
    source = BEFORE + EACH.replace("HERE", READINGS[reading])
    assert render(source, SYSTEM, USER, ASSISTANT) == "<system>rules<user>question<assistant>answer"
    both = "first\nsecond" if reading in ONE_OF_SEVERAL else "firstsecond"
    assert render(source, IN_PARTS) == f"<user>{both}"


STRINGS = {
    "concatenated": "{{ m.content + '' }}",
    "macro": "{{ same(m.content) }}",
    "set": "{% set c = m.content %}{{ c | trim }}",
    "namespace": "{% set ns = namespace(c=m.content) %}{{ ns.c }}",
    "split": "{{ m.content.split('|')[-1] }}",
    "call block": "{% call wrapped() %}{{ m.content }}{% endcall %}",
    "beside a loop": "{% for p in m.parts or [] %}{{ p.text }}{% endfor %}{{ m.content }}",
    "joined": "{{ [m.content] | join }}",
    "formatted": "{{ '%s' % m.content }}",
    "a loop over its characters": "{% for c in m.content %}{{ c }}{% endfor %}",
}


@pytest.mark.parametrize("reading", STRINGS)
def test_a_template_of_strings_gets_strings_and_never_a_list_spelt_out(reading: str) -> None:
    source = (
        "{% macro same(c) %}{{ c }}{% endmacro %}{% macro wrapped() %}{{ caller() }}{% endmacro %}"
        + EACH.replace("HERE", STRINGS[reading])
    )
    assert render(source, SYSTEM, USER, ASSISTANT) == "<system>rules<user>question<assistant>answer"
    assert render(source, IN_PARTS) == "<user>first\nsecond"


SPELT_OUT = {
    "as it is": "{{ m.content }}",
    "as JSON": "{{ m.content | tojson }}",
    "indented": "{{ m.content | tojson(indent=2) }}",
    "piece by piece": "{% for p in m.content %}{{ p }}{% endfor %}",
    "by its members": "{% for p in m.content %}{{ p.items() | list if p is mapping else p }}{% endfor %}",
    "twice": "{{ m.content | tojson | tojson }}",
    "escaped": "{{ m.content | string | e }}",
}


@pytest.mark.parametrize("reading", SPELT_OUT)
def test_parts_that_are_spelt_out_are_not_read(reading: str) -> None:
    assert "text" not in render(EACH.replace("HERE", SPELT_OUT[reading]), IN_PARTS)


def test_each_role_gets_the_form_that_is_read_of_it() -> None:
    source = (
        "{% for m in messages %}{% if m.role == 'system' %}[{{ m.content[0].text }}]"
        "{% elif m.role == 'user' %}<{{ m.content + '' }}>"
        "{% elif m.role == 'tool' %}({{ m.content | map(attribute='text') | join }})"
        "{% else %}{{ m.content }}{{ m.tool_calls[0].function.name if m.tool_calls }}{% endif %}{% endfor %}"
    )
    assert render(source, SYSTEM, USER, ASSISTANT, USER, CALLS, RESULT) == (
        "[rules]<question>answer<question>look_up(result)"
    )


MISTRAL_3_1 = """\
{{- bos_token }}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'][0]['text'] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set system_message = 'Default.' %}
    {%- set loop_messages = messages %}
{%- endif %}
{{- '[SYSTEM_PROMPT]' + system_message + '[/SYSTEM_PROMPT]' }}
{%- for message in loop_messages %}
    {%- if message['role'] == 'user' %}
        {%- if message['content'] is string %}
            {{- '[INST]' + message['content'] + '[/INST]' }}
        {%- else %}
            {{- '[INST]' }}
            {%- for block in message['content'] %}
                {%- if block['type'] == 'text' %}
                    {{- block['text'] }}
                {%- else %}
                    {{- raise_exception('Only text and image blocks are supported in message content!') }}
                {%- endif %}
            {%- endfor %}
            {{- '[/INST]' }}
        {%- endif %}
    {%- elif message['role'] == 'assistant' %}
        {%- if message['content'] is string %}
            {{- message['content'] + eos_token }}
        {%- else %}
            {{- message['content'][0]['text'] + eos_token }}
        {%- endif %}
    {%- else %}
        {{- raise_exception('Only user, system and assistant roles are supported!') }}
    {%- endif %}
{%- endfor %}
"""


def test_with_tools_and_without_each_gets_the_form_that_is_read_then() -> None:
    source = EACH.replace(
        "HERE",
        "{% if tools %}{% for p in m.content %}{{ p.text }}{% endfor %}{% else %}{{ m.content + '' }}{% endif %}",
    )
    template = ChatTemplate(source)
    assert template.render([USER, ASSISTANT]) == "<user>question<assistant>answer"
    assert template.render([USER, ASSISTANT], tools=[Tool(name="f")]) == "<user>question<assistant>answer"


def test_a_template_that_needs_tools_is_none_that_shows_nothing() -> None:
    source = "{% for t in tools %}{{ t.function.name }}{% endfor %}" + EACH.replace("HERE", "{{ m.content }}")
    template = ChatTemplate(source)
    assert template.unreadable is None
    assert template.render([USER], tools=[Tool(name="f")]) == "f<user>question"


def test_the_system_prompt_of_a_mistral_3_1_is_there() -> None:
    assert render(MISTRAL_3_1, SYSTEM, IN_PARTS, ASSISTANT) == (
        "[SYSTEM_PROMPT]rules[/SYSTEM_PROMPT][INST]firstsecond[/INST]answer</s>"
    )
    two = Message(role="system", content=(TextPart("a"), TextPart("b")))
    assert render(MISTRAL_3_1, two, USER).startswith("[SYSTEM_PROMPT]a\nb[/SYSTEM_PROMPT]")


@pytest.mark.parametrize(
    "source",
    [
        "{% for m in messages %}<{{ m.role }}>{% endfor %}",
        EACH.replace("HERE", "{{ m.text }}"),
        EACH.replace("HERE", "{{ m.content.text }}"),
        EACH.replace("HERE", "{{ m.content[0].body }}"),
        EACH.replace("HERE", "{{ m.content.nothing.at_all }}"),
        "{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}",
    ],
)
def test_a_template_that_shows_nothing_of_what_a_user_says_is_known_for_it(source: str) -> None:
    assert ChatTemplate(source).unreadable == "default"


def test_a_template_for_tools_is_looked_at_too() -> None:
    both = ChatTemplate("{{ messages[0].content }}", tool_use="{{ tools[0].function.name }}")
    assert both.unreadable == "tool_use"
    assert ChatTemplate("{{ messages[0].content }}").unreadable is None


def test_a_template_that_refuses_in_its_own_words_is_left_to_do_so() -> None:
    assert ChatTemplate("{{ raise_exception('not today') }}").unreadable is None


def test_a_role_that_is_written_without_its_words_is_refused() -> None:
    source = "{% for m in messages %}<{{ m.role }}>{{ m.content if m.role != 'tool' }}{% endfor %}"
    with pytest.raises(
        ChatTemplateError, match="writes no word of what a message of the role 'tool'"
    ) as caught:
        render(source, USER, CALLS, RESULT)
    assert caught.value.param == "messages[2]"


def test_a_system_that_is_left_out_in_silence_is_said_by_the_user() -> None:
    source = "{% for m in messages if m.role != 'system' %}<{{ m.role }}>{{ m.content }}{% endfor %}"
    assert render(source, SYSTEM, USER, ASSISTANT) == "<user>rules\n\nquestion<assistant>answer"


def test_calls_without_content_are_shown_however_the_template_knows_them() -> None:
    none = (
        "{% for m in messages %}{% if m.content is none %}{{ m.tool_calls[0].function.name }}"
        "{% else %}{{ m.content }}{% endif %}{% endfor %}"
    )
    empty = none.replace("is none", "== ''")
    absent = none.replace("m.content is none", "'content' not in m")
    for source in (none, empty, absent):
        assert render(source, USER, CALLS, RESULT) == "questionlook_upresult"


def test_calls_that_are_lost_beside_words_come_after_them() -> None:
    source = (
        "{% for m in messages %}{% if m.role == 'assistant' and m['content'] is none %}"
        "<calls {{ m.tool_calls[0].function.name }}>{% else %}<{{ m.role }}>{{ m.content }}{% endif %}{% endfor %}"
    )
    both = Message(role="assistant", content="let me see", tool_calls=CALLS.tool_calls)
    assert render(source, USER, both, RESULT) == (
        "<user>question<assistant>let me see<calls look_up><tool>result"
    )
    for blank in ("", "\n"):
        nothing = Message(role="assistant", content=blank, tool_calls=CALLS.tool_calls)
        assert render(source, USER, nothing, RESULT) == "<user>question<calls look_up><tool>result"


def test_a_template_that_wants_a_system_first_is_looked_at_with_one() -> None:
    source = (
        "{% if messages[0].role != 'system' %}{{ raise_exception('begin with the system') }}{% endif %}"
        "{% for m in messages %}{% if m.role == 'tool' %}{{ m.content[0].text }}"
        "{% else %}{{ m.content }}{{ m.tool_calls[0].function.name if m.tool_calls }}{% endif %}{% endfor %}"
    )
    assert render(source, SYSTEM, USER, CALLS, RESULT) == "rulesquestionlook_upresult"
    assert ChatTemplate(source).unreadable is None


def test_a_template_that_fails_without_documents_is_looked_at_with_one() -> None:
    source = "{% for d in documents %}{{ d.text }} {% endfor %}" + EACH.replace("HERE", "{{ m.content }}")
    template = ChatTemplate(source)
    assert template.unreadable is None
    assert template.render([USER], documents=[{"text": "facts"}]) == "facts <user>question"


def test_lengths_of_ids_are_found_wherever_they_are_looked_at() -> None:
    source = (
        "{% macro check(id) %}{% if id | length != 9 %}{{ raise_exception('nine!') }}{% endif %}{{ id }}{% endmacro %}"
        "{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or [] %}{{ check(c.id) }}{% endfor %}{% endfor %}"
    )
    assert len(render(source, CALLS)) == 9


def test_whether_tools_have_a_place_is_known() -> None:
    assert not ChatTemplate("{{ messages[0].content }}").shows_tools
    assert ChatTemplate("{{ tools }}{{ messages[0].content }}").shows_tools
    assert ChatTemplate(
        "{{ messages[0].content }}", tool_use="{{ tools }}{{ messages[0].content }}"
    ).shows_tools
    with_system = (
        "{% if messages[0].role == 'system' and tools %}{{ tools }}{% endif %}{{ messages[-1].content }}"
    )
    assert ChatTemplate(with_system).shows_tools


def test_probing_is_bounded() -> None:
    endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    before = time.process_time()
    ChatTemplate(EACH.replace("HERE", "{{ m.content }}" + endless))
    assert time.process_time() - before < 5
    assert compiled.TURNS_OF_PROBING <= 100_000


def test_a_probe_writes_no_more_than_it_may() -> None:
    endless = "{{ m.content }}{% for a in range(4000) %}{{ 'x' * 1000000 }}{% endfor %}"
    before = time.process_time()
    ChatTemplate(EACH.replace("HERE", endless))
    assert time.process_time() - before < 5


def test_a_probe_that_never_ends_leaves_turns_to_the_others() -> None:
    endless = "{% if tools %}{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}{% endif %}"
    source = endless + EACH.replace("HERE", "{{ m.content[0].text }}")
    assert render(source, SYSTEM, USER, ASSISTANT) == "<system>rules<user>question<assistant>answer"


def test_a_conversation_with_tools_of_no_place_is_rendered_all_the_same() -> None:
    assert ChatTemplate("{{ messages[0].content }}").render([USER], tools=[Tool(name="f")]) == "question"
