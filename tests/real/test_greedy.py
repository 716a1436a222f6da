"""Greedy answers of a real model against those that transformers gave in f32."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletion

from tests.real.answers import SECONDS, Served, at_once
from tests.real.references.prompts import CHATS
from tests.real.references.recorded import RECORDED

pytestmark = [pytest.mark.real, pytest.mark.timeout(SECONDS)]

END = 2
"""<|im_end|>"""


@pytest.fixture(scope="module")
def alone(smol: Served) -> dict[str, ChatCompletion]:
    """The answers, each asked when nobody else asks."""
    return {name: smol.ask(chat, logprobs=True, return_token_ids=True) for name, chat in CHATS.items()}


@pytest.mark.parametrize("name", CHATS)
def test_a_prompt_has_the_token_ids_of_transformers(alone: dict[str, ChatCompletion], name: str) -> None:
    assert extra(alone[name])["prompt_token_ids"] == RECORDED.chats[name].prompt


@pytest.mark.parametrize("name", CHATS)
def test_an_answer_is_that_of_transformers(alone: dict[str, ChatCompletion], name: str) -> None:
    choice, recorded = alone[name].choices[0], RECORDED.chats[name]
    assert choice.message.content == recorded.text
    assert extra(choice)["token_ids"] == recorded.ids
    ended = recorded.ids[-1] == END
    assert choice.finish_reason == ("stop" if ended else "length")


@pytest.mark.parametrize("name", CHATS)
def test_log_probabilities_are_those_of_transformers(alone: dict[str, ChatCompletion], name: str) -> None:
    logprobs = alone[name].choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content is not None
    found = [entry.logprob for entry in logprobs.content]
    assert found == pytest.approx(RECORDED.chats[name].logprobs, abs=1e-3)


def test_thirty_at_once_have_the_texts_that_they_have_alone(smol: Served) -> None:
    assert len(CHATS) == 30
    together = dict(zip(CHATS, at_once(smol.text, CHATS.values()), strict=True))
    assert together == {name: chat.text for name, chat in RECORDED.chats.items()}
    assert smol.figure("engine_max_running") >= 24


def extra(part: openai.BaseModel) -> dict[str, Any]:
    """What ovpipe adds to OpenAI's answers."""
    assert part.model_extra is not None
    return part.model_extra
