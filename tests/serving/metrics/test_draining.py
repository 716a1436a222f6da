"""What drains is on /metrics until it has closed, by the number of its generation."""

from __future__ import annotations

from pathlib import Path

from ovpipe.serving.metrics.page import Metrics
from tests.serving.models.changing import Served, played

ONE = "one: {graph: ./model.yaml, parameters: {mood: %s}}"


def lines(metrics: Metrics, start: str) -> list[str]:
    return [line for line in metrics.text().decode().splitlines() if line.startswith(start)]


def test_a_generation_that_drains_has_its_metrics_beside_those_of_the_next(tmp_path: Path) -> None:
    served = Served(tmp_path, f"models: {{{ONE % 'old'}}}")

    async def scenario() -> None:
        served.repository.watch(None, node_metrics=True)
        metrics = Metrics(served.repository)
        lease = served.repository.find("one").lease()
        assert lines(metrics, "ovpipe_motor_turns") == [
            'ovpipe_motor_turns{model="one",side_packet="motor"} 3.0'
        ]
        await served.change(f"models: {{{ONE % 'new'}}}")
        assert lines(metrics, "ovpipe_motor_turns") == [
            'ovpipe_motor_turns{model="one",side_packet="motor"} 3.0',
            'ovpipe_motor_turns{generation="1",model="one",side_packet="motor"} 3.0',
        ]
        assert lines(metrics, "ovpipe_node_calls_total") == [
            'ovpipe_node_calls_total{graph="model",model="one",node="door"} 0.0',
            'ovpipe_node_calls_total{generation="1",graph="model",model="one",node="door"} 0.0',
        ]
        lease.release()
        await served.repository.ended()
        assert len(lines(metrics, "ovpipe_motor_turns")) == len(lines(metrics, "ovpipe_node_calls")) == 1

    played(served, scenario)


def test_so_has_a_model_that_is_gone_and_one_that_came_back_is_not_mistaken_for_it(tmp_path: Path) -> None:
    other = "two: {graph: ./model.yaml, parameters: {path: /v1/completions}}"
    served = Served(tmp_path, f"models: {{{ONE % 'old'}, {other}}}")

    async def scenario() -> None:
        metrics = Metrics(served.repository)
        first = served.repository.find("one").lease()
        await served.change(f"models: {{{other}}}")
        draining = 'ovpipe_motor_turns{generation="1",model="one",side_packet="motor"} 3.0'
        assert draining in lines(metrics, "ovpipe_motor_turns")
        await served.change(f"models: {{{ONE % 'back'}, {other}}}")
        second = served.repository.find("one").lease()
        await served.change(f"models: {{{ONE % 'again'}, {other}}}")
        shown = lines(metrics, "ovpipe_motor_turns")
        assert len(shown) == len(set(shown)) == 3
        first.release()
        second.release()

    played(served, scenario)
