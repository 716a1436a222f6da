"""`ovpipe chat` with its input from a pipe: transcripts, histories, failures, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ovpipe.cli import embedded
from tests.cli.chat_process import PROJECT, TALK, Piped, chat, command, environment
from tests.serving.server_process import assert_gone
from tests.serving.waiting import wait_until


def bodies(transcript: str) -> list[dict[str, Any]]:
    """What the graph was asked, out of the answers to `echo`."""
    return [json.loads(line) for line in transcript.splitlines() if line.startswith('{"messages"')]


def said(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Roles and contents of a body's messages."""
    return [(message["role"], message["content"]) for message in body["messages"]]


def test_a_piped_conversation_becomes_a_transcript() -> None:
    done = chat(TALK, said='hello\n\n  think\ncall\nwhole\n"""one\ntwo"""\nbye')
    assert done.returncode == 0
    assert done.stdout == (
        ">>> hello\nYou said hello.\n\n"
        ">>>   think\nThinking...\nLet me see.\n...done thinking.\n\nYes.\n\n"
        '>>> call\n[calls add({"a": 1})]\n\n'
        ">>> whole\nAll at once.\n\n"
        '>>> """one\n... two"""\nYou said one\ntwo.\n\n'
        ">>> bye\nYou said bye.\n\n"
    )
    assert done.stderr.splitlines()[0] == "model talk: waking: rubbing its eyes 50%"
    assert done.stderr.splitlines()[1].startswith("model talk: ready after ")
    assert len(done.stderr.splitlines()) == 2


def test_each_question_comes_with_what_was_said_before_but_not_with_thoughts() -> None:
    done = chat(TALK, "--system", "Be brief.", said="think\nhello\necho\n")
    (body,) = bodies(done.stdout)
    assert said(body) == [
        ("system", "Be brief."),
        ("user", "think"),
        ("assistant", "Yes."),
        ("user", "hello"),
        ("assistant", "You said hello."),
        ("user", "echo"),
    ]


@pytest.mark.parametrize(("closing", "name"), [("<&-", "input"), (">&-", "output")])
def test_a_closed_stream_is_told_at_once(closing: str, name: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" "$@" {closing}', *command(TALK)],
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        1,
        f"the standard {name} is closed; talk at a terminal, or with a file or pipe in its place\n",
    )


def test_what_was_not_given_is_not_sent() -> None:
    (body,) = bodies(chat(TALK, said="echo\n").stdout)
    assert set(body) == {"messages", "stream", "stream_options", "model"}
    assert (body["stream"], body["model"]) == (True, "talk")


def test_what_was_given_is_in_every_question() -> None:
    options = ("--max-tokens", "9", "--temperature", "0.5", "--no-think", "--model", "org/mine")
    done = chat(TALK, *options, said="echo\necho\n")
    for body in bodies(done.stdout):
        assert (body["max_tokens"], body["temperature"], body["model"]) == (9, 0.5, "org/mine")
        assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert len(bodies(done.stdout)) == 2


def test_commands_change_the_conversation_and_are_not_part_of_it() -> None:
    lines = ["hello", "/system Sing.", "/think on", "echo", "/clear", "/system", "/think off", "echo", "/bye"]
    done = chat(TALK, said="\n".join([*lines, "never"]))
    first, second = bodies(done.stdout)
    assert said(first) == [
        ("system", "Sing."),
        ("user", "hello"),
        ("assistant", "You said hello."),
        ("user", "echo"),
    ]
    assert said(second) == [("user", "echo")]
    thinks = [body["chat_template_kwargs"]["enable_thinking"] for body in (first, second)]
    assert thinks == [True, False]
    assert done.returncode == 0
    assert done.stdout.endswith(">>> /bye\n")


def test_help_lists_every_command() -> None:
    done = chat(TALK, said="/help\n/exit\n")
    for name in ("/clear", "/system", "/think", "/help", "/bye", "/exit", '"""'):
        assert f"\n{name}" in done.stdout or f", {name}" in done.stdout


