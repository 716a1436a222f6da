"""What side packets count of themselves, for /metrics."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from ovpipe.serving.models.repository import Repository

log = logging.getLogger(__name__)

Values: TypeAlias = Mapping[str, float | Mapping[str, Mapping[str, float]]]
"""Numbers by name, or, by a label of their own, one for each of its values."""


class SidePacketMetrics(Collector):
    """Metrics of whatever side packet of an open graph has `metrics()`, which gives numbers by name.

    Those whose names end in _total are counters; three named _bucket (by the label `le`), _sum and _count
    are a histogram; the others are gauges.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def collect(self) -> Iterable[Metric]:
        """One family a metric, labelled by the model or the resource, and the side packet's name there, and
        by the number of a generation that drains.
        """
        families: dict[str, Metric] = {}
        for owner, packets in self._repository.side_packets():
            for name, packet in packets.items():
                labels = {**owner, "side_packet": name}
                values = values_of(f"{next(iter(owner.values()))}.{name}", packet)
                for metric, value in values.items():
                    family = _family(metric, values)
                    family = families.setdefault(family.name, family)
                    for own, number in _samples(value):
                        family.add_sample(f"ovpipe_{metric}", {**labels, **own}, number)
        return [family for family in families.values() if family.samples]


def _family(metric: str, values: Values) -> Metric:
    """What a metric belongs to: a histogram of three, or it alone."""
    name, kind = f"ovpipe_{metric}", "gauge"
    stem, _, part = metric.rpartition("_")
    if f"{stem}_bucket" in values and part in ("bucket", "sum", "count"):
        name, kind = f"ovpipe_{stem}", "histogram"
    elif part == "total":
        name, kind = f"ovpipe_{stem}", "counter"
    return Metric(name, "Of a side packet of a model's or a resource's graph.", kind)


def _samples(value: float | Mapping[str, Mapping[str, float]]) -> Iterator[tuple[dict[str, str], float]]:
    """Numbers with the labels that they have beside the side packet's."""
    if isinstance(value, float):
        yield {}, value
        return
    for label, numbers in value.items():
        for name, number in numbers.items():
            yield {label: name}, number


def values_of(place: str, packet: Any) -> Values:
    """What a side packet counts; nothing for one that counts nothing, or fails at it."""
    metrics = getattr(packet, "metrics", None)
    if not callable(metrics):
        return {}
    try:
        return {str(name): _plain(value) for name, value in metrics().items()}
    except BaseException:  # a side packet's fault must not cost the page of all others, nor the server
        log.exception("the metrics of side packet %r cannot be read", place)
        return {}


def _plain(value: Any) -> float | Mapping[str, Mapping[str, float]]:
    """A metric as it is promised; raises where it is not, so that nothing else can be wrong with it."""
    if not isinstance(value, Mapping):
        return float(value)
    return {
        str(label): {str(name): float(number) for name, number in numbers.items()}
        for label, numbers in value.items()
    }
