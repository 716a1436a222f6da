"""The element type of a KV cache where nobody chose one; docs/decisions/cache-precision.md says why."""

from __future__ import annotations

from typing import Final

from ovpipe.engines.batching_options import BatchingOptions
from ovpipe.engines.kv_cache.plan import CachePlan, cache_budget, plan_cache
from ovpipe.engines.model_folder import ModelFolder
from ovpipe.engines.precision.candidates import inference_precision

F16: Final = "f16"

ENOUGH: Final = 65_536
"""Tokens. A cache that holds as many is not made to hold twice as many at the price of slower steps."""


def plan_in_f16(options: BatchingOptions, model: ModelFolder) -> CachePlan | None:
    """The plan of a cache in f16, where that is better than the device's own type; None: it is not.

    So it is on a CPU that computes in f32, which reads f16 faster than its own u8, where the cache then holds
    enough.
    """
    if options.states_cache_precision or options.device != "CPU":
        return None
    if inference_precision(options.device, options.device_properties) != "f32":
        return None
    plan = plan_cache(
        model,
        device=options.device,
        plugin_config={**options.device_properties, "KV_CACHE_PRECISION": F16},
        cache_size=options.cache_size,
        num_kv_blocks=options.num_kv_blocks,
        max_num_seqs=options.max_num_seqs,
        least_blocks=0,
    )
    return plan if _holds_enough(plan, options, model) else None


def _holds_enough(plan: CachePlan, options: BatchingOptions, model: ModelFolder) -> bool:
    if options.num_kv_blocks is not None:  # it holds as much as it is to hold; what it costs is memory
        return plan.num_kv_blocks * plan.bytes_per_block <= cache_budget(model.weights_bytes)
    tokens = plan.num_kv_blocks * plan.block_size
    usable = ENOUGH if model.context_length is None else options.max_num_seqs * model.context_length
    return tokens >= min(ENOUGH, usable)
