"""How answers look where nobody watches; tests/cli/test_chat_terminal.py looks at a terminal."""

from __future__ import annotations

import io

import pytest

from ovpipe.cli.chatting.answer import Called, Finished, Part, Said, Thought
from ovpipe.cli.chatting.screen import Screen


def shown(*parts: Part) -> str:
    """What an answer looks like."""
    out = io.StringIO()
    screen = Screen(out, max_tokens=9)
    for part in parts:
        screen.show(part)
    screen.end_answer()
    return out.getvalue()


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([Said("a"), Said("b")], "ab\n\n"),
        ([Said("a\n")], "a\n\n"),
        ([], "\n"),
        ([Thought("h"), Thought("m\n"), Said("a")], "Thinking...\nhm\n...done thinking.\n\na\n\n"),
        ([Said("a"), Thought("hm"), Said("b")], "a\nThinking...\nhm\n...done thinking.\n\nb\n\n"),
        ([Thought("hm")], "Thinking...\nhm\n...done thinking.\n\n\n"),
        ([Said("a"), Called("f", '{\n"x": 1}')], 'a\n[calls f({ "x": 1})]\n\n'),
        ([Said("a"), Finished("length", 3)], "a\n[cut at 3 tokens]\n\n"),
        ([Said("a"), Finished("length", None)], "a\n[cut at 9 tokens]\n\n"),
        ([Said("a"), Finished("stop", 3)], "a\n\n"),
        ([Said("\x1b]0;title\x07\x85\u2028a\tb\x7f")], "\\x1b]0;title\\x07\\x85\\u2028a\tb\\x7f\n\n"),
    ],
)
def test_an_answer_ends_with_its_line_and_an_empty_one(parts: list[Part], text: str) -> None:
    assert shown(*parts) == text


def test_a_mistake_is_one_line_on_stderr_and_ends_the_line_before(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    screen = Screen(out)
    screen.show(Thought("hm"))
    screen.fail("one\ntwo\x1b[2J")
    assert out.getvalue() == "Thinking...\nhm\n...done thinking.\n\n"
    assert capsys.readouterr().err == "error: one two\\x1b[2J\n"
