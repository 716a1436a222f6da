"""An engine's metrics: totals that never fall, and sizes in buckets."""

from __future__ import annotations

from typing import Any

from ovpipe.engines.process.metrics import EngineMetrics
from ovpipe.engines.protocol import EngineStats


def snapshot(metrics: EngineMetrics) -> dict[str, Any]:
    return dict(metrics.snapshot(None, pid=None, requests=0))


def test_the_time_in_a_node_is_that_of_all_lives_and_of_whatever_nodes_each_had() -> None:
    metrics = EngineMetrics()
    metrics.step(EngineStats(node_seconds={"model": 2.0, "sampler": 0.5}))
    metrics.lost()
    assert snapshot(metrics)["engine_node_seconds_total"] == {"node": {"model": 2.0, "sampler": 0.5}}
    metrics.step(EngineStats(node_seconds={"model": 1.0, "mine": 0.25}))
    assert snapshot(metrics)["engine_node_seconds_total"] == {
        "node": {"model": 3.0, "sampler": 0.5, "mine": 0.25}
    }


def test_a_node_that_has_taken_no_time_yet_has_a_metric_all_the_same() -> None:
    metrics = EngineMetrics()
    metrics.step(EngineStats(node_seconds={"model": 0.0}))
    assert snapshot(metrics)["engine_node_seconds_total"] == {"node": {"model": 0.0}}


def test_batches_are_counted_by_size_and_steps_without_one_are_not() -> None:
    metrics = EngineMetrics()
    for rows, tokens in ((1, 300), (1, 1), (3, 3), (0, 0), (4, 0), (9_000, 9_000)):
        metrics.step(EngineStats(batch_rows=rows, batch_tokens=tokens))
    metrics.lost()
    found = snapshot(metrics)
    rows = found["engine_batch_rows_bucket"]["le"]
    assert [rows[bound] for bound in ("1", "2", "4", "8", "8192", "+Inf")] == [2, 2, 4, 4, 4, 5]
    assert (found["engine_batch_rows_sum"], found["engine_batch_rows_count"]) == (9_009, 5)
    tokens = found["engine_batch_tokens_bucket"]["le"]
    assert [tokens[bound] for bound in ("1", "4", "256", "512")] == [1, 2, 2, 3]
    assert found["engine_batch_tokens_count"] == 4
