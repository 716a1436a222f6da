"""The core `graph` with a real model: its greedy texts are those of genai, whatever else is in the batch."""

from __future__ import annotations

import gc
import random
from pathlib import Path

import pytest

from ovpipe.engine_graph.core import GraphCore
from ovpipe.engine_graph.loading import load_graph_core
from ovpipe.engines.genai.loading import load_genai_core
from ovpipe.engines.protocol import GenerateRequest
from tests.engines.cores import greedy, ignore, run
from tests.engines.crowds import in_a_crowd
from tests.real.answers import SECONDS
from tests.real.references.recorded import RECORDED

pytestmark = [pytest.mark.real, pytest.mark.timeout(SECONDS)]

CHATS = [chat for name, chat in RECORDED.chats.items() if name != "license"][:18]
PROMPTS = [
    *(chat.prompt for chat in CHATS),
    # The next turn of some of these, whose beginning then stands in the cache.
    *([*chat.prompt, *chat.ids, *chat.prompt[-20:]] for chat in CHATS[:4]),
]


@pytest.fixture(scope="module")
def texts(model: Path) -> list[list[int]]:
    """What genai says to each prompt alone."""
    core = load_genai_core({"models_path": str(model), "exact": True, "num_kv_blocks": 64}, ignore)
    found = [run(core, asking(1, at))[1] for at in range(len(PROMPTS))]
    del core
    gc.collect()  # a model in f32 is large
    return found


def loaded(model: Path, **options: int) -> GraphCore:
    return load_graph_core({"models_path": str(model), "exact": True, **options}, ignore)


def asking(id: int, at: int, drafts: int | None = None) -> GenerateRequest:
    return GenerateRequest(id, PROMPTS[at], greedy(32, ignore_eos=False, num_assistant_tokens=drafts))


def test_alone_each_text_is_that_of_genai(model: Path, texts: list[list[int]]) -> None:
    core = loaded(model, num_kv_blocks=64)
    assert [run(core, asking(1, at))[1] for at in range(len(PROMPTS))] == texts
    assert core.stats().prefix_cache_hits > 0


@pytest.mark.parametrize("num_kv_blocks", [256, 16])
def test_in_crowds_that_come_and_go_each_text_is_that_of_genai_alone(
    model: Path, texts: list[list[int]], num_kv_blocks: int
) -> None:
    """Many at once and some of them twice; with few blocks they preempt each other."""
    core = loaded(model, num_kv_blocks=num_kv_blocks, max_num_batched_tokens=128)
    for seed in range(2):
        chance = random.Random(seed)
        places = chance.choices(range(len(PROMPTS)), k=16)
        asked = [asking(100 * seed + n, at, chance.choice([None, 3])) for n, at in enumerate(places)]
        gone = {each.id for each in chance.sample(asked, 4)}
        found = in_a_crowd(core, asked, gone, chance)
        for each, at in zip(asked, places, strict=True):
            got = found[each.id]
            assert got == (texts[at][: len(got)] if each.id in gone else texts[at])
    stats = core.stats()
    assert stats.prefix_cache_hits > 0
    assert stats.accepted_tokens > 0
    assert (stats.preemptions > 0) is (num_kv_blocks == 16)
