"""ChatTemplate renders as Hugging Face's transformers do."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jinja2 import TemplateSyntaxError

from ovpipe.calculators.llm.chat_template_loader import compile_template
from ovpipe.calculators.llm.packets import Message, TextPart, Tool, ToolCall
from ovpipe.calculators.llm.templates import compiled
from ovpipe.calculators.llm.templates.final_message import TAG
from ovpipe.calculators.llm.templates.template import ChatTemplate, ChatTemplateError
from ovpipe.tokenizers.tokenizer import Tokenizer
from tests.models.folders import TINY_RANDOM

SYSTEM = Message(role="system", content="Be brief.")
USER = Message(role="user", content="Hi <you> & 'me'")
ASSISTANT = Message(role="assistant", content="Hello!")

CHATML = """\
{% for message in messages %}
    {{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' -}}
{% endfor %}
{% if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' -}}
{% endif %}
"""

LLAMA3 = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}"
    "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'"
    "+ message['content'] | trim + '<|eot_id|>' %}"
    "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)


def render(source: str, *messages: Message, **special_tokens: str) -> str:
    return ChatTemplate(source, special_tokens).render(messages)


def test_chatml() -> None:
    assert render(CHATML, SYSTEM, USER, ASSISTANT, USER) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n"
        "<|im_start|>user\nHi <you> & 'me'<|im_end|>\n"
        "<|im_start|>assistant\nHello!<|im_end|>\n"
        "<|im_start|>user\nHi <you> & 'me'<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_llama_3() -> None:
    assert render(LLAMA3, SYSTEM, USER, bos_token="<|begin_of_text|>") == (
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nHi <you> & 'me'<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
    )


def test_blocks_leave_no_white_space() -> None:
    assert render("   {% if true %}\nx\n   {% endif %}\ny", USER) == "x\ny"


def test_text_parts_are_joined_for_a_template_that_wants_strings() -> None:
    parts = Message(role="user", content=(TextPart("one"), TextPart("two")))
    assert render("{{ messages[0].content + '!' }}", parts) == "one\ntwo!"


def test_strings_become_parts_for_a_template_that_only_loops_over_them() -> None:
    source = "{% for part in messages[0]['content'] | list %}[{{ part.type }}:{{ part['text'] }}]{% endfor %}"
    assert render(source, Message(role="user", content="hi")) == "[text:hi]"
    assert render(source, Message(role="user", content=(TextPart("a"), TextPart("b")))) == "[text:a][text:b]"


def test_a_content_by_its_attribute_is_a_content() -> None:
    source = "{% for part in messages[0].content %}[{{ part.text }}]{% endfor %}"
    assert render(source, Message(role="user", content="hi")) == "[hi]"


def test_a_template_that_reads_both_gets_what_the_client_sent() -> None:
    source = (
        "{% set content = messages[0].content %}{% if messages[0].content is string %}{{ content }}{% else %}"
        "{% for part in messages[0].content | list %}<{{ part.text }}>{% endfor %}{% endif %}"
    )
    assert render(source, Message(role="user", content="a")) == "a"
    assert render(source, Message(role="user", content=(TextPart("a"), TextPart("b")))) == "<a><b>"


def test_message_fields_that_are_absent_are_undefined() -> None:
    source = "{% for m in messages %}{{ m.keys() | join(' ') }};{% endfor %}"
    named = Message(role="user", content="hi", name="Ann")
    calling = Message(
        role="assistant", content=None, tool_calls=(ToolCall(id="a", name="f", arguments="{}"),)
    )
    result = Message(role="tool", content="1", tool_call_id="a")
    assert render(source, USER, named, calling, result) == (
        "role content;role content name;role tool_calls;role content tool_call_id;"
    )


def test_thoughts_have_all_the_names_that_templates_know() -> None:
    thinking = Message(role="assistant", content="hi", reasoning_content="hm")
    source = "{{ messages[0].reasoning_content }} {{ messages[0].reasoning }} {{ messages[0].thinking }}"
    assert render(source, thinking) == "hm hm hm"


def test_a_developer_is_the_system_for_a_template_that_does_not_know_the_role() -> None:
    developer = Message(role="developer", content="x")
    assert render("{{ messages[0].role }}", developer) == "system"
    assert render(
        "{{ messages[0].role }}{% if messages[0].role == 'developer' %}!{% endif %}", developer
    ) == ("developer!")


def calling(arguments: str, id: str = "abc") -> Message:
    return Message(
        role="assistant", content=None, tool_calls=(ToolCall(id=id, name="f", arguments=arguments),)
    )


ARGUMENTS = '{"b":1, "a": "é"}'


@pytest.mark.parametrize(
    ("expression", "rendered"),
    [
        ("arguments | tojson", '{"b": 1, "a": "é"}'),
        ("{'name': 'f', 'arguments': arguments} | tojson", '{"name": "f", "arguments": {"b": 1, "a": "é"}}'),
        ("arguments.items() | list", "[('b', 1), ('a', 'é')]"),
        ("arguments.b", "1"),
        ("arguments is mapping", "True"),
        ("arguments is string", "False"),
        ("arguments", ARGUMENTS),
        ("arguments | string", ARGUMENTS),
        ("arguments | trim", ARGUMENTS),
        ("'<' + arguments + '>'", f"<{ARGUMENTS}>"),
        ("arguments + '>'", f"{ARGUMENTS}>"),
        ("'<' ~ arguments", f"<{ARGUMENTS}"),
        ("'%s' % arguments", ARGUMENTS),
        ("'{}'.format(arguments)", ARGUMENTS),
        ("['x', arguments] | join", f"x{ARGUMENTS}"),
    ],
)
def test_arguments_are_a_dict_and_where_a_text_is_needed_the_text(expression: str, rendered: str) -> None:
    source = f"{{% set arguments = messages[0].tool_calls[0].function.arguments %}}{{{{ {expression} }}}}"
    assert render(source, calling(ARGUMENTS)) == rendered


@pytest.mark.parametrize(
    "arguments",
    [
        '{"a": 1, "b',
        "[1]",
        "null",
        "1e3",
        '"x"',
        '"{\\"a\\": 1}"',
        '{"a": NaN}',
        '{"a": -1e999}',
        '{"a": "\\ud83d"}',
        '{"a": ' * 101 + "1" + "}" * 101,
        "[" * 100_000,
        "1" * 5000,
        "f(a=1)",
    ],
    ids=lambda arguments: arguments[:12],
)
@pytest.mark.parametrize(
    ("reading", "rendered"),
    [
        ("{{ arguments | tojson }}", '{"arguments": TEXT}'),
        ("{% for k, v in arguments | items %}{{ k }}={{ v | tojson }}{% endfor %}", "arguments=TEXT"),
        ("{% for k, v in arguments.items() %}{{ k }}={{ v | tojson }}{% endfor %}", "arguments=TEXT"),
        ("{% for k, v in arguments | dictsort %}{{ k }}={{ v | tojson }}{% endfor %}", "arguments=TEXT"),
        ("{% for k in arguments %}{{ k }}={{ arguments[k] | tojson }}{% endfor %}", "arguments=TEXT"),
        (
            "{% for k in arguments.keys() %}{{ k }}={{ arguments.get(k) | tojson }}{% endfor %}",
            "arguments=TEXT",
        ),
        ("{{ arguments is mapping }}{{ arguments | length }}", "True1"),
        ("{{ ('<' + arguments) | tojson }}", None),
    ],
)
@pytest.mark.slow
def test_arguments_that_are_no_object_are_one_around_the_text(
    arguments: str, reading: str, rendered: str | None
) -> None:
    source = f"{{% set arguments = messages[0].tool_calls[0].function.arguments %}}{reading}"
    if rendered is None:
        assert render(source, calling(arguments)) == json.dumps(f"<{arguments}")
    else:
        assert render(source, calling(arguments)) == rendered.replace("TEXT", json.dumps(arguments))


@pytest.mark.parametrize("arguments", ["", " ", "\n", "{}"])
def test_no_arguments_are_an_empty_object(arguments: str) -> None:
    source = "{{ messages[0].tool_calls[0].function.arguments | tojson }}"
    assert render(source, calling(arguments)) == "{}"


def test_arguments_cannot_be_changed_by_a_template() -> None:
    with pytest.raises(ChatTemplateError, match="SecurityError"):
        render("{{ messages[0].tool_calls[0].function.arguments.update(b=2) }}", calling(ARGUMENTS))


def test_calls_have_the_form_of_the_api() -> None:
    source = "{{ messages[0].tool_calls | tojson }}"
    assert render(source, calling("{}")) == (
        '[{"id": "abc", "type": "function", "function": {"name": "f", "arguments": {}}}]'
    )


SHORT_IDS = (
    "{% for m in messages %}{% for call in m.tool_calls or [] %}{% if call.id | length != 9 %}"
    "{{ raise_exception('no') }}{% endif %}{{ call.id }} {% endfor %}{{ m.tool_call_id }}{% endfor %}"
)


def test_a_template_that_demands_short_ids_of_calls_gets_them() -> None:
    result = Message(role="tool", content="1", tool_call_id="call_0123456789")
    called, answered = render(SHORT_IDS, calling("{}", "call_0123456789"), result).split()
    assert called == answered
    assert len(called) == 9
    assert called.isalnum()
    assert render(SHORT_IDS, calling("{}", "abcDEF123")).split() == ["abcDEF123"]
    other = render(SHORT_IDS, calling("{}", "call_0123456788")).split()
    assert other != [called]


def test_other_templates_get_the_ids_as_they_are() -> None:
    source = "{{ messages[0].tool_calls[0].id }}{% if messages[0].name | length == 9 %}{% endif %}"
    assert render(source, calling("{}", "call_0123456789")) == "call_0123456789"


def test_a_template_that_needs_a_content_gets_an_empty_one() -> None:
    assert render("{{ messages[0].role + ':' + messages[0].content }}", calling("{}")) == "assistant:"
    assert render("{{ messages[0].content is defined }}", calling("{}")) == "False"


def test_tools_have_the_form_of_the_api() -> None:
    tools = [
        Tool(
            name="f",
            description="Does f.",
            parameters={"type": "object", "properties": {"x": {}}},
            strict=True,
        ),
        Tool(name="g"),
    ]
    source = "{% for tool in tools %}{{ tool | tojson }}\n{% endfor %}"
    assert ChatTemplate(source).render([USER], tools=tools) == (
        '{"type": "function", "function": {"name": "f", "description": "Does f.", '
        '"parameters": {"type": "object", "properties": {"x": {}}}, "strict": true}}\n'
        '{"type": "function", "function": {"name": "g", "parameters": {"type": "object", "properties": {}}}}\n'
    )


def test_with_tools_the_template_for_them_is_taken() -> None:
    template = ChatTemplate(
        "plain", {"bos_token": "<s>"}, tool_use="{{ bos_token }}{{ tools[0].function.name }}"
    )
    assert template.render([USER]) == "plain"
    assert template.render([USER], tools=[Tool(name="f")]) == "<s>f"


def test_formats_are_looked_for_in_both_templates() -> None:
    calls = '{{ \'<tool_call>{"name": ..., "arguments": ...}</tool_call>\' }}'
    assert ChatTemplate("{{ '</think>' }}", tool_use=calls).formats == ("hermes", "think")


def test_a_model_folders_template_for_tools_is_compiled_with_the_default(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(TINY_RANDOM, folder)
    (folder / "chat_template.jinja").write_text("plain {{ messages[0].content }}")
    (folder / "additional_chat_templates").mkdir()
    (folder / "additional_chat_templates" / "tool_use.jinja").write_text(
        "{{ tools[0].function.name }} {{ messages[0].content }}"
    )
    template = compile_template(Tokenizer.load(folder))
    assert template is not None
    assert template.render([ASSISTANT]) == "plain Hello!"
    assert template.render([ASSISTANT], tools=[Tool(name="f")]) == "f Hello!"


def test_documents_are_handed_on() -> None:
    source = "{{ documents[0].title }} {{ documents | length }}"
    assert ChatTemplate(source).render([USER], documents=[{"title": "A"}, {}]) == "A 2"


def test_a_requests_variables_are_there_and_come_before_special_tokens() -> None:
    template = ChatTemplate("{{ enable_thinking }}{{ bos_token }}", {"bos_token": "<s>"})
    assert template.render([USER], variables={"enable_thinking": False}) == "False<s>"
    assert template.render([USER], variables={"bos_token": "<b>"}) == "<b>"


@pytest.mark.parametrize("name", ["messages", "tools", "documents", "add_generation_prompt", "chat_template"])
def test_a_requests_variables_do_not_replace_the_conversation(name: str) -> None:
    with pytest.raises(
        ChatTemplateError, match=f"'{name}' is not a variable that a request may set"
    ) as caught:
        ChatTemplate("x").render([USER], variables={name: []})
    assert caught.value.param == f"chat_template_kwargs.{name}"


def test_the_generation_prompt_may_be_left_out() -> None:
    assert ChatTemplate(CHATML).render([USER], add_generation_prompt=False).endswith("<|im_end|>\n")


def continued(source: str, *messages: Message) -> str:
    return ChatTemplate(source).render(messages, continue_final_message=True)


def test_the_final_message_is_continued() -> None:
    assert continued(CHATML, USER, ASSISTANT).endswith("<|im_start|>assistant\nHello!")
    parts = Message(role="assistant", content=(TextPart("one"), TextPart("two ")))
    assert continued(CHATML, USER, parts).endswith("assistant\none\ntwo ")


def test_a_template_of_parts_continues_the_last() -> None:
    source = "{% for m in messages %}{% for part in m.content %}[{{ part.text }}]{% endfor %}{% endfor %}"
    parts = Message(role="assistant", content=(TextPart("one"), TextPart("two")))
    assert continued(source, USER, parts) == "[Hi <you> & 'me'][one][two"


def test_what_a_template_trims_stays_trimmed_where_it_is_continued() -> None:
    source = "{{ messages[-1].content | trim }}<end>"
    assert continued(source, Message(role="assistant", content=" Hello \n")) == "Hello"
    assert continued("{{ messages[-1].content }}<end>", Message(role="assistant", content="Hi ")) == "Hi "


def test_what_is_continued_gets_no_generation_prompt_of_any_kind() -> None:
    source = "{{ add_generation_prompt }} {{ messages[-1].content }}"
    assert continued(source, ASSISTANT) == "False Hello!"


def test_a_conversation_may_speak_of_the_mark_that_finds_the_place() -> None:
    spoken = Message(role="user", content=f"What is {TAG}?")
    assert continued(CHATML, spoken, ASSISTANT).endswith("<|im_start|>assistant\nHello!")


@pytest.mark.parametrize(
    ("source", "final", "why"),
    [
        (CHATML, calling("{}"), "the last message has no content to continue"),
        ("{{ messages[0].content }}", ASSISTANT, "leaves out or changes the last message's content"),
        ("{{ messages[1].content | upper }}", ASSISTANT, "leaves out or changes the last message's content"),
        ("{{ messages[1].content.split('!')[1] }}", ASSISTANT, "leaves out or changes the last message's"),
    ],
)
def test_what_cannot_be_continued_says_why(source: str, final: Message, why: str) -> None:
    with pytest.raises(ChatTemplateError, match=why) as caught:
        continued(source, USER, final)
    assert caught.value.param == "continue_final_message"


def test_a_text_without_end_is_given_up() -> None:
    loop = "{% for i in range(500) %}xx{% endfor %}"
    assert len(ChatTemplate(loop, longest=1000).render([USER])) == 1000
    with pytest.raises(ChatTemplateError, match="it comes to more than 1000 characters"):
        ChatTemplate(loop + "x", longest=1000).render([USER])


@pytest.mark.parametrize(
    "endless",
    [
        "{% for i in range(10000) %}{% for j in range(10000) %}{% endfor %}{% endfor %}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
        "{% macro m(n) %}{{ caller() if n else '' }}{% endmacro %}"
        "{% for i in range(10000) %}{% for j in range(10000) %}{% call m(1) %}{% endcall %}{% endfor %}{% endfor %}",
        "{% for i in range(5000) %}{{ range(90000) | sum }}{% endfor %}",
    ],
)
def test_a_template_that_turns_for_hours_is_given_up(endless: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "MOST_TURNS", 10_000)
    template = ChatTemplate("{{ messages[0].content }}{% if go is defined %}" + endless + "{% endif %}")
    assert template.render([ASSISTANT]) == "Hello!"
    with pytest.raises(ChatTemplateError, match=r"^it takes more than 10000 turns of loops$"):
        template.render([ASSISTANT], variables={"go": True})


def test_special_tokens_have_their_names_and_others_are_undefined() -> None:
    source = "{{ bos_token }}{{ eos_token is defined }}{{ tools is none }}{{ documents is none }}"
    assert render(source, USER, bos_token="<s>") == "<s>FalseTrueTrue"


def test_tojson_escapes_nothing_for_html_and_keeps_unicode() -> None:
    source = "{{ {'b': '<é>', 'a': [1]} | tojson }} {{ [1] | tojson(indent=2) }}"
    assert render(source, USER) == '{"b": "<é>", "a": [1]} [\n  1\n]'


def test_loop_controls_work() -> None:
    source = "{% for x in [1, 2, 3] %}{% if x == 2 %}{% continue %}{% endif %}{{ x }}{% break %}{% endfor %}"
    assert render(source, USER) == "1"


def test_generation_blocks_are_their_content() -> None:
    assert render("{% generation %}{{ 1 + 1 }}{% endgeneration %}", USER) == "2"


def test_strftime_now_is_there() -> None:
    assert render("{{ strftime_now('%Y') }}", USER) in {
        str(datetime.now().year),
        str(datetime.now().year - 1),
    }


def test_a_template_that_raises_says_why() -> None:
    with pytest.raises(ChatTemplateError, match=r"^roles must alternate$"):
        render("{{ raise_exception('roles must alternate') }}", USER)


def test_a_long_reason_is_cut() -> None:
    with pytest.raises(ChatTemplateError) as caught:
        render("{{ raise_exception('x' * 10000) }}", USER)
    assert len(str(caught.value)) == 500


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{{ messages[9].content }}", "UndefinedError"),
        ("{{ 'a' + 1 }}", "TypeError"),
        ("{% for i in range(10**9) %}{% endfor %}", "OverflowError"),
        ("{{ 'x' * 10**9 }}", "OverflowError"),
        ("{{ 10**9 * ['x'] }}", "OverflowError"),
        ("{{ 9**(9**9) }}", "OverflowError"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "RecursionError"),
        ("{{ messages.append(1) }}", "SecurityError"),
        ("{{ ''.__class__.__mro__ }}", "SecurityError"),
        ("{{ dict.update(messages[0], {'role': 'x'}) }}", "SecurityError|UndefinedError"),
        ("{% set ns = namespace(_a=1) %}", "SecurityError"),
        ("{% set ns = namespace() %}{% set ns._a = 1 %}", "SecurityError"),
    ],
)
def test_a_template_that_fails_is_an_error_of_its_own(source: str, why: str) -> None:
    with pytest.raises(ChatTemplateError, match=f"^it fails with ({why})$"):
        render(source, USER)


def test_what_is_no_template_is_found_when_it_is_compiled() -> None:
    with pytest.raises(TemplateSyntaxError):
        ChatTemplate("{% if %}")


@pytest.mark.parametrize(
    ("options", "given"),
    [
        ("", {}),
        ("indent=2", {"indent": 2}),
        ("ensure_ascii=true", {"ensure_ascii": True}),
        ("sort_keys=true", {"sort_keys": True}),
        ("separators=(',', ':')", {"separators": (",", ":")}),
    ],
)
def test_tojson_writes_a_large_value_as_a_small_one(options: str, given: dict[str, Any]) -> None:
    template = ChatTemplate("{{ messages[0].content }}{{ documents | tojson(" + options + ") }}")
    document = {"b": ["é", 1, 2.5, None, True, {"a": []}], "a": "x\n" * 10}
    small, large = (
        template.render([Message(role="user", content="")], documents=[document] * count)
        for count in (1, 5_000)
    )
    assert small == json.dumps([document], **{"ensure_ascii": False, **given})
    assert large == json.dumps([document] * 5_000, **{"ensure_ascii": False, **given})
