"""How fast a warm core is: what a step and a prompt's token take."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from math import ceil
from typing import Final

from ovpipe.engines.backend import EngineCore
from ovpipe.engines.precision.choice import Figures
from ovpipe.engines.protocol import Delta, EngineInfo, GenerateRequest, SamplingParams
from ovpipe.engines.warm_up import settle

STREAMS: Final = 8
_PROMPT: Final = 8
_STEPS: Final = 12
_LEAST_STEPS: Final = 3
_SECONDS_OF_STEPS: Final = 1.0
"""After which no further step is made; so a large model is measured by a few."""
_LONGEST_CHUNK: Final = 512
_ROUNDS: Final = 3
_SECONDS_OF_ROUNDS: Final = 3.0
"""After which no further round begins."""


def measure(core: EngineCore, clock: Callable[[], float] = time.perf_counter) -> Figures:
    """Decodes one sequence, then several, and reads a prompt, in a few rounds; leaves the core as it was.

    The fastest of each counts: what else runs on the machine makes a step slower, never faster. Raises
    ValueError for an engine that cannot run these requests.
    """
    meter = _Meter(core, clock)
    streams = _streams(core.info)
    rounds = list[tuple[float, float, float]]()
    began = clock()
    while not rounds or (len(rounds) < _ROUNDS and clock() - began < _SECONDS_OF_ROUNDS):
        rounds.append((meter.decode(1), meter.decode(streams), meter.prefill()))
    settle(core)
    alone, together, prefill = (min(times) for times in zip(*rounds, strict=True))
    return Figures(alone=alone, together=together, streams=streams, prefill=prefill)


def _streams(info: EngineInfo) -> int:
    """As many as run at once for sure: each has its blocks, and one more for what is drafted ahead."""
    blocks = ceil((_PROMPT + _STEPS) / info.block_size) + 1
    return max(1, min(STREAMS, info.max_num_seqs, info.num_kv_blocks // blocks))


class _Meter:
    def __init__(self, core: EngineCore, clock: Callable[[], float]) -> None:
        info = core.info
        context = info.cache_tokens if info.context_length is None else info.context_length
        room = min(context, info.cache_tokens)
        if room < _PROMPT + _STEPS:
            raise ValueError(f"a KV cache and a context of {room} tokens are too small to measure in")
        self._core = core
        self._clock = clock
        self._chunk = min(info.max_num_batched_tokens, _LONGEST_CHUNK, room - 1)
        self._ids = itertools.count(1)
        self._random = random.Random(0)

    def decode(self, streams: int) -> float:
        """Seconds of a step in which so many sequences get a token."""
        live = {self._add(_PROMPT, _STEPS) for _ in range(streams)}
        waiting, steps = set(live), list[float]()
        deadline = float("inf")
        while len(live) == streams:
            together = not waiting
            began = self._clock()
            outcomes = self._step()
            now = self._clock()
            waiting -= {delta.request for delta in outcomes}
            live -= {delta.request for delta in outcomes if delta.finish is not None}
            if together:
                steps.append(now - began)
                deadline = min(deadline, began + _SECONDS_OF_STEPS)
            if len(steps) >= _LEAST_STEPS and now > deadline:
                break
        self._forget(live)
        if not steps:
            raise ValueError(f"{streams} sequences never ran together")
        return min(steps)

    def prefill(self) -> float:
        """Seconds of a token of a prompt that is as long as a step takes."""
        began = self._clock()
        live = {self._add(self._chunk, 1)}
        while live:
            live -= {delta.request for delta in self._step() if delta.finish is not None}
        return (self._clock() - began) / self._chunk

    def _add(self, prompt_tokens: int, max_tokens: int) -> int:
        """A request whose prompt no other has begun with: none of it is in the prefix cache."""
        prompt = self._random.choices(range(self._core.info.vocab_size), k=prompt_tokens)
        sampling = SamplingParams(max_tokens=max_tokens, temperature=0, ignore_eos=True)
        request = GenerateRequest(next(self._ids), prompt, sampling)
        self._core.add(request)
        return request.id

    def _step(self) -> list[Delta]:
        deltas = list[Delta]()
        for outcome in self._core.step():
            if not isinstance(outcome, Delta):
                raise ValueError(f"a request was refused: {outcome.message}")
            deltas.append(outcome)
        return deltas

    def _forget(self, live: set[int]) -> None:
        for request in live:
            self._core.cancel(request)
