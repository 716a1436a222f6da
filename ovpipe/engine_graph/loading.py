"""Loading: from options to a core whose graph is open and warm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ovpipe.engine_graph.core import GraphCore
from ovpipe.engines.fingerprint import fingerprint
from ovpipe.engines.graph.options import GraphCoreOptions
from ovpipe.engines.messages import Progress, Reading
from ovpipe.engines.warm_up import warm_up
from ovpipe.graph.files import find_graph
from ovpipe.registry import Registry
from ovpipe.runtime import Graph


def load_graph_core(
    options: dict[str, Any],
    report: Callable[[Progress | Reading], None],
    calculator_folders: Sequence[Path] = (),
) -> GraphCore:
    """Opens the graph that the options name, which loads the model, and warms it up.

    Its calculators are those of the installed packages, and of these folders of projects.
    """
    typed = GraphCoreOptions.of(options)
    file = find_graph(typed.graph, Path())
    report(Progress(phase="load", detail=f"opening the graph {file.stem}"))
    registry = Registry.installed()
    for folder in calculator_folders:
        registry.collect_folder(folder)
    graph = Graph.load(file, registry=registry, parameters=typed.step_graph.parameters)

    in_service = False

    def begins(request_id: int) -> None:
        if in_service:  # the host knows nothing of the requests of a warm-up
            report(Reading(request_id))

    def progress(node: str, message: str, fraction: float | None) -> None:
        report(Progress(phase="load", detail=message, fraction=fraction))

    # The graph stays open as long as the process lives; its nodes without streams may open asynchronously.
    asyncio.run(graph.open({"on_reading": begins}, progress=progress))
    settings = {**msgspec.to_builtins(typed), "graph": file.read_text("utf-8")}
    core = GraphCore(graph, typed, fingerprint(settings, Path(typed.models_path)))
    warm_up(core, report)
    core.begin_service()
    in_service = True
    return core
