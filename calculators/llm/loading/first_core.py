"""open_first: the first of several cores that can load a model."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ovpipe.calculators.llm.loading.engine_options import CoreCandidate
from ovpipe.engines.process.client import EngineClient
from ovpipe.engines.protocol import EngineLoadError

log = logging.getLogger("ovpipe.engine")


async def open_first(
    candidates: Sequence[CoreCandidate],
    say: Callable[[str], None],
    calculator_folders: Sequence[Path] = (),
    **more: Any,
) -> EngineClient:
    """Opens the engine with the first core that loads; of one alone, with that.

    Raises `EngineLoadError` where none does, with what each said. An engine that is started again keeps its
    core: what could load once is not chosen anew.
    """
    failed: dict[str, EngineLoadError] = {}
    for candidate in candidates:
        core, options = candidate
        try:
            client = await EngineClient.open(
                candidate.command(calculator_folders), msgspec.to_builtins(options), **more
            )
        except EngineLoadError as error:
            failed[core.name] = error
            continue
        if len(candidates) > 1:
            reasons = [f"core {name!r} cannot load it: {error}" for name, error in failed.items()]
            why = "; ".join(reasons) or "it can load the model on this device"
            log.info("engine %r, core auto: took %r; %s", client.name, core.name, why)
            say(f"core auto took {core.name!r}: {why}")
        return client
    if len(failed) == 1:
        raise next(iter(failed.values()))
    raise EngineLoadError("; ".join(f"core {name!r}: {error}" for name, error in failed.items()))
