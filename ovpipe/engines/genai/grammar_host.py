"""The core's grammar checker: `python -m ovpipe.engines.genai.grammar_host --fd N --parent PID`.

An engine's process like any other, which speaks an engine's protocol. Its model is a stand-in, so that the
grammar of a request is all there is to it, and a bad one costs that request alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ovpipe.engines.backend import EngineCore
from ovpipe.engines.genai.core import GenaiCore
from ovpipe.engines.genai.options import GenaiOptions
from ovpipe.engines.grammars.host_options import GrammarHostOptions
from ovpipe.engines.grammars.stand_in import write_stand_in
from ovpipe.engines.kv_cache.plan import plan_cache
from ovpipe.engines.messages import Progress, Refused
from ovpipe.engines.model_folder import ModelFolder
from ovpipe.engines.process.host import Report, main
from ovpipe.engines.process.native_errors import plain_message
from ovpipe.engines.protocol import Delta, EngineInfo, EngineStats, GenerateRequest, Grammar, SamplingParams


class GrammarCore:
    """Implements `backend.EngineCore`: a core whose failing step has failed for what is being checked."""

    def __init__(self, core: EngineCore) -> None:
        self._core = core
        self._live: set[int] = set()

    @property
    def info(self) -> EngineInfo:
        return self._core.info

    def add(self, request: GenerateRequest) -> None:
        self._core.add(request)
        self._live.add(request.id)

    def cancel(self, request_id: int) -> None:
        self._core.cancel(request_id)
        self._live.discard(request_id)

    def step(self) -> Sequence[Delta | Refused]:
        """A step of what is being checked, refusing it when it fails.

        Measured with genai: once everything is cancelled, the next step is a sound one again. Should it fail,
        too, the core is done for.
        """
        try:
            outcomes = self._core.step()
        except MemoryError:  # perhaps those before this one took it: that shows in a new process
            raise
        except Exception as error:
            refusals = [Refused(request, _fact(error)) for request in self._live]
            for refusal in refusals:
                self.cancel(refusal.request)
            self._core.step()
            return refusals
        for outcome in outcomes:
            if isinstance(outcome, Refused) or outcome.finish is not None:
                self._live.discard(outcome.request)
        return outcomes

    def stats(self) -> EngineStats:
        return self._core.stats()


def load_grammar_core(given: dict[str, Any], report: Report) -> EngineCore:
    """Builds the stand-in, loads it, and limits the process's memory."""
    options = GrammarHostOptions.read(given)
    report(Progress(phase="load", detail="building a stand-in for the model"))
    write_stand_in(Path(options.models_path), Path(options.folder))
    core = _genai_core(options.folder, options.kept_mebibytes)
    report(Progress(phase="warm_up", detail="compiling a first grammar"))
    first = SamplingParams(max_tokens=2, grammar=Grammar("ebnf", 'root ::= "a"'))
    core.add(GenerateRequest(0, [0], first))
    while core.stats().num_requests:
        core.step()
    options.limit_memory()
    return GrammarCore(core)


def _genai_core(folder: str, kept_mebibytes: int) -> GenaiCore:
    options = GenaiOptions(
        models_path=folder,
        device="CPU",
        num_kv_blocks=4,
        max_num_seqs=1,
        enable_prefix_caching=False,
        plugin_config={"INFERENCE_NUM_THREADS": 1},
        grammar_memory=kept_mebibytes,
    )
    model = ModelFolder.read(Path(folder))
    cache = plan_cache(
        model,
        device=options.device,
        plugin_config=options.device_properties,
        num_kv_blocks=options.num_kv_blocks,
        cache_size=None,
        max_num_seqs=options.max_num_seqs,
    )
    return GenaiCore(options, model, cache)


def _fact(error: Exception) -> str:
    if isinstance(error, OverflowError):  # of which genai says nothing more
        return "a number in it is out of range"
    return plain_message(error)


if __name__ == "__main__":
    main(load_grammar_core)
