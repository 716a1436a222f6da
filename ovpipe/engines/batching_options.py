"""BatchingOptions: the options of every core with continuous batching and a paged cache."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from ovpipe.engines.options import CoreOptions

Above0 = Annotated[float, Meta(gt=0)]
Positive = Annotated[int, Meta(ge=1)]

Precision = Literal["auto", "default", "f32", "bf16", "f16"]
"""What a model computes in. `auto` is for ovpipe to choose, `default` is the device's own."""

EXACT: Final = MappingProxyType(
    {
        "INFERENCE_PRECISION_HINT": "f32",
        "KV_CACHE_PRECISION": "f32",
        # Else the CPU rounds the factors of compressed weights to 8 bits, by groups.
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
    }
)
"""The properties that `exact` stands for."""

GRAMMAR_MEMORY: Final = 512

_PARTS_OF_THE_CACHE: Final = ("KEY_CACHE_PRECISION", "VALUE_CACHE_PRECISION")
"""Each takes the place of KV_CACHE_PRECISION for its part."""

_STATE_PRECISION: Final = frozenset(
    ("INFERENCE_PRECISION_HINT", "DYNAMIC_QUANTIZATION_GROUP_SIZE", "EXECUTION_MODE_HINT")
)
"""Properties by which a user chooses the arithmetic."""

_CACHE_PRECISION: Final = frozenset(("KV_CACHE_PRECISION", *_PARTS_OF_THE_CACHE))
"""Properties by which a user chooses the cache's element type."""


class BatchingOptions(CoreOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of a core's step, of its cache and of its arithmetic. A core's own struct adds its own.

    Values that contradict each other raise ValueError.
    """

    cache_size: Annotated[
        Above0 | None,
        Meta(
            description="The KV cache in gigabytes; fractions are taken. Without it and num_kv_blocks: a "
            "part of the free memory."
        ),
    ] = None
    num_kv_blocks: Annotated[
        Positive | None,
        Meta(description="The KV cache in blocks instead (of 32 tokens; 16 on GPU); only one of the two."),
    ] = None
    max_num_batched_tokens: Annotated[
        Positive, Meta(description="The most tokens in one step; longer prompts take several steps.")
    ] = 256
    max_num_seqs: Annotated[
        Positive,
        Meta(
            description="The most sequences in one step, never more than max_num_batched_tokens; more "
            "requests wait."
        ),
    ] = 256
    grammar_memory: Annotated[
        Positive,
        Meta(
            description="MiB that compiled grammars may take. Beyond, the core graph forgets those used "
            "longest ago; genai forgets none, so its process is replaced once what runs in it has ended."
        ),
    ] = GRAMMAR_MEMORY
    exact: Annotated[
        bool,
        Meta(
            description="Whether a text is the same alone and in a batch: INFERENCE_PRECISION_HINT and "
            "KV_CACHE_PRECISION are f32, DYNAMIC_QUANTIZATION_GROUP_SIZE is 0."
        ),
    ] = False
    precision: Annotated[
        Precision,
        Meta(
            description="What the model computes in: f32, bf16, f16 (INFERENCE_PRECISION_HINT); default: as "
            "the device chooses; auto: what serves best by measurements at the first load."
        ),
    ] = "auto"
    plugin_config: Annotated[
        dict[str, Any], Meta(description="Properties of OpenVINO's device: INFERENCE_PRECISION_HINT, ...")
    ] = msgspec.field(default_factory=dict)
    kv_cache_precision: Annotated[
        str | None,
        Meta(
            description="The element type of the KV cache: u8, u4, f16, bf16, f32; null: f16 on a CPU that "
            "computes in f32, if the cache then holds enough, else the device's own."
        ),
    ] = None

    def __post_init__(self) -> None:
        self._check_cache_size()
        for option, unset, name in (
            ("kv_cache_precision", None, "KV_CACHE_PRECISION"),
            ("precision", "auto", "INFERENCE_PRECISION_HINT"),
        ):
            if getattr(self, option) != unset and name in self.plugin_config:
                raise ValueError(
                    f"{option} and {name} in plugin_config say the same thing twice; give one of them"
                )
        if self.exact:
            self._check_exact()

    def _check_cache_size(self) -> None:
        """Refuses a size that is told twice, or is none."""
        if self.cache_size is not None and self.num_kv_blocks is not None:
            raise ValueError("cache_size and num_kv_blocks say the same thing twice; give one of them")
        if self.cache_size is not None and not 0 < self.cache_size < 2**20:
            raise ValueError(f"cache_size is {self.cache_size}; it is in gigabytes and above 0")

    def _check_exact(self) -> None:
        """Refuses what contradicts `exact`; what says the same once more is let be."""
        said = {f"plugin_config.{name}": (name, value) for name, value in self.plugin_config.items()}
        if self.kv_cache_precision is not None:
            said["kv_cache_precision"] = "KV_CACHE_PRECISION", self.kv_cache_precision
        if self.precision != "auto":
            said["precision"] = "INFERENCE_PRECISION_HINT", self.precision
        for place, (name, value) in said.items():
            wanted = EXACT.get("KV_CACHE_PRECISION" if name in _PARTS_OF_THE_CACHE else name)
            if wanted is not None and str(value).strip().lower() != wanted:
                raise ValueError(
                    f"exact and {place} contradict each other: exact sets {name} to {wanted}, "
                    f"{place} is {value}; leave one of them out"
                )

    @property
    def states_precision(self) -> bool:
        """Whether the arithmetic is chosen already, by `exact` or in plugin_config."""
        return self.exact or not _STATE_PRECISION.isdisjoint(_property_names(self.plugin_config))

    @property
    def states_cache_precision(self) -> bool:
        """Whether the cache's element type is chosen already, by an option or in plugin_config."""
        stated = self.exact or self.kv_cache_precision is not None
        return stated or not _CACHE_PRECISION.isdisjoint(_property_names(self.plugin_config))

    @property
    def device_properties(self) -> dict[str, Any]:
        """What the device's plugin is given: plugin_config, the two precisions, what `exact` sets."""
        return self.properties_in(self.precision)

    def properties_in(self, precision: Precision) -> dict[str, Any]:
        """The same for a model that computes in another precision."""
        properties = dict(self.plugin_config)
        if precision not in ("auto", "default"):
            properties["INFERENCE_PRECISION_HINT"] = precision
        if self.kv_cache_precision is not None:
            properties["KV_CACHE_PRECISION"] = self.kv_cache_precision
        return properties | EXACT if self.exact else properties


def _property_names(properties: Mapping[str, Any]) -> Iterator[str]:
    """The properties' names, those inside DEVICE_PROPERTIES included."""
    for name, value in properties.items():
        yield name
        if isinstance(value, Mapping):
            yield from _property_names(value)
