"""What a user chooses for the core `graph`, by the names that the genai core has, too."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from ovpipe.engines.genai.attention_options import Positive
from ovpipe.engines.genai.options import EXACT, Above0
from ovpipe.engines.options import CoreOptions

SHIPPED_GRAPH: Final = "engine"


class GraphCoreOptions(CoreOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of the core whose step is a graph."""

    graph: Annotated[str, Meta(description="The graph of a step: a file, or the name of a shipped one.")] = (
        SHIPPED_GRAPH
    )
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
        Positive, Meta(description="The most sequences in one step; more requests wait.")
    ] = 256
    enable_prefix_caching: Annotated[
        bool, Meta(description="Whether prompts that begin alike share their cache.")
    ] = True
    exact: Annotated[
        bool,
        Meta(
            description="Whether a text is the same alone and in a batch: INFERENCE_PRECISION_HINT and "
            "KV_CACHE_PRECISION are f32, DYNAMIC_QUANTIZATION_GROUP_SIZE is 0."
        ),
    ] = False
    plugin_config: Annotated[
        dict[str, Any], Meta(description="Properties of OpenVINO's device: INFERENCE_PRECISION_HINT, ...")
    ] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.cache_size is not None and self.num_kv_blocks is not None:
            raise ValueError("cache_size and num_kv_blocks say the same thing twice; give one of them")
        for name, value in self.plugin_config.items() if self.exact else ():
            wanted = EXACT.get(name)
            if wanted is not None and str(value).strip().lower() != wanted:
                raise ValueError(
                    f"exact and plugin_config.{name} contradict each other: exact sets it to {wanted}, "
                    f"plugin_config to {value}; leave one of them out"
                )

    @property
    def device_properties(self) -> dict[str, Any]:
        """What the device's plugin is given."""
        return {**self.plugin_config, **EXACT} if self.exact else dict(self.plugin_config)
