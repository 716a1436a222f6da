"""An engine's metrics, across the lives of its process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from ovpipe.engines.process.size_histogram import SizeHistogram
from ovpipe.engines.protocol import EngineInfo, EngineStats

DIED: Final = "died"
HUNG: Final = "hung"
POISONED: Final = "poisoned"
"""Why a process came to its end by itself; `EngineClient.recycle` is given other reasons."""

_NOTHING = EngineStats()


class EngineMetrics:
    """Adds up what each process counted, so that totals never fall when one is replaced."""

    def __init__(self) -> None:
        self.restarts = Counter({DIED: 0, HUNG: 0, POISONED: 0})
        """How often another process has taken the place, by why."""
        self.progress = 0
        """Moves with each sign that the engine works on something: steps with a batch, phases of a load."""
        self._now = _NOTHING
        self._max_running = 0
        self._steps = 0
        self._generated_tokens = 0
        self._prompt_tokens = 0
        self._preemptions = 0
        self._drafted_tokens = 0
        self._accepted_tokens = 0
        self._prefix_cache_queries = 0
        self._prefix_cache_hits = 0
        self._node_seconds: Counter[str] = Counter()
        self._batch_rows = SizeHistogram()
        self._batch_tokens = SizeHistogram()

    def step(self, stats: EngineStats) -> None:
        """The latest counts of the process that serves."""
        self._now = stats
        if stats.num_running:  # else it steps without getting anywhere
            self.progress += 1
        if stats.batch_rows:
            self._batch_rows.add(stats.batch_rows)
        if stats.batch_tokens:
            self._batch_tokens.add(stats.batch_tokens)

    def work(self) -> None:
        """The process computes, within a long step."""
        self.progress += 1

    def lost(self) -> None:
        """The process is gone; what it counted stays counted."""
        self._max_running = max(self._max_running, self._now.max_running)
        self._steps += self._now.steps
        self._generated_tokens += self._now.generated_tokens
        self._prompt_tokens += self._now.prompt_tokens
        self._preemptions += self._now.preemptions
        self._drafted_tokens += self._now.drafted_tokens
        self._accepted_tokens += self._now.accepted_tokens
        self._prefix_cache_queries += self._now.prefix_cache_queries
        self._prefix_cache_hits += self._now.prefix_cache_hits
        self._node_seconds.update(self._now.node_seconds)
        self._now = _NOTHING

    def snapshot(
        self, info: EngineInfo | None, *, pid: int | None, requests: int, resident_bytes: int = 0
    ) -> Mapping[str, Any]:
        """All metrics by name. `requests` is what the server has in the engine, queued or running.

        `pid` is the process that serves, None (and 0 in the metrics) while there is none; `resident_bytes` is
        its memory.
        """
        now = self._now
        node_seconds = self._node_seconds.copy()
        node_seconds.update(now.node_seconds)
        return {
            "engine_up": 0 if pid is None else 1,
            "engine_pid": pid or 0,
            "engine_restarts_total": {"reason": dict(self.restarts)},
            "engine_resident_bytes": resident_bytes,
            "engine_requests": requests,
            "engine_running": now.num_running,
            "engine_max_running": max(self._max_running, now.max_running),
            "engine_kv_cache_usage": now.kv_cache_usage,
            "engine_steps_total": self._steps + now.steps,
            "engine_generated_tokens_total": self._generated_tokens + now.generated_tokens,
            "engine_prompt_tokens_total": self._prompt_tokens + now.prompt_tokens,
            "engine_preemptions_total": self._preemptions + now.preemptions,
            "engine_drafted_tokens_total": self._drafted_tokens + now.drafted_tokens,
            "engine_accepted_tokens_total": self._accepted_tokens + now.accepted_tokens,
            "engine_prefix_cache_queries_total": self._prefix_cache_queries + now.prefix_cache_queries,
            "engine_prefix_cache_hits_total": self._prefix_cache_hits + now.prefix_cache_hits,
            **self._batch_rows.metrics("engine_batch_rows"),
            **self._batch_tokens.metrics("engine_batch_tokens"),
            "engine_node_seconds_total": {"node": dict(node_seconds)},
            "engine_num_kv_blocks": 0 if info is None else info.num_kv_blocks,
            "engine_block_size": 0 if info is None else info.block_size,
            "engine_cache_bytes": 0 if info is None else info.cache_bytes,
            "engine_max_num_seqs": 0 if info is None else info.max_num_seqs,
        }
