"""A graph with a node of the user's own, served without touching ovpipe."""

from __future__ import annotations

from pathlib import Path

import openai
import pytest

from tests.end_to_end.figures import figure
from tests.end_to_end.models import SERVE
from tests.serving.server_process import ServerProcess

pytestmark = pytest.mark.slow

GRAPHS = Path(__file__).parents[2] / "examples" / "own_nodes" / "graphs"


def ask(url: str, model: str, *, stream: bool, max_tokens: int) -> tuple[str, str | None, int]:
    """The text, the finish reason and the tokens billed of one greedy answer."""
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
        if not stream:
            answer = client.chat.completions.create(
                model=model,
                messages=[{"role": "user", "content": "Hello"}],
                max_tokens=max_tokens,
                temperature=0,
                extra_body={"ignore_eos": True},
            )
            assert answer.usage is not None
            choice = answer.choices[0]
            return choice.message.content or "", choice.finish_reason, answer.usage.completion_tokens
        chunks = list(
            client.chat.completions.create(
                model=model,
                messages=[{"role": "user", "content": "Hello"}],
                max_tokens=max_tokens,
                temperature=0,
                extra_body={"ignore_eos": True},
                stream=True,
                stream_options={"include_usage": True},
            )
        )
        choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
        usage = chunks[-1].usage
        assert usage is not None
        text = "".join(choice.delta.content or "" for choice in choices)
        return text, choices[-1].finish_reason, usage.completion_tokens


def test_an_inserted_node_changes_the_text_and_nothing_else() -> None:
    with ServerProcess("chat", *SERVE) as plain:
        plain.wait_ready()
        text, finish, tokens = ask(plain.url, "chat", stream=False, max_tokens=40)
    with ServerProcess(str(GRAPHS / "loud_chat.yaml"), *SERVE) as loud:
        loud.wait_ready()
        for stream in (False, True):
            assert ask(loud.url, "loud_chat", stream=stream, max_tokens=40) == (text.upper(), finish, tokens)
    assert text != text.upper()


@pytest.mark.parametrize("stream", [False, True])
def test_a_node_that_says_done_ends_the_engines_request_there(stream: bool) -> None:
    with ServerProcess(str(GRAPHS / "short_chat.yaml"), *SERVE) as server:
        server.wait_ready()
        for _ in range(5):
            before = figure(server.url, "engine_generated_tokens_total", "short_chat")
            text, finish, billed = ask(server.url, "short_chat", stream=stream, max_tokens=1000)
            assert len(text) == 20
            assert finish == "stop"
            # A request that follows is answered after the engine has seen the end of the one before.
            ask(server.url, "short_chat", stream=stream, max_tokens=1)
            generated = figure(server.url, "engine_generated_tokens_total", "short_chat") - before - 1
            assert billed <= generated <= billed + 2


def test_a_node_may_change_how_an_answer_is_sampled() -> None:
    with ServerProcess(str(GRAPHS / "cool_chat.yaml"), *SERVE) as server:
        server.wait_ready()
        with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
            texts = {
                client.completions.create(
                    model="cool_chat", prompt="A graph is", max_tokens=30, temperature=temperature
                )
                .choices[0]
                .text
                for temperature in (0.0, 1.0, 2.0)
            }
    assert len(texts) == 1
