"""A host process whose core keeps time: each step takes as long as it is told, whatever is in it.

What a server carries with it is known beforehand: max_num_seqs / (step_seconds * tokens) requests a second.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from ovpipe.engines.messages import Refused
from ovpipe.engines.process.host import Report, main
from ovpipe.engines.protocol import Delta, EngineInfo, EngineStats, FinishReason, GenerateRequest, Token

LETTERS = range(300, 340)
"""Ids that every tokenizer has and that are text."""


class ClockCore:
    """A token for each of the oldest `max_num_seqs` requests a step."""

    def __init__(self, options: dict[str, Any], _: Report) -> None:
        self._step_seconds = float(options["step_seconds"])
        self._next = 0.0
        self._live: dict[int, GenerateRequest] = {}
        self._made: dict[int, int] = {}
        self._steps = self._tokens = self._running = 0
        self.info = EngineInfo(
            core="clock",
            device="CPU",
            context_length=8192,
            vocab_size=4096,
            eos_token_ids=[0],
            num_kv_blocks=100_000,
            block_size=32,
            cache_bytes=1,
            max_num_seqs=int(options["max_num_seqs"]),
            max_num_batched_tokens=8192,
            dynamic_split_fuse=True,
            capabilities=frozenset({"max_tokens", "ignore_eos", "temperature", "seed", "priority"}),
        )

    def add(self, request: GenerateRequest) -> None:
        self._live[request.id] = request
        self._made[request.id] = 0

    def cancel(self, request_id: int) -> None:
        self._live.pop(request_id, None)
        self._made.pop(request_id, None)

    def step(self) -> Sequence[Delta | Refused]:
        now = time.perf_counter()
        self._next = max(self._next + self._step_seconds, now)
        time.sleep(self._next - now)
        deltas = []
        running = list(self._live.values())[: self.info.max_num_seqs]
        for request in running:
            count = self._made[request.id] = self._made[request.id] + 1
            finish: FinishReason | None = "length" if count >= request.sampling.max_tokens else None
            deltas.append(
                Delta(request.id, [Token(LETTERS[(count + request.id) % len(LETTERS)])], count, finish)
            )
            if finish:
                self.cancel(request.id)
        self._steps += 1
        self._running = len(running)
        self._tokens += len(running)
        return deltas

    def stats(self) -> EngineStats:
        return EngineStats(
            num_requests=len(self._live),
            num_running=self._running,
            max_running=self._running,
            kv_cache_usage=0.0,
            steps=self._steps,
            generated_tokens=self._tokens,
            prompt_tokens=0,
        )


if __name__ == "__main__":
    main(ClockCore)
