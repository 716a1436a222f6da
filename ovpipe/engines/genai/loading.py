"""Loading: from options to a core that is warm."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import openvino_genai

from ovpipe.engines.batching_options import Precision
from ovpipe.engines.genai.core import GenaiCore
from ovpipe.engines.genai.options import GenaiOptions
from ovpipe.engines.kv_cache.element_type import F16, plan_in_f16
from ovpipe.engines.kv_cache.plan import CachePlan, plan_cache
from ovpipe.engines.messages import Progress, Reading
from ovpipe.engines.model_folder import ModelFolder
from ovpipe.engines.precision.auto import AutoPrecision
from ovpipe.engines.precision.candidates import candidates_of, inference_precision
from ovpipe.engines.precision.choice import Figures, Forms, best_precision, typical_prompt
from ovpipe.engines.precision.measuring import measure
from ovpipe.engines.precision.remembered import RememberedFigures
from ovpipe.engines.precision.subject import Subject
from ovpipe.engines.warm_up import warm_up

_log = logging.getLogger("ovpipe.engine.genai")


def load_genai_core(
    options: dict[str, Any],
    report: Callable[[Progress | Reading], None],
    *,
    candidates: Callable[[GenaiOptions, ModelFolder], tuple[Precision, ...]] = candidates_of,
) -> GenaiCore:
    """Loads the model that the options name and warms it up. From then on the core reports what it reads.

    `candidates` are the precisions between which it measures, where there is a choice.
    """
    typed = GenaiOptions.of(options)
    report(Progress(phase="load", detail=f"reading {typed.models_path}"))
    model = ModelFolder.read(Path(typed.models_path))
    draft = _draft_of(typed, model)
    if measured := candidates(typed, model):

        def load(forms: Forms, say: Callable[[Progress], None]) -> GenaiCore:
            return _warm_core(msgspec.structs.replace(typed, precision=forms.decode), model, draft, say)

        def choose(figures: Mapping[Precision, Figures]) -> Forms:
            return Forms.one(best_precision(figures, typical_prompt(model.context_length)))

        core = AutoPrecision(
            load=load,
            measure=measure,
            remembered=RememberedFigures.of_user(os.environ),
            choose=choose,
            report=report,
        ).load(Subject.of("genai", typed, measured, model, draft, openvino_genai.__version__))
    else:
        core = _warm_core(typed, model, draft, report)
    core.begin_service(report)
    return core


def _warm_core(
    options: GenaiOptions,
    model: ModelFolder,
    draft: ModelFolder | None,
    report: Callable[[Progress], None],
) -> GenaiCore:
    options, cache = with_cache(options, model, draft)
    report(Progress(phase="load", detail=cache.describe()))
    report(Progress(phase="load", detail=f"compiling for {options.device} ({_arithmetic(options)})"))
    core = GenaiCore(options, model, cache)
    core.info = msgspec.structs.replace(core.info, seconds_per_token=warm_up(core, report))
    if core.measured_cache_bytes not in (0, cache.model_bytes):
        _log.warning(
            "the KV cache takes %d bytes; %d were reckoned", core.measured_cache_bytes, cache.model_bytes
        )
    return core


def with_cache(
    options: GenaiOptions, model: ModelFolder, draft: ModelFolder | None = None
) -> tuple[GenaiOptions, CachePlan]:
    """The plan of the cache, and the options with its element type where ovpipe chooses it."""
    special = options.cache_eviction_config, options.sparse_attention_config, options.draft_models_path
    if all(one is None for one in special) and (in_f16 := plan_in_f16(options, model)) is not None:
        return msgspec.structs.replace(options, kv_cache_precision=F16), in_f16
    return options, plan_cache(
        model,
        device=options.device,
        plugin_config=options.device_properties,
        cache_size=options.cache_size,
        num_kv_blocks=options.num_kv_blocks,
        max_num_seqs=options.max_num_seqs,
        draft=draft,
        draft_device=options.draft_device or options.device,
        draft_plugin_config=options.draft_properties,
    )


def _arithmetic(options: GenaiOptions) -> str:
    if options.exact:
        return "exact: in f32"
    precision = inference_precision(options.device, options.device_properties)
    return f"exact: false, in {precision or 'its own precision'}"


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
