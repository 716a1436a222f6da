"""The metrics by vLLM's names, so that a dashboard made for vLLM shows this server, too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from ovpipe.serving.metrics.generation import GenerationMetrics
from ovpipe.serving.metrics.side_packets import Values, values_of
from ovpipe.serving.metrics.vllm_names import LABELS, OF_ENGINES, OF_TEXTS, VllmMetric
from ovpipe.serving.models.repository import Repository


class VllmMetrics(Collector):
    """All of them: of texts for every model, of engines for those models that are available."""

    def __init__(self, repository: Repository, generation: Mapping[str, GenerationMetrics]) -> None:
        self._repository = repository
        self._generation = generation

    def collect(self) -> Iterable[Metric]:
        """One family a metric."""
        for metric in OF_TEXTS:
            yield of_texts(metric, self._generation)
        engines = list(self._engines())
        for metric in OF_ENGINES:
            family = plain(metric)
            for labels, values in engines:
                family.add_metric(labels, number_of(values, metric.source))
            yield family
        yield cache_config(engines)

    def _engines(self) -> Iterator[tuple[list[str], Values]]:
        """What each engine of each model counts, with its labels."""
        for model in self._repository.available():
            for index, values in enumerate(engines_of(model.name, model.ready().side_packets())):
                yield [model.name, str(index)], values


def of_texts(metric: VllmMetric, counts: Mapping[str, GenerationMetrics]) -> Metric:
    """A metric of the texts of each model."""
    if metric.kind == "histogram":
        histogram = HistogramMetricFamily(metric.full_name, metric.meaning, labels=LABELS)
        for model, of_model in counts.items():
            observed = getattr(of_model, metric.source)
            histogram.add_metric([model, "0"], observed.buckets(), observed.total)
        return histogram
    family = plain(metric)
    for model, of_model in counts.items():
        if metric.label is None:
            family.add_metric([model, "0"], getattr(of_model, metric.source))
        else:
            for value, number in getattr(of_model, metric.source).items():
                family.add_metric([model, "0", value], number)
    return family


def plain(metric: VllmMetric) -> CounterMetricFamily | GaugeMetricFamily:
    """A family of a metric that is no histogram."""
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    return kind(
        metric.full_name, metric.meaning, labels=LABELS if metric.label is None else (*LABELS, metric.label)
    )


def engines_of(model: str, packets: Mapping[str, Any]) -> list[Values]:
    """What each engine among a graph's side packets counts, those it shares with others included."""
    all_values = (values_of(f"{model}.{name}", packet) for name, packet in packets.items())
    return [values for values in all_values if all(metric.source in values for metric in OF_ENGINES)]


def cache_config(engines: Iterable[tuple[list[str], Values]]) -> Metric:
    """The sizes of the KV cache, as labels of a 1."""
    labels = (*LABELS, "block_size", "num_gpu_blocks")
    family = GaugeMetricFamily("vllm:cache_config_info", "sizes of the KV cache, as labels", labels=labels)
    for names, values in engines:
        sizes = (number_of(values, f"engine_{name}") for name in ("block_size", "num_kv_blocks"))
        family.add_metric([*names, *(f"{size:g}" for size in sizes)], 1)
    return family


def number_of(values: Values, name: str) -> float:
    """One of an engine's numbers; 0 where it is none."""
    value = values.get(name, 0.0)
    return value if isinstance(value, float) else 0.0
