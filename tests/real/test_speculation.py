"""Drafted tokens change no text of a real model, and save steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from tests.real.answers import SECONDS, Served
from tests.real.references.prompts import CHATS
from tests.real.references.recorded import RECORDED
from tests.serving.server_process import ServerProcess

pytestmark = [pytest.mark.real, pytest.mark.timeout(SECONDS)]

CONFIG = """
version: 1
models:
  lookup:
    graph: chat
    parameters:
      models_path: {model}
      engine: {{exact: true, num_kv_blocks: 64, prompt_lookup: true}}
  drafted:
    graph: chat
    parameters:
      models_path: {model}
      engine: {{exact: true, num_kv_blocks: 64, draft_models_path: {draft}}}
"""


@pytest.fixture(scope="module")
def speculating(model: Path, int8_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Two models, one that drafts from the text, and one that the same model in 8 bits drafts for."""
    config = tmp_path_factory.mktemp("speculating") / "server.yaml"
    config.write_text(CONFIG.format(model=model, draft=int8_model))
    with ServerProcess("--config", str(config)) as server:
        server.wait_ready()
        with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
            yield Served(client, server.url, "lookup")


def test_prompt_lookup_repeats_a_text_in_fewer_steps(speculating: Served) -> None:
    steps, tokens = steps_and_tokens(speculating, "lookup", "repeat", "blanks", "translate", "accents")
    assert steps * 4 < tokens * 3


def test_the_same_model_in_8_bits_drafts_most_tokens_rightly(speculating: Served) -> None:
    steps, tokens = steps_and_tokens(speculating, "drafted", "story", "code", "chinese", "four turns", "sql")
    assert steps * 2 < tokens


def steps_and_tokens(server: Served, model: str, *names: str) -> tuple[int, int]:
    """What it took to answer these chats as transformers does; idle steps after each answer count, too."""
    served = Served(server.client, server.url, model)
    before = served.figure("engine_steps_total")
    for name in names:
        assert served.text(CHATS[name]) == RECORDED.chats[name].text
    steps = served.figure("engine_steps_total") - before
    return steps, sum(len(RECORDED.chats[name].ids) for name in names)
