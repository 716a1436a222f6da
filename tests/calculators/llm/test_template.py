"""ChatTemplate renders as Hugging Face's transformers do."""

from __future__ import annotations

from datetime import datetime

import pytest
from jinja2 import TemplateSyntaxError

from ovpipe.calculators.llm.packets import Message, TextPart
from ovpipe.calculators.llm.template import ChatTemplate, ChatTemplateError

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


def test_a_template_that_asks_what_it_has_gets_a_string() -> None:
    source = (
        "{% set content = messages[0].content %}{% if messages[0].content is string %}{{ content }}{% else %}"
        "{% for part in messages[0].content | list %}<{{ part.text }}>{% endfor %}{% endif %}"
    )
    assert render(source, Message(role="user", content=(TextPart("a"), TextPart("b")))) == "a\nb"


def test_message_fields_that_are_absent_are_undefined() -> None:
    source = (
        "{% for m in messages %}{{ m.name is defined }} {{ m.reasoning_content is defined }} {% endfor %}"
    )
    named = Message(role="user", content="hi", name="Ann", reasoning_content="hm")
    assert render(source, USER, named) == "False False True True "


def test_the_developer_role_is_handed_on() -> None:
    assert render("{{ messages[0].role }}", Message(role="developer", content="x")) == "developer"


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
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "RecursionError"),
        ("{{ messages.append(1) }}", "SecurityError"),
        ("{{ ''.__class__.__mro__ }}", "SecurityError"),
    ],
)
def test_a_template_that_fails_is_an_error_of_its_own(source: str, why: str) -> None:
    with pytest.raises(ChatTemplateError, match=f"^it fails with {why}$"):
        render(source, USER)


def test_what_is_no_template_is_found_when_it_is_compiled() -> None:
    with pytest.raises(TemplateSyntaxError):
        ChatTemplate("{% if %}")
