"""The element type of a KV cache where nobody chose one; docs/decisions/cache-precision.md says why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from ovpipe.engines.kv_cache.plan import CachePlan, cache_budget, plan_cache
from ovpipe.engines.model_folder import ModelFolder
from ovpipe.engines.precision.candidates import inference_precision

ENOUGH: Final = 65_536
"""Tokens. A cache that holds as many is not made to hold twice as many at the price of slower steps."""


class AsksCache(Protocol):
    """What a core's options say of its cache."""

    @property
    def device(self) -> str: ...

    @property
    def cache_size(self) -> float | None: ...

    @property
    def num_kv_blocks(self) -> int | None: ...

    @property
    def max_num_seqs(self) -> int: ...

    @property
    def states_cache_precision(self) -> bool:
        """Whether the element type is chosen already, by an option or in plugin_config."""

    @property
    def device_properties(self) -> dict[str, Any]: ...


def is_better_in_f16(options: AsksCache, model: ModelFolder) -> bool:
    """Whether the cache should be f16 in place of the device's own type.

    So it is on a CPU that computes in f32, which reads f16 faster than its own u8, where the cache then holds
    enough.
    """
    own = options.device_properties
    if options.states_cache_precision or options.device != "CPU":
        return False
    if inference_precision(options.device, own) != "f32":
        return False
    # The device's own type takes no more room than f16; where that holds too little, f16 does, too.
    return _holds_enough(options, model, own) and _holds_enough(
        options, model, {**own, "KV_CACHE_PRECISION": "f16"}
    )


def _holds_enough(options: AsksCache, model: ModelFolder, properties: Mapping[str, Any]) -> bool:
    plan = _plan(options, model, properties)
    if options.num_kv_blocks is not None:  # it holds as much as it is to hold; what it costs is memory
        return plan.num_kv_blocks * plan.bytes_per_block <= cache_budget(model.weights_bytes)
    tokens = plan.num_kv_blocks * plan.block_size
    usable = ENOUGH if model.context_length is None else options.max_num_seqs * model.context_length
    return tokens >= min(ENOUGH, usable)


def _plan(options: AsksCache, model: ModelFolder, properties: Mapping[str, Any]) -> CachePlan:
    return plan_cache(
        model,
        device=options.device,
        plugin_config=properties,
        cache_size=options.cache_size,
        num_kv_blocks=options.num_kv_blocks,
        max_num_seqs=options.max_num_seqs,
    )
