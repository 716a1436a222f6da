"""Lines become messages and commands."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from ovpipe.cli.chatting.interrupts import Interrupts
from ovpipe.cli.chatting.questions import FileLines, Questions, UserInput
from ovpipe.cli.chatting.transport import ChatError


def reading(*lines: str) -> Callable[[str], str]:
    """A source of lines, with the prompts it was given."""
    rest = iter(lines)

    def read(prompt: str) -> str:
        for line in rest:
            return line
        raise EOFError

    return read


def entries(*lines: str) -> list[UserInput]:
    """All that these lines say."""
    questions = Questions(reading(*lines))
    return list(iter(questions.next, None))


def test_a_line_is_a_message_and_one_with_a_slash_a_command() -> None:
    assert entries("hello ", "", "   ", " /bye", "a /b") == [
        UserInput("hello", is_command=False),
        UserInput("/bye", is_command=True),
        UserInput("a /b", is_command=False),
    ]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (['"""one', "two", 'three"""'], "one\ntwo\nthree"),
        (['"""', "  one", "", "two", '"""'], "  one\n\ntwo"),
        (['"""one"""'], "one"),
        (['"""/bye"""'], "/bye"),
        (['"""', '"""', "one"], "one"),
        (['""""""', "one"], "one"),
    ],
)
def test_what_stands_between_two_marks_is_one_message(lines: list[str], text: str) -> None:
    assert entries(*lines) == [UserInput(text, is_command=False)]


def test_a_message_that_is_not_closed_is_none() -> None:
    questions = Questions(reading('"""one', "two"))
    with pytest.raises(ChatError, match='begins with """ has no """ at its end'):
        questions.next()
    assert questions.next() is None


def test_lines_of_a_file_are_echoed_after_their_prompts() -> None:
    out = io.StringIO()
    lines = FileLines(io.StringIO('hello\n\n"""a\n\nb"""'), out, Interrupts())
    questions = Questions(lines)
    assert list(iter(questions.next, None)) == [
        UserInput("hello", is_command=False),
        UserInput("a\n\nb", is_command=False),
    ]
    assert out.getvalue() == '>>> hello\n>>> """a\n... \n... b"""\n'
