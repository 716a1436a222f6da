"""The element type of a KV cache where nobody chose one; docs/decisions/cache-precision.md says why."""

from __future__ import annotations

from typing import Final

import msgspec

from ovpipe.engines.genai.options import GenaiOptions
from ovpipe.engines.kv_cache.plan import CachePlan, cache_budget, plan_cache
from ovpipe.engines.model_folder import ModelFolder
from ovpipe.engines.precision.candidates import inference_precision

ENOUGH: Final = 65_536
"""Tokens. A cache that holds as many is not made to hold twice as many at the price of slower steps."""


def plan_for(
    options: GenaiOptions, model: ModelFolder, draft: ModelFolder | None
) -> tuple[GenaiOptions, CachePlan]:
    """The cache as the options ask for it, and the options with its element type where ovpipe chose it.

    A CPU that computes in f32 gets f16, which it reads faster than its own u8, where the cache then holds
    enough. Everything else keeps the device's own.
    """
    plan = _plan(options, model, draft)
    # The device's own type takes no more room than f16; where that holds too little, f16 does, too.
    if draft is not None or not _may_choose(options) or not _holds_enough(options, plan, model):
        return options, plan
    wide = msgspec.structs.replace(options, kv_cache_precision="f16")
    planned = _plan(wide, model, draft)
    return (wide, planned) if _holds_enough(wide, planned, model) else (options, plan)


def _may_choose(options: GenaiOptions) -> bool:
    return not (
        options.states_cache_precision
        or options.device != "CPU"
        or options.cache_eviction_config is not None
        or options.sparse_attention_config is not None
        or inference_precision(options.device, options.device_properties) != "f32"
    )


def _holds_enough(options: GenaiOptions, plan: CachePlan, model: ModelFolder) -> bool:
    if options.num_kv_blocks is not None:  # it holds as much as it is to hold; what it costs is memory
        return plan.num_kv_blocks * plan.bytes_per_block <= cache_budget(model.weights_bytes)
    tokens = plan.num_kv_blocks * plan.block_size
    usable = ENOUGH if model.context_length is None else options.max_num_seqs * model.context_length
    return tokens >= min(ENOUGH, usable)


def _plan(options: GenaiOptions, model: ModelFolder, draft: ModelFolder | None) -> CachePlan:
    return plan_cache(
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
