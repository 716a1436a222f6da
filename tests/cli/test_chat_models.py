"""`ovpipe chat` with real models: the shipped graph and one with a node of the user's own, by both ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.chat_process import chat
from tests.end_to_end.scripted import write_scripted_model
from tests.serving.server_process import ServerProcess

LOUD = str(Path(__file__).parents[2] / "examples" / "own_nodes" / "graphs" / "loud_chat.yaml")
TEXTS = {
    "hello": "Hello there, how are you?",
    "think": "<think>Let me see.</think>The answer is 42.",
}
TEMPLATE = "{{ messages[-1].content }}<|{{ 'think' if enable_thinking else 'hello' }}|>"
SAID = "Hi\n/think on\nWell?\n/think off\nAnd now?\n"
TRANSCRIPT = """\
>>> Hi
Hello there, how are you?

>>> /think on
thinking is on
>>> Well?
Thinking...
Let me see.
...done thinking.

The answer is 42.

>>> /think off
thinking is off
>>> And now?
Hello there, how are you?

"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The arguments that name a model which keeps to a script."""
    folder = tmp_path_factory.mktemp("scripted")
    write_scripted_model(folder, TEXTS, chat_template=TEMPLATE)
    return ("--set", f"models_path={folder}", "--set", "engine.num_kv_blocks=64")


def test_the_shipped_graph_talks_without_a_server_as_it_does_with_one(model: tuple[str, ...]) -> None:
    arguments = ("chat", *model, "--set", "reasoning_format=think")
    straight = chat(*arguments, "--temperature", "0", said=SAID)
    assert (straight.returncode, straight.stdout) == (0, TRANSCRIPT), straight.stderr
    with ServerProcess(*arguments) as server:
        server.wait_ready()
        served = chat("--url", server.url, "--temperature", "0", said=SAID)
    assert (served.returncode, served.stdout, served.stderr) == (0, TRANSCRIPT, "")


def test_a_graph_with_a_node_of_ones_own_talks_too(model: tuple[str, ...]) -> None:
    done = chat(LOUD, *model, "--temperature", "0", "--max-tokens", "4", said="Hi\n")
    assert done.returncode == 0, done.stderr
    answer = done.stdout.splitlines()[1]
    assert answer
    assert TEXTS["hello"].upper().startswith(answer)
    assert "\n[cut at 4 tokens]\n" in done.stdout


def test_a_refusal_of_the_model_is_told(model: tuple[str, ...]) -> None:
    done = chat("chat", *model, "--max-tokens", "5000", said="Hi\n")
    assert done.returncode == 1
    assert "error: " in done.stderr
    assert "5000" in done.stderr
