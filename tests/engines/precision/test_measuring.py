"""How a core is measured: with a few requests, of which nothing is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from ovpipe.engines.messages import Refused
from ovpipe.engines.precision.measuring import measure
from ovpipe.engines.protocol import Delta
from tests.engines.cores import MODEL, a_prompt, greedy, loaded, tokens
from tests.engines.fake_host import CountingCore


class CoreByTheClock(CountingCore):
    """Each of its steps takes so many seconds by a clock of its own."""

    def __init__(self, seconds: float) -> None:
        super().__init__({}, lambda said: None)
        self.seconds = seconds
        self.now = 0.0

    def step(self) -> Sequence[Delta | Refused]:
        self.now += self.seconds
        return super().step()


def test_a_measured_core_is_as_it_was() -> None:
    core = loaded()
    before = tokens(core, a_prompt(5), greedy(20))
    figures = measure(core)
    assert figures.streams == 8
    assert core.stats().num_requests == 0
    assert core.stats().kv_cache_usage == 0
    assert tokens(core, a_prompt(5), greedy(20)) == before


@pytest.mark.parametrize(
    ("options", "streams"),
    [
        ({"draft_models_path": str(MODEL)}, 8),
        ({"prompt_lookup": True}, 8),
        ({"cache_eviction_config": {"start_size": 32, "recent_size": 64, "max_cache_size": 128}}, 8),
        ({"dynamic_split_fuse": False, "max_num_batched_tokens": 64}, 8),
        ({"max_num_seqs": 3}, 3),
        ({"num_kv_blocks": 5}, 2),
        ({"num_kv_blocks": 1}, 1),
    ],
    ids=str,
)
@pytest.mark.slow
def test_an_engine_is_measured_with_the_options_it_serves_with(options: dict[str, Any], streams: int) -> None:
    core = loaded(**options)
    assert measure(core).streams == streams
    assert core.stats().num_requests == 0


def test_a_cache_without_room_for_a_few_steps_cannot_be_measured_in() -> None:
    core = CoreByTheClock(0.01)
    core.info = msgspec.structs.replace(core.info, context_length=16)
    with pytest.raises(ValueError, match="a KV cache and a context of 16 tokens are too small"):
        measure(core)


def test_the_figures_are_seconds_of_a_step_and_of_a_prompts_token() -> None:
    core = CoreByTheClock(0.01)
    figures = measure(core, lambda: core.now)
    assert figures.alone == pytest.approx(0.01)
    assert figures.together == pytest.approx(0.01)
    assert figures.prefill == pytest.approx(0.01 / 256)


def test_a_slow_model_is_measured_by_a_few_steps_in_one_round() -> None:
    slow, quick = CoreByTheClock(10.0), CoreByTheClock(0.001)
    measure(slow, lambda: slow.now)
    measure(quick, lambda: quick.now)
    assert slow.prompt_tokens == 9 * 8 + 256
    assert quick.prompt_tokens == 3 * slow.prompt_tokens
    assert slow.steps < 15 < 3 * 24 < quick.steps


def test_the_fastest_step_counts_because_what_else_runs_only_slows() -> None:
    class BusyMachine(CoreByTheClock):
        def step(self) -> Sequence[Delta | Refused]:
            self.seconds = 0.01 if self.steps % 3 == 0 else 0.5
            return super().step()

    core = BusyMachine(0.0)
    figures = measure(core, lambda: core.now)
    assert figures.alone == pytest.approx(0.01)
    assert figures.together == pytest.approx(0.01)
