"""What the model gets is what transformers would have given it, to the character."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.calculators.llm.templates.against_transformers.comparing import REFUSED, ours, theirs
from tests.calculators.llm.templates.against_transformers.styles import (
    CHATML,
    COMMAND_R,
    GEMMA,
    MISTRAL,
    QWEN_3,
    STYLES,
    TAKES_TEXT,
)

Json = dict[str, Any]

SYSTEM: Json = {"role": "system", "content": " Be brief, <b>polite</b> & 'kind'. "}
QUESTION: Json = {"role": "user", "content": "  Is it warm in Łódź? 你好\n"}
ANSWER: Json = {"role": "assistant", "content": " Yes. "}
THOUGHT_ANSWER: Json = {"role": "assistant", "content": "Yes.", "reasoning_content": "\nIt is summer.\n"}
THOUGHT_IN_TEXT: Json = {"role": "assistant", "content": "<think>\nIt is summer.\n</think>\n\nYes."}
THANKS: Json = {"role": "user", "content": "Thanks"}


def call(call_id: str, **arguments: Any) -> Json:
    function = {"name": "weather", "arguments": json.dumps(arguments, ensure_ascii=False)}
    return {"id": call_id, "type": "function", "function": function}


CALL: Json = {
    "role": "assistant",
    "content": None,
    "tool_calls": [call("abcdefghi", city="Łódź", days=[1, 2], q="<'>")],
}
RESULT: Json = {"role": "tool", "tool_call_id": "abcdefghi", "content": '{"temperature": 30}'}
TWO_CALLS: Json = {
    "role": "assistant",
    "content": "Let me look.",
    "tool_calls": [call("aaaaaaaa1", city="Łódź"), call("aaaaaaaa2")],
}
TWO_RESULTS: list[Json] = [
    {"role": "tool", "tool_call_id": "aaaaaaaa1", "content": "30"},
    {"role": "tool", "tool_call_id": "aaaaaaaa2", "content": "20"},
]
WEATHER: Json = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city's today & tomorrow",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
STRICT: Json = {
    "type": "function",
    "function": {"name": "now", "parameters": {"type": "object", "properties": {}}, "strict": True},
}
DOCUMENTS: list[Json] = [
    {"title": "Climate", "text": "Warm & wet."},
    {"title": "二", "text": "x", "year": 2020},
]

CONVERSATIONS: dict[str, list[Json]] = {
    "a question": [QUESTION],
    "a system's word and a question": [SYSTEM, QUESTION],
    "several turns": [SYSTEM, QUESTION, ANSWER, THANKS],
    "roles that do not alternate": [QUESTION, THANKS],
    "thoughts in their field": [QUESTION, THOUGHT_ANSWER, THANKS],
    "thoughts in the text": [QUESTION, THOUGHT_IN_TEXT, THANKS],
    "thoughts of the last turn": [QUESTION, THOUGHT_ANSWER],
    "a call and its result": [SYSTEM, QUESTION, CALL, RESULT],
    "a call, its result and what came of it": [QUESTION, CALL, RESULT, ANSWER, THANKS],
    "two calls at once": [QUESTION, TWO_CALLS, *TWO_RESULTS],
    "a thought before a call": [QUESTION, {**TWO_CALLS, "reasoning_content": "Which city?"}, *TWO_RESULTS],
}


@pytest.mark.parametrize("conversation", CONVERSATIONS)
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"add_generation_prompt": False},
        {"tools": [WEATHER, STRICT]},
        {"documents": DOCUMENTS},
        {"chat_template_kwargs": {"enable_thinking": False, "date_string": "1 May 2031"}},
    ],
    ids=["as it is", "without generation prompt", "with tools", "with documents", "with variables"],
)
def test_a_conversation_comes_out_as_transformers_renders_it(
    style: str, conversation: str, options: Json
) -> None:
    source, messages = STYLES[style], CONVERSATIONS[conversation]
    expected = theirs(source, messages, arguments_as_text=style in TAKES_TEXT, **options)
    if expected.startswith(REFUSED) and "has no attribute 'content'" in expected:
        # Where a template needs the content that a call does not have, ours is empty.
        messages = [{"content": ""} | {k: v for k, v in m.items() if v is not None} for m in messages]
        expected = theirs(source, messages, arguments_as_text=style in TAKES_TEXT, **options)
        assert not expected.startswith(REFUSED)
        messages = CONVERSATIONS[conversation]
    assert ours(source, messages, **options) == expected


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "final",
    [ANSWER, THOUGHT_ANSWER, THOUGHT_IN_TEXT, QUESTION, {"role": "assistant", "content": ""}, CALL],
    ids=["an answer", "after thoughts", "thoughts in the text", "a question", "nothing yet", "a call"],
)
def test_the_final_message_is_continued_where_transformers_continues_it(style: str, final: Json) -> None:
    messages = [SYSTEM, final] if final is QUESTION else [SYSTEM, QUESTION, final]
    options: Json = {"continue_final_message": True}
    expected = theirs(STYLES[style], messages, arguments_as_text=style in TAKES_TEXT, **options)
    assert ours(STYLES[style], messages, **options) == expected


def test_the_cases_are_not_all_refused() -> None:
    """Each style renders most conversations, so that the comparison above compares texts."""
    for style, source in STYLES.items():
        rendered = [ours(source, messages) for messages in CONVERSATIONS.values()]
        assert sum(not text.startswith(REFUSED) for text in rendered) >= 5, style


def test_what_is_continued_ends_with_the_content() -> None:
    messages = [QUESTION, {"role": "assistant", "content": "It is war"}]
    text = ours(QWEN_3, messages, continue_final_message=True)
    assert text.endswith("<|im_start|>assistant\n<think>\n\n</think>\n\nIt is war")


def test_a_template_for_tools_is_taken_when_there_are_tools() -> None:
    source = {"default": CHATML, "tool_use": QWEN_3}
    choices: list[Json] = [{}, {"tools": [WEATHER]}]
    for options in choices:
        assert ours(source, [SYSTEM, QUESTION], **options) == theirs(source, [SYSTEM, QUESTION], **options)
    assert "<tools>" in ours(source, [SYSTEM, QUESTION], tools=[WEATHER])


def test_documents_are_there() -> None:
    assert "Document: 1\ntitle: 二\ntext: x\nyear: 2020" in ours(COMMAND_R, [QUESTION], documents=DOCUMENTS)


def test_refusals_are_in_the_templates_words() -> None:
    assert ours(GEMMA, [QUESTION, THANKS]) == "refused: Conversation roles must alternate"
    assert ours(MISTRAL, [QUESTION, THANKS]) == theirs(MISTRAL, [QUESTION, THANKS])


DEVICES = [
    "{% set x = 1 %}{% generation %}{% set x = 2 %}{{ x }}{% endgeneration %}{{ x }}",
    "{% for m in messages %}{% generation %}\n{{ m.role }} {% endgeneration %}{% endfor %}",
    "{% for m in messages %}{% if loop.index0 == 1 %}{% continue %}{% endif %}{{ m.role }}{% break %}{% endfor %}",
    "{{ {'b': '<é>', 'a': [1, 2.5, None, true]} | tojson }}",
    "{{ {'b': 1, 'a': {'c': []}} | tojson(indent=2, sort_keys=true) }}",
    "{{ ['é'] | tojson(ensure_ascii=true, separators=(',', ':')) }}",
    "{{ strftime_now('%Y-%m-%d') }}{{ bos_token }}{{ eos_token }}{{ pad_token is defined }}",
    "{{ dict(a=1, **{'b': 2}) | tojson }}{{ dict.fromkeys('ab', 0) | tojson }}{{ dict([('x', 1)]) }}",
    "{% set ns = namespace(a=1, self=2) %}{% set ns.a = 3 %}{{ ns.a }}{{ ns.self }}",
    "{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m('a') }}{{ m(caller is defined) }}",
    "   {% if true %}\nx\n   {% endif %}\n  y\n",
    "{{ tools is none }}{{ documents is none }}{{ add_generation_prompt }}{{ nothing is defined }}",
    "{{ messages | map(attribute='role') | join(', ') }}{{ messages[-1].content[:3] }}",
    "{{ raise_exception('no ' ~ messages | length) }}",
]
FORBIDDEN = [
    "{{ messages.append(1) }}",
    "{{ dict.update(messages[0], {'role': 'x'}) }}",
    "{% set ns = namespace(_a=1) %}",
    "{% set ns = namespace() %}{% set ns._a = 1 %}",
    "{{ ''.__class__.__mro__ }}",
]


@pytest.mark.parametrize("source", DEVICES)
def test_the_devices_of_templates_work_as_there(source: str) -> None:
    messages = [SYSTEM, QUESTION, ANSWER]
    assert ours(source, messages) == theirs(source, messages)


@pytest.mark.parametrize("source", FORBIDDEN)
def test_what_is_forbidden_there_is_forbidden_here(source: str) -> None:
    assert ours(source, [QUESTION]).startswith(f"{REFUSED}it fails with ")
    assert theirs(source, [QUESTION]).startswith(REFUSED)


words = st.text("ab <>\n'\"é\\{}%", max_size=12)
objects = st.dictionaries(
    st.sampled_from("abc"), st.one_of(words, st.integers(), st.lists(words, max_size=2))
)
calls = st.lists(objects.map(lambda arguments: call("abcdefghi", **arguments)), min_size=1, max_size=2)
turns = st.one_of(
    st.fixed_dictionaries({"role": st.sampled_from(["system", "user", "assistant"]), "content": words}),
    st.fixed_dictionaries(
        {"role": st.just("assistant"), "content": words},
        optional={"reasoning_content": words, "tool_calls": calls},
    ),
    st.fixed_dictionaries({"role": st.just("tool"), "tool_call_id": st.just("abcdefghi"), "content": words}),
)


@settings(max_examples=150, deadline=None)
@given(
    style=st.sampled_from(sorted(STYLES)),
    messages=st.lists(turns, min_size=1, max_size=5),
    tools=st.sampled_from([(), (WEATHER,)]),
    continued=st.booleans(),
)
def test_any_conversation_comes_out_as_transformers_renders_it(
    style: str, messages: list[Json], tools: tuple[Json, ...], continued: bool
) -> None:
    options: Json = {"continue_final_message": continued}
    expected = theirs(
        STYLES[style], messages, tools=list(tools) or None, arguments_as_text=style in TAKES_TEXT, **options
    )
    found = ours(STYLES[style], messages, tools=tools, **options)
    if expected.startswith(REFUSED) and found.startswith(f"{REFUSED}it fails with "):
        return  # the same failure, of Jinja's and not in the template's words
    if expected.startswith(REFUSED) and any(message["role"] == "system" for message in messages):
        return  # ours may be the conversation whose system is said by the user
    if expected.startswith(REFUSED) and any(one["content"] and one.get("tool_calls") for one in messages):
        return  # ours may be the conversation where calls stand in a message behind what is said
    assert found == expected
