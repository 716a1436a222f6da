"""`ovpipe chat` at a terminal: typed into, interrupted, left."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.cli.chat_process import TALK
from tests.cli.terminal import CTRL_C, CTRL_D, UP, Terminal
from tests.serving.server_process import ServerProcess
from tests.serving.waiting import wait_for_text

pytestmark = pytest.mark.slow

PROMPT = ">>> "
HINT = "Use Ctrl \\+ d or /bye to exit."


def asked(terminal: Terminal) -> list[tuple[str, str]]:
    """Roles and contents of what the model is asked, `echo` being the last of them."""
    terminal.say("echo\n")
    terminal.wait_for("echo\r\n")
    body = json.loads(terminal.wait_for("\r\n"))
    terminal.wait_for(PROMPT)
    return [(message["role"], message["content"]) for message in body["messages"]]


def test_questions_are_asked_at_a_prompt_and_ctrl_d_leaves() -> None:
    with Terminal(TALK) as terminal:
        terminal.wait_for("talk \\(graph talk\\): /help lists commands, /bye leaves")
        terminal.wait_for(PROMPT)
        terminal.say("hello\n")
        assert terminal.wait_for(PROMPT) == "hello\r\nYou said hello.\r\n\r\n"
        terminal.say(CTRL_D)
        assert terminal.wait_end() == 0
        assert terminal.shown.endswith(">>> \r\n")


@pytest.mark.parametrize("word", ["/bye", "/exit"])
def test_a_word_leaves_and_a_failed_turn_is_no_reason_for_another_exit_code(word: str) -> None:
    with Terminal(TALK) as terminal:
        terminal.wait_for(PROMPT)
        terminal.say("refuse\n")
        terminal.wait_for("error: I would rather not.")
        terminal.wait_for(PROMPT)
        terminal.say(f"{word}\n")
        assert terminal.wait_end() == 0


def test_words_are_shown_as_soon_as_they_are_said(tmp_path: Path) -> None:
    with Terminal(TALK) as terminal:
        terminal.wait_for(PROMPT)
        terminal.say(f"slow {tmp_path}/gate\n")
        terminal.wait_for("\r\nOne")
        (tmp_path / "gate").touch()
        terminal.wait_for(" and two.\r\n")


@pytest.mark.parametrize("way", ["graph", "url"])
def test_ctrl_c_stops_the_answer_keeps_what_was_said_and_the_next_question_works(
    way: str, tmp_path: Path
) -> None:
    record = tmp_path / "record"

    def converse(*arguments: str) -> None:
        with Terminal(*arguments) as terminal:
            terminal.wait_for(PROMPT)
            terminal.say(f"endless {record}\n")
            terminal.wait_for("Once upon a time")
            terminal.say(CTRL_C)
            terminal.wait_for(PROMPT)
            wait_for_text(record, "cancelled", 60)
            assert asked(terminal) == [
                ("user", f"endless {record}"),
                ("assistant", "Once upon a time"),
                ("user", "echo"),
            ]
            terminal.say(CTRL_D)
            assert terminal.wait_end() == 0

    if way == "graph":
        converse(TALK)
    else:
        with ServerProcess(TALK) as server:
            server.wait_ready()
            converse("--url", server.url)


def test_an_answer_stopped_before_its_first_word_leaves_no_trace(tmp_path: Path) -> None:
    with Terminal(TALK) as terminal:
        terminal.wait_for(PROMPT)
        terminal.say(f"mute {tmp_path}/record\n")
        wait_for_text(tmp_path / "record", "mute", 60)
        terminal.say(CTRL_C)
        terminal.wait_for(PROMPT)
        assert asked(terminal) == [("user", "echo")]


def test_ctrl_c_while_typing_drops_the_line_and_says_how_to_leave() -> None:
    with Terminal(TALK) as terminal:
        terminal.wait_for(PROMPT)
        terminal.say("never mind")
        terminal.wait_for("never mind")
        terminal.interrupt_line(HINT)
        terminal.wait_for(PROMPT)
        terminal.say('"""one\n')
        terminal.wait_for(r"\.\.\. ")
        terminal.interrupt_line(HINT)
        terminal.wait_for(PROMPT)
        assert asked(terminal) == [("user", "echo")]


def test_ctrl_c_ends_the_loading_and_with_it_the_command(tmp_path: Path) -> None:
    settings = ("--set", f"gate={tmp_path}/gate", "--set", f"record={tmp_path}/record")
    with Terminal(TALK, *settings) as terminal:
        terminal.wait_for("waking: rubbing its eyes")
        terminal.say(CTRL_C)
        assert terminal.wait_end() == 130
        assert "Traceback" not in terminal.shown
    assert (tmp_path / "record").read_text() == "cancelled"


def test_lines_can_be_edited_and_called_back() -> None:
    with Terminal(TALK) as terminal:
        terminal.wait_for(PROMPT)
        terminal.say("hallo\x7f\x7f\x7f\x7fello\n")
        terminal.wait_for("You said hello.")
        terminal.wait_for(PROMPT)
        terminal.say(UP + "w\n")
        terminal.wait_for("You said hellow.")


def test_a_message_of_several_lines_is_typed_between_two_marks() -> None:
    with Terminal(TALK) as terminal:
        terminal.wait_for(PROMPT)
        terminal.say('"""echo\n')
        terminal.wait_for(r"\.\.\. ")
        terminal.say("a /bye\n")
        terminal.wait_for(r"\.\.\. ")
        terminal.say('"""\n')
        terminal.wait_for("You said echo\r\na.")


def test_thoughts_are_dim_and_what_a_model_writes_cannot_steer() -> None:
    with Terminal(TALK) as terminal:
        terminal.wait_for(PROMPT)
        terminal.say("think\n")
        assert terminal.wait_for(PROMPT) == (
            "think\r\n\x1b[2mLet me \x1b[0m\x1b[2msee.\x1b[0m\r\n\r\nYes.\r\n\r\n"
        )
        terminal.say("steer\n")
        assert terminal.wait_for(PROMPT) == "steer\r\na\\x1b[2Jb\\x9b1mc\\rd\te\r\n\r\n"


def test_a_dumb_terminal_gets_no_styles() -> None:
    with Terminal(TALK, kind="dumb") as terminal:
        terminal.wait_for(PROMPT)
        terminal.say("think\n")
        assert terminal.wait_for(PROMPT) == (
            "think\r\nThinking...\r\nLet me see.\r\n...done thinking.\r\n\r\nYes.\r\n\r\n"
        )


def test_an_engine_that_dies_while_somebody_types_is_started_again() -> None:
    with Terminal("--max-tokens", "4") as terminal:
        terminal.wait_for(PROMPT)
        terminal.say("Hel")
        (engine,) = terminal.children
        os.kill(engine, signal.SIGKILL)
        terminal.wait_for("it is started again in")
        terminal.wait_for("serves again")
        terminal.say("lo\n")
        assert "error" not in terminal.wait_for(PROMPT)
        terminal.say(CTRL_D)
        assert terminal.wait_end() == 0