def test_a_command_that_does_not_exist_is_told_with_those_that_do() -> None:
    done = chat(TALK, said="/claer\n/x\n/think maybe\n")
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "no command '/claer'; did you mean '/clear'?" in errors[0]
    assert "no command '/x'; there are: /bye, /clear, /exit, /help, /system, /think" in errors[1]
    assert "/think on, or /think off" in errors[2]
    assert done.returncode == 1


def test_a_turn_that_fails_is_told_and_forgotten_and_the_conversation_goes_on() -> None:
    done = chat(TALK, said="hello\nrefuse\nbreak\ncrash\npage\nunfinished\necho\n")
    (body,) = bodies(done.stdout)
    assert said(body) == [("user", "hello"), ("assistant", "You said hello."), ("user", "echo")]
    assert [line for line in done.stderr.splitlines() if not line.startswith("model talk: ")] == [
        "error: I would rather not.",
        "error: The tongue is tied.",
        f"error: {TALK}:12: node 'talk' (TalkCalculator) failed in process at timestamp 0: ValueError: "
        "what a mess",
        "error: graph talk answers with text/html where text/event-stream is due; it does not speak OpenAI's API",
        "error: the answer broke off before its end",
    ]
    assert ">>> break\nHalf a\n>>> crash\n" in done.stdout
    assert done.returncode == 1


def test_a_message_that_is_not_closed_is_not_sent() -> None:
    done = chat(TALK, said='"""hello\nyou')
    assert "You said" not in done.stdout
    assert 'error: the message that begins with """ has no """ at its end' in done.stderr
    assert done.returncode == 1


def test_an_answer_that_was_cut_says_where() -> None:
    assert "You said long.\n[cut at 7 tokens]\n" in chat(TALK, said="long\n").stdout
    asked = chat(TALK, "--max-tokens", "12", said="longer\n")
    assert "You said longer.\n[cut at 12 tokens]\n" in asked.stdout
    assert "[cut at the limit of tokens]\n" in chat(TALK, said="longer\n").stdout


def test_what_a_model_writes_cannot_steer_the_terminal() -> None:
    assert "a\\x1b[2Jb\\x9b1mc\\rd\te\n" in chat(TALK, said="steer\n").stdout


