"""Loading: from options to a core whose graph is open and warm."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ovpipe.engine_graph.core import GraphCore
from ovpipe.engines.batching_options import Precision
from ovpipe.engines.fingerprint import fingerprint
from ovpipe.engines.graph.options import GraphCoreOptions
from ovpipe.engines.kv_cache.element_type import F16, plan_in_f16
from ovpipe.engines.kv_cache.memory import available_memory
from ovpipe.engines.kv_cache.plan import CachePlan, plan_cache
from ovpipe.engines.messages import Progress, Reading
from ovpipe.engines.model_folder import ModelFolder
from ovpipe.engines.precision.auto import AutoPrecision
from ovpipe.engines.precision.candidates import candidates_of, inference_precision
from ovpipe.engines.precision.choice import Figures, Forms, best_forms, best_precision, typical_prompt
from ovpipe.engines.precision.measuring import measure
from ovpipe.engines.precision.remembered import RememberedFigures
from ovpipe.engines.precision.subject import Subject
from ovpipe.engines.warm_up import warm_up
from ovpipe.graph.files import find_graph
from ovpipe.registry import Registry
from ovpipe.runtime import Graph

Report = Callable[[Progress | Reading], None]

FORM_IN_MEMORY = 3.0
"""Times its weights: what a second form takes, and takes for a moment while it is compiled; and some room."""


def load_graph_core(
    options: dict[str, Any],
    report: Report,
    calculator_folders: Sequence[Path] = (),
    *,
    candidates: Callable[[GraphCoreOptions, ModelFolder], tuple[Precision, ...]] = candidates_of,
) -> GraphCore:
    """Opens the graph that the options name, which loads the model, and warms it up.

    Its calculators are those of the installed packages, and of these folders of projects. `candidates` are
    the precisions between which it measures, where there is a choice; it then takes two forms of the model
    where these are worth it.
    """
    typed = GraphCoreOptions.of(options)
    model = ModelFolder.read(Path(typed.models_path))
    registry = Registry.installed()
    for folder in calculator_folders:
        registry.collect_folder(folder)
    opened = _OpenedGraph(registry, report)
    if measured := candidates(typed, model):

        def load(forms: Forms, say: Callable[[Progress], None]) -> GraphCore:
            return opened.warm_core(*_with_cache(_in_forms(typed, forms), model), say)

        def choose(figures: Mapping[Precision, Figures]) -> Forms:
            prompt = typical_prompt(model.context_length)
            if typed.prefill_precision == "same" or available_memory() < FORM_IN_MEMORY * model.weights_bytes:
                return Forms.one(best_precision(figures, prompt))
            return best_forms(figures, prompt)

        core = AutoPrecision(
            load=load,
            measure=measure,
            remembered=RememberedFigures.of_user(os.environ),
            choose=choose,
            report=report,
        ).load(Subject.of("graph", typed, measured, model))
    else:
        core = opened.warm_core(*_with_cache(typed, model), report)
    core.begin_service()
    opened.in_service = True
    return core


class _OpenedGraph:
    """One graph at a time: that of the core which is measured or serves."""

    def __init__(self, registry: Registry, report: Report) -> None:
        self._registry = registry
        self._report = report
        self._graph: Graph | None = None
        self.in_service = False

    def warm_core(
        self, options: GraphCoreOptions, cache: CachePlan, say: Callable[[Progress], None]
    ) -> GraphCore:
        """Closes the graph before, so that two models are never there at once, and opens one."""
        if self._graph is not None:
            asyncio.run(self._graph.close())
            self._graph = None
            gc.collect()  # the model is let go of before the next one is loaded
        file = find_graph(options.graph, Path())
        say(Progress(phase="load", detail=f"opening the graph {file.stem}"))
        say(Progress(phase="load", detail=cache.describe()))
        sized = {"cache_size": None, "num_kv_blocks": cache.num_kv_blocks}
        parameters = {**options.step_graph.parameters, **sized}
        graph = Graph.load(file, registry=self._registry, parameters=parameters)

        def progress(node: str, message: str, fraction: float | None) -> None:
            say(Progress(phase="load", detail=message, fraction=fraction))

        # It stays open as long as its core is there; its nodes without streams may open asynchronously.
        asyncio.run(graph.open({"on_reading": self._begins}, progress=progress))
        self._graph = graph
        settings = _settings(options, graph.plan.files)
        core = GraphCore(graph, options, fingerprint(settings, Path(options.models_path)))
        core.info = msgspec.structs.replace(core.info, seconds_per_token=warm_up(core, say))
        return core

    def _begins(self, request_id: int) -> None:
        if self.in_service:  # the host knows nothing of the requests of a warm-up
            self._report(Reading(request_id))


def _with_cache(options: GraphCoreOptions, model: ModelFolder) -> tuple[GraphCoreOptions, CachePlan]:
    """The plan of the cache, and the options with its element type where ovpipe chooses it: f16, if better.

    Two forms share a cache of the type that the device gives the first.
    """
    if options.prefill_properties is None and (in_f16 := plan_in_f16(options, model)) is not None:
        return msgspec.structs.replace(options, kv_cache_precision=F16), in_f16
    return options, plan_cache(
        model,
        device=options.device,
        plugin_config=options.device_properties,
        cache_size=options.cache_size,
        num_kv_blocks=options.num_kv_blocks,
        max_num_seqs=options.max_num_seqs,
    )


def _in_forms(options: GraphCoreOptions, forms: Forms) -> GraphCoreOptions:
    return msgspec.structs.replace(
        options, precision=forms.decode, prefill_precision=forms.prefill if forms.are_two else "same"
    )


def _settings(options: GraphCoreOptions, files: Sequence[Path]) -> dict[str, Any]:
    """All that decides over answers beside the model; precisions are what it computes in, whoever said so."""
    decode, prefill = options.device_properties, options.prefill_properties
    computed = {
        "precision": inference_precision(options.device, decode),
        "prefill_precision": None if prefill is None else inference_precision(options.device, prefill),
    }
    return {**msgspec.to_builtins(options), **computed, "graph": [file.read_text("utf-8") for file in files]}
