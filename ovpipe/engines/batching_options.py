"""Options that every core with continuous batching and a paged cache has: their types, and what must hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

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
CacheElementType = Annotated[
    str | None,
    Meta(
        description="The element type of the KV cache: u8, u4, f16, bf16, f32; null: f16 on a CPU that "
        "computes in f32, if the cache then holds enough, else the device's own."
    ),
]
DeviceProperties = Annotated[
    dict[str, Any], Meta(description="Properties of OpenVINO's device: INFERENCE_PRECISION_HINT, ...")
]

Precision = Literal["auto", "default", "f32", "bf16", "f16"]
"""What a model computes in. `auto` is for ovpipe to choose, `default` is the device's own."""

ModelPrecision = Annotated[
    Precision,
    Meta(
        description="What the model computes in: f32, bf16, f16 (INFERENCE_PRECISION_HINT); default: as "
        "the device chooses; auto: what serves best by measurements at the first load."
    ),
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


_STATE_PRECISION: Final = frozenset(
    ("INFERENCE_PRECISION_HINT", "DYNAMIC_QUANTIZATION_GROUP_SIZE", "EXECUTION_MODE_HINT")
)
"""Properties by which a user chooses the arithmetic."""


_CACHE_PRECISION: Final = frozenset(("KV_CACHE_PRECISION", *_PARTS_OF_THE_CACHE))
"""Properties by which a user chooses the cache's element type."""


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


def check_precision(precision: Precision, plugin_config: Mapping[str, Any]) -> None:
    """Raises ValueError where the precision is told twice."""
    if precision != "auto" and "INFERENCE_PRECISION_HINT" in plugin_config:
        raise ValueError(
            "precision and INFERENCE_PRECISION_HINT in plugin_config say the same thing twice; "
            "give one of them"
        )


def check_cache_precision(precision: str | None, plugin_config: Mapping[str, Any]) -> None:
    """Raises ValueError where the cache's element type is told twice."""
    if precision is not None and "KV_CACHE_PRECISION" in plugin_config:
        raise ValueError(
            "kv_cache_precision and KV_CACHE_PRECISION in plugin_config say the same thing twice; "
            "give one of them"
        )


def with_cache_precision(properties: Mapping[str, Any], precision: str | None) -> dict[str, Any]:
    """A device's properties, and the one that an element type of the cache stands for."""
    return {**properties, **({} if precision is None else {"KV_CACHE_PRECISION": precision})}


def states_cache_precision(properties: Mapping[str, Any]) -> bool:
    """Whether properties choose the cache's element type."""
    return not _CACHE_PRECISION.isdisjoint(property_names(properties))


def with_precision(properties: Mapping[str, Any], precision: Precision) -> dict[str, Any]:
    """A device's properties, and the one that a precision stands for."""
    hint = {} if precision in ("auto", "default") else {"INFERENCE_PRECISION_HINT": precision}
    return {**properties, **hint}


def states_precision(properties: Mapping[str, Any]) -> bool:
    """Whether properties choose the arithmetic."""
    return not _STATE_PRECISION.isdisjoint(property_names(properties))


def property_names(properties: Mapping[str, Any]) -> Iterator[str]:
    """The properties' names, those inside DEVICE_PROPERTIES included."""
    for name, value in properties.items():
        yield name
        if isinstance(value, Mapping):
            yield from property_names(value)


def in_plugin_config(properties: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
    """Each property by its place, for `check_exact`."""
    return {f"plugin_config.{name}": (name, value) for name, value in properties.items()}
