"""CachePlan: how large a KV cache is, and how large it should be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any

import msgspec
import openvino as ov

from ovpipe.engines.kv_cache.blocks import block_size
from ovpipe.engines.kv_cache.memory import available_memory
from ovpipe.engines.model_folder import CacheVariable, ModelFolder

GIGABYTE = 2**30

PART_OF_FREE_MEMORY = 0.25
"""Of what is left beside the weights, for a cache whose size nobody chose. Other models, and the
activations of this one, want memory too."""

_WEIGHTS_IN_MEMORY = 2.0
"""Weights are repacked when a model is compiled; for a moment they are there twice."""


class CachePrecision(msgspec.Struct, frozen=True, kw_only=True):
    """How a device stores the cache, by its own account."""

    key: str
    value: str
    value_group_size: int
    """Elements of a value vector that share one scale; 0: all of them."""

    @classmethod
    def of(cls, device: str, plugin_config: Mapping[str, Any]) -> CachePrecision:
        """What the device makes of these properties, those it does not know left out."""
        core = ov.Core()
        for name, value in plugin_config.items():
            if name.startswith(("INFERENCE_PRECISION", "KV_CACHE", "KEY_CACHE", "VALUE_CACHE")):
                core.set_property(device, {name: value})

        def ask(*names: str) -> Any:
            for name in names:
                try:
                    return core.get_property(device, name)
                except RuntimeError:  # a property this device does not have
                    continue
            return None

        def precision(name: str) -> str:
            found = ask(name, "KV_CACHE_PRECISION")
            return "f16" if found is None else str(found.to_string())

        return cls(
            key=precision("KEY_CACHE_PRECISION"),
            value=precision("VALUE_CACHE_PRECISION"),
            value_group_size=int(ask("VALUE_CACHE_GROUP_SIZE") or 0),
        )


def bytes_per_block(variables: Iterable[CacheVariable], tokens: int, precision: CachePrecision) -> int:
    """Bytes of one block of `tokens` tokens in all layers, as the CPU plugin lays it out.

    Measured against PipelineMetrics.kv_cache_size_in_bytes. u8 keys are quantised by channel: to each
    channel of a block belong a float scale and a float zero point, 8 rows of bytes. u8 values are
    quantised by token: 8 bytes to each token and group. In u4 both take 16 elements; the metric counts
    a byte for an element there, and so do we, on the safe side.
    """
    total = 0
    for variable in variables:
        kind = precision.key if variable.is_key else precision.value
        overhead = {"u8": 8, "i8": 8, "u4": 16, "i4": 16}.get(kind)
        if overhead is None:
            block = tokens * variable.head_size * (4 if kind == "f32" else 2)
        elif variable.is_key:
            block = (tokens + overhead) * variable.head_size
        else:
            groups = (
                ceil(variable.head_size / precision.value_group_size) if precision.value_group_size else 1
            )
            block = tokens * (variable.head_size + overhead * groups)
        total += variable.heads * block
    return total


class CachePlan(msgspec.Struct, frozen=True, kw_only=True):
    """A decision on the cache's size."""

    num_kv_blocks: int
    block_size: int
    bytes_per_block: int
    """Those of a draft model included: it has as many blocks as the model."""
    draft_bytes_per_block: int = 0
    kind: str
    """The element type of keys and values: u8, f16, ..."""
    reason: str
    """Whose choice it was, for the log."""

    @property
    def model_bytes(self) -> int:
        """The whole cache without a draft model's."""
        return self.num_kv_blocks * (self.bytes_per_block - self.draft_bytes_per_block)

    def describe(self) -> str:
        """One line for the person who starts the server."""
        tokens = self.num_kv_blocks * self.block_size
        size = self.num_kv_blocks * self.bytes_per_block / 2**20
        return (
            f"KV cache of {self.num_kv_blocks} blocks, {tokens} tokens in all, {size:.0f} MiB in {self.kind} "
            f"({self.reason})"
        )


def cache_budget(weights_bytes: int) -> int:
    """Bytes for the cache of a model with such weights, where nobody chose its size."""
    free = available_memory() - int(_WEIGHTS_IN_MEMORY * weights_bytes)
    return int(PART_OF_FREE_MEMORY * max(0, free))


def plan_cache(
    model: ModelFolder,
    *,
    device: str,
    plugin_config: Mapping[str, Any],
    cache_size: float | None,
    num_kv_blocks: int | None,
    max_num_seqs: int,
    draft: ModelFolder | None = None,
    draft_device: str = "CPU",
    draft_plugin_config: Mapping[str, Any] | None = None,
    least_blocks: int = 1,
) -> CachePlan:
    """Sizes the cache as asked for: in blocks, in gigabytes, or else by the memory that is free.

    Gigabytes are those of the model and of its draft model together. openvino-genai itself takes whole
    gigabytes only; so it always gets a number of blocks. Raises ValueError for fewer than `least_blocks`.
    """
    tokens = block_size(device)
    precision = CachePrecision.of(device, plugin_config)
    per_block = _bytes_per_block(model, tokens, precision)
    weights_bytes, draft_per_block = model.weights_bytes, 0
    if draft is not None:
        drafts = CachePrecision.of(draft_device, draft_plugin_config or {})
        draft_per_block = _bytes_per_block(draft, tokens, drafts)
        per_block += draft_per_block
        weights_bytes += draft.weights_bytes
    if num_kv_blocks is not None:
        blocks, reason = num_kv_blocks, "num_kv_blocks"
    elif cache_size is not None:
        blocks, reason = int(cache_size * GIGABYTE) // per_block, f"cache_size {cache_size:g} GB"
    else:
        blocks = cache_budget(weights_bytes) // per_block
        reason = f"{PART_OF_FREE_MEMORY:.0%} of the free memory; set cache_size or num_kv_blocks to choose"
        if model.context_length is not None:
            needed = max_num_seqs * ceil(model.context_length / tokens)
            if needed <= blocks:
                blocks, reason = needed, f"all that {max_num_seqs} requests can use"
    if blocks < least_blocks:
        raise ValueError(
            f"a KV cache of {blocks} blocks holds nothing ({reason}); one block takes {per_block} bytes"
        )
    return CachePlan(
        num_kv_blocks=blocks,
        block_size=tokens,
        bytes_per_block=per_block,
        draft_bytes_per_block=draft_per_block,
        kind=" and ".join(dict.fromkeys((precision.key, precision.value))),
        reason=reason,
    )


def _bytes_per_block(model: ModelFolder, tokens: int, precision: CachePrecision) -> int:
    size = bytes_per_block(model.cache_variables, tokens, precision)
    if size == 0:
        raise ValueError(f"{model.path}: openvino_model.xml has no attention cache (exported without it?)")
    return size
