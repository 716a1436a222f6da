"""Loading: from options to a core that is warm."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ovpipe.engines.genai.core import GenaiCore
from ovpipe.engines.genai.kv_cache import plan_cache
from ovpipe.engines.genai.model_folder import ModelFolder
from ovpipe.engines.genai.options import GenaiOptions
from ovpipe.engines.genai.warm_up import warm_up
from ovpipe.engines.messages import Progress, Reading

_log = logging.getLogger("ovpipe.engine.genai")


def load_genai_core(options: dict[str, Any], report: Callable[[Progress | Reading], None]) -> GenaiCore:
    """Loads the model that the options name and warms it up. From then on the core reports what it reads."""
    typed = GenaiOptions.of(options)
    report(Progress(phase="load", detail=f"reading {typed.models_path}"))
    model = ModelFolder.read(Path(typed.models_path))
    draft = _draft_of(typed, model)
    cache = plan_cache(
        model,
        device=typed.device,
        plugin_config=typed.device_properties,
        cache_size=typed.cache_size,
        num_kv_blocks=typed.num_kv_blocks,
        max_num_seqs=typed.max_num_seqs,
        draft=draft,
        draft_device=typed.draft_device or typed.device,
        draft_plugin_config=typed.draft_properties,
    )
    report(Progress(phase="load", detail=cache.describe()))
    precision = "exact: in f32" if typed.exact else "exact: false, in its own precision"
    report(Progress(phase="load", detail=f"compiling for {typed.device} ({precision})"))
    core = GenaiCore(typed, model, cache)
    warm_up(core, report)
    core.begin_service(report)
    if core.measured_cache_bytes not in (0, cache.model_bytes):
        _log.warning(
            "the KV cache takes %d bytes; %d were reckoned", core.measured_cache_bytes, cache.model_bytes
        )
    return core


def _draft_of(options: GenaiOptions, model: ModelFolder) -> ModelFolder | None:
    """The draft model's folder. Raises ValueError when it may draft tokens that the model does not have."""
    if options.draft_models_path is None:
        return None
    draft = ModelFolder.read(Path(options.draft_models_path))
    if draft.vocab_size > model.vocab_size:
        raise ValueError(
            f"draft_models_path: {draft.path} has {draft.vocab_size} tokens in its vocabulary and "
            f"{model.path} has {model.vocab_size}; a draft model needs the model's own tokenizer"
        )
    return draft