def test_bytes_that_are_no_text_end_nothing() -> None:
    done = subprocess.run(
        command(TALK), input=b"caf\xe9\n", env=environment(), capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0
    assert "You said caf\N{REPLACEMENT CHARACTER}." in done.stdout.decode()


def test_a_terminal_that_lacks_a_character_gets_its_number() -> None:
    env = environment({"PYTHONIOENCODING": "latin-1"})
    done = subprocess.run(
        command(TALK), input=b"snow\n", env=env, capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, b">>> snow\n\\u2603\n\n")


def test_words_are_out_as_soon_as_they_are_said(tmp_path: Path) -> None:
    with Piped(TALK) as talk:
        talk.say(f"slow {tmp_path}/gate\n")
        talk.wait_for("One")
        (tmp_path / "gate").touch()
        assert talk.wait_end() == 0
        assert talk.shown.endswith("\nOne and two.\n\n")


def test_the_embedded_model_answers_and_nothing_is_left_of_it() -> None:
    with Piped("--max-tokens", "8") as talk:
        talk.say("Hello\n")
        answer = talk.wait_for(r"\n\n").removeprefix(">>> Hello\n")
        assert answer
        talk.say("Bye\n")
        assert talk.children
        assert talk.wait_end() == 0
        assert_gone(talk.children)
        assert f"model {embedded.NAME}: ready after " in talk.log


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_it_and_its_engine(number: signal.Signals) -> None:
    with Piped("--max-tokens", "8") as talk:
        talk.say("Hello\n")
        talk.wait_for(r"\n\n")
        talk.look_below()
        assert talk.signal(number) == (130 if number is signal.SIGINT else -number)
        assert talk.children
        assert "Traceback" not in talk.log


def test_an_interrupt_ends_a_piped_conversation_within_an_answer(tmp_path: Path) -> None:
    record = tmp_path / "record"
    with Piped(TALK) as talk:
        talk.say(f"endless {record}\nhello\n")
        talk.wait_for("Once")
        talk.process.send_signal(signal.SIGINT)
        assert talk.wait_end() == 130
        assert "hello" not in talk.shown
    assert record.read_text() == "cancelled"


def test_an_interrupt_ends_the_loading(tmp_path: Path) -> None:
    gate, record = tmp_path / "gate", tmp_path / "record"
    with Piped(TALK, "--set", f"gate={gate}", "--set", f"record={record}") as talk:
        loading = "model talk: waking: rubbing its eyes 50%\n"
        wait_until(lambda: talk.log == loading, 60)
        talk.process.send_signal(signal.SIGINT)
        assert talk.wait_end() == 130
        assert (talk.shown, talk.log) == ("", loading)
    assert record.read_text() == "cancelled"


def test_the_graph_is_closed_at_the_end(tmp_path: Path) -> None:
    chat(TALK, "--set", f"record={tmp_path}/record", said="hello\n")
    assert (tmp_path / "record").read_text() == "closed"


def test_what_nodes_do_after_the_answer_is_not_cut_short(tmp_path: Path) -> None:
    done = chat(TALK, said=f"tidy {tmp_path}/record\nhello\n")
    assert (done.returncode, done.stdout.count("You said")) == (0, 2)
    assert (tmp_path / "record").read_text() == "tidied up"


def test_it_ends_quietly_when_nobody_reads_it_any_more(tmp_path: Path) -> None:
    with Piped(TALK, "--set", f"record={tmp_path}/record") as talk:
        talk.say("hello\n")
        talk.wait_for("You said hello")
        talk.hang_up()
        talk.say("hello\n")
        assert talk.wait_end() == 1
        assert all(line.startswith("model talk: ") for line in talk.log.splitlines()), talk.log
    assert (tmp_path / "record").read_text() == "closed"


def test_a_model_that_cannot_be_loaded_is_told_with_the_reason(tmp_path: Path) -> None:
    done = chat("chat", "--set", f"models_path={tmp_path}/none", said="hello\n")
    assert (done.returncode, done.stdout) == (1, "")
    first, last = done.stderr.splitlines()
    assert first.startswith("model chat: failed to load: node 'tokenizer' (")
    assert f"models_path: {tmp_path}/none does not exist; models_path is the folder of a model" in first
    assert last == "the model could not be loaded; the lines above say why"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["caht"], "unknown graph or model 'caht'"),
        (["chat"], "chat.yaml:9: parameter 'models_path' needs a value"),
        ([str(PROJECT / "graphs" / "deaf.yaml")], "graph 'deaf' cannot be served: it has 0 output streams"),
        (["--calculators", "nix"], "there is no folder of calculators at "),
    ],
)
def test_a_mistake_in_what_is_talked_with_is_a_message_with_exit_code_1(
    arguments: list[str], told: str
) -> None:
    done = chat(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["chat", "--url", "http://localhost:1"], "leave out GRAPH, --set and --calculators"),
        (["--set", "a=1", "--url", "http://localhost:1"], "leave out GRAPH, --set and --calculators"),
        (["--calculators", ".", "--url", "http://localhost:1"], "leave out GRAPH, --set and --calculators"),
        (
            ["--url", "localhost:8000"],
            "'localhost:8000' is no base URL; write one as in http://localhost:8000",
        ),
        (["--url", "http://localhost:1", "--api-key", "a\nb"], "characters that no header can carry"),
        (["--max-tokens", "0"], "--max-tokens"),
        (["--model", "a b"], "'a b' is not a model name"),
        (["--set", "nonsense"], "'nonsense' is no assignment"),
    ],
)
def test_a_wrong_use_is_explained_with_exit_code_2(arguments: list[str], told: str) -> None:
    done = chat(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in " ".join(done.stderr.replace("│", " ").split()), done.stderr
