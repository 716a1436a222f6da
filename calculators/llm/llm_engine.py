"""LlmEngineCalculator: a model folder becomes an engine that generates tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ovpipe.calculator import Calculator, Context, UsedGraph
from ovpipe.calculators.llm.loading.engine_options import read_engine
from ovpipe.calculators.llm.loading.first_core import open_first
from ovpipe.calculators.llm.loading.folder import MODEL, TOKENIZER, check_folder
from ovpipe.engines.messages import Progress
from ovpipe.engines.process.client import EngineClient
from ovpipe.engines.protocol import Engine, EngineTimeouts
from ovpipe.errors import OptionError
from ovpipe.ports import SideOutput
from ovpipe.registry import register

TIMEOUTS: Final = EngineTimeouts()


@register
class LlmEngineCalculator(Calculator):
    """Loads a language model in OpenVINO's format into an engine, once, for all requests of its graph.

    No streams. Side output `engine`: generates tokens, in a process of its own.

    `models_path` is a folder with openvino_model.xml and openvino_tokenizer.xml. `engine` names the core that
    runs the model (`core: genai` unless said) and holds the core's own options; docs/engine-options.md has a
    table of them. `core: auto` takes the core graph where it can load the model on this device, else genai,
    with options that both have. The timeouts are seconds of silence after which the engine counts as hung;
    `still_timeout` is of a process that does not even compute. While it serves, measured speed moves those of
    prefill and step. An engine that takes more than `memory_ceiling` gigabytes is replaced by another process
    in an orderly way. Without it that is what it took after the load, its cache, and half as much again or
    4 GB; 0 is no ceiling. What runs in a process that is replaced has `recycle_timeout` to end there; then
    the next one reads it again and goes on.

        engine:
          calculator: LlmEngineCalculator
          side_outputs: {engine: engine}
          options: {models_path: ./models/qwen, device: CPU, engine: {core: genai, cache_size: 4}}
    """

    engine = SideOutput[Engine]()

    def __init__(
        self,
        *,
        models_path: str,
        device: str = "CPU",
        engine: dict[str, Any] | None = None,
        load_timeout: float = TIMEOUTS.load,
        warm_up_timeout: float = TIMEOUTS.warm_up,
        prefill_timeout: float = TIMEOUTS.prefill,
        step_timeout: float = TIMEOUTS.step,
        still_timeout: float = TIMEOUTS.still,
        recycle_timeout: float = TIMEOUTS.recycle,
        memory_ceiling: float | None = None,
    ) -> None:
        self._folder = Path(models_path)
        self._candidates = read_engine(type(self).__name__, models_path, device, engine or {})
        for name, seconds in (
            ("load_timeout", load_timeout),
            ("warm_up_timeout", warm_up_timeout),
            ("prefill_timeout", prefill_timeout),
            ("step_timeout", step_timeout),
            ("still_timeout", still_timeout),
            ("recycle_timeout", recycle_timeout),
        ):
            if not seconds > 0:
                raise ValueError(f"{name} is {seconds:g}; it is in seconds and above 0")
        self._timeouts = EngineTimeouts(
            load=load_timeout,
            warm_up=warm_up_timeout,
            prefill=prefill_timeout,
            step=step_timeout,
            still=still_timeout,
            recycle=recycle_timeout,
        )
        if memory_ceiling is not None and not memory_ceiling >= 0:
            raise ValueError(f"memory_ceiling is {memory_ceiling:g}; it is in gigabytes, and 0 for none")
        self._memory_ceiling = None if memory_ceiling is None else round(memory_ceiling * 1024**3)
        self._client: EngineClient | None = None

    @classmethod
    def used_graphs(cls, options: Mapping[str, Any]) -> Sequence[UsedGraph]:
        """The graph of a step, where the core's step is one."""
        path, device, engine = (options.get(name) for name in ("models_path", "device", "engine"))
        try:
            candidates = read_engine(cls.__name__, path or "", device or "CPU", engine or {})
        except OptionError:  # which is a finding of its own
            return ()
        found = []
        for _, read in candidates:
            if (graph := read.step_graph) is not None:
                known = {
                    name: value for name, value in graph.parameters.items() if path or name != "models_path"
                }
                found.append(UsedGraph(graph.name, known, graph.inputs, graph.outputs, graph.side_outputs))
        return tuple(found)

    async def open(self, cx: Context) -> None:
        """Starts the engine; returns when it is warm."""
        check_folder(self._folder, MODEL, *TOKENIZER)

        def on_progress(progress: Progress) -> None:
            if self._client is None:  # a restart, later, is not part of opening
                cx.progress(progress.detail, progress.fraction)

        self._client = await open_first(
            self._candidates,
            cx.progress,
            cx.calculator_folders,
            timeouts=self._timeouts,
            memory_ceiling=self._memory_ceiling,
            on_progress=on_progress,
            name=self._folder.resolve().name,  # "." has none
        )
        cx.set_side(self.engine, self._client)

    async def close(self, cx: Context) -> None:
        """Ends the engine's process."""
        if self._client is not None:
            await self._client.close()
