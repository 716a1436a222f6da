"""Options that every core with continuous batching and a paged cache has: their types, and what must hold."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final

from msgspec import Meta

Above0 = Annotated[float, Meta(gt=0)]
Positive = Annotated[int, Meta(ge=1)]

CacheSize = Annotated[
    Above0 | None,
    Meta(
        description="The KV cache in gigabytes; fractions are taken. Without it and num_kv_blocks: a "
        "part of the free memory."
    ),
]
CacheBlocks = Annotated[
    Positive | None,
    Meta(description="The KV cache in blocks instead (of 32 tokens; 16 on GPU); only one of the two."),
]
BatchedTokens = Annotated[
    Positive, Meta(description="The most tokens in one step; longer prompts take several steps.")
]
BatchedSequences = Annotated[
    Positive,
    Meta(
        description="The most sequences in one step, never more than max_num_batched_tokens; more "
        "requests wait."
    ),
]
Exact = Annotated[
    bool,
    Meta(
        description="Whether a text is the same alone and in a batch: INFERENCE_PRECISION_HINT and "
        "KV_CACHE_PRECISION are f32, DYNAMIC_QUANTIZATION_GROUP_SIZE is 0."
    ),
]
DeviceProperties = Annotated[
    dict[str, Any], Meta(description="Properties of OpenVINO's device: INFERENCE_PRECISION_HINT, ...")
]

EXACT: Final = MappingProxyType(
    {
        "INFERENCE_PRECISION_HINT": "f32",
        "KV_CACHE_PRECISION": "f32",
        # Else the CPU rounds the factors of compressed weights to 8 bits, by groups.
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
    }
)
"""The properties that `exact` stands for."""

_PARTS_OF_THE_CACHE: Final = ("KEY_CACHE_PRECISION", "VALUE_CACHE_PRECISION")
"""Each takes the place of KV_CACHE_PRECISION for its part."""


def check_cache(cache_size: float | None, num_kv_blocks: int | None) -> None:
    """Raises ValueError where the cache's size is told twice, or is none."""
    if cache_size is not None and num_kv_blocks is not None:
        raise ValueError("cache_size and num_kv_blocks say the same thing twice; give one of them")
    if cache_size is not None and not 0 < cache_size < 2**20:
        raise ValueError(f"cache_size is {cache_size}; it is in gigabytes and above 0")


def check_exact(explicit: Mapping[str, tuple[str, Any]]) -> None:
    """Raises ValueError for what contradicts `exact`; what says the same once more is let be.

    `explicit` has properties and their values, by the place where a user set them.
    """
    for place, (name, value) in explicit.items():
        wanted = EXACT.get("KV_CACHE_PRECISION" if name in _PARTS_OF_THE_CACHE else name)
        if wanted is not None and str(value).strip().lower() != wanted:
            raise ValueError(
                f"exact and {place} contradict each other: exact sets {name} to {wanted}, "
                f"{place} is {value}; leave one of them out"
            )


def in_plugin_config(properties: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
    """Each property by its place, for `check_exact`."""
    return {f"plugin_config.{name}": (name, value) for name, value in properties.items()}
