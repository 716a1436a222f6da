"""What a user chooses for the core `graph`, by the names that the genai core has, too."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from ovpipe.engines.batching_options import (
    EXACT,
    BatchedSequences,
    BatchedTokens,
    CacheBlocks,
    CacheSize,
    DeviceProperties,
    Exact,
    check_cache,
    check_exact,
    in_plugin_config,
)
from ovpipe.engines.options import CoreOptions, StepGraph

SHIPPED_GRAPH: Final = "engine"


class GraphCoreOptions(CoreOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of the core whose step is a graph."""

    graph: Annotated[str, Meta(description="The graph of a step: a file, or the name of a shipped one.")] = (
        SHIPPED_GRAPH
    )
    cache_size: CacheSize = None
    num_kv_blocks: CacheBlocks = None
    max_num_batched_tokens: BatchedTokens = 256
    max_num_seqs: BatchedSequences = 256
    enable_prefix_caching: Annotated[
        bool, Meta(description="Whether prompts that begin alike share their cache.")
    ] = True
    exact: Exact = False
    plugin_config: DeviceProperties = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        check_cache(self.cache_size, self.num_kv_blocks)
        if self.exact:
            check_exact(in_plugin_config(self.plugin_config))

    @property
    def device_properties(self) -> dict[str, Any]:
        """What the device's plugin is given."""
        return {**self.plugin_config, **EXACT} if self.exact else dict(self.plugin_config)

    @property
    def step_graph(self) -> StepGraph:
        """The graph of a step. One of the user's own declares the same parameters."""
        return StepGraph(
            name=self.graph,
            parameters={
                "models_path": self.models_path,
                "device": self.device,
                "plugin_config": self.device_properties,
                "cache_size": self.cache_size,
                "num_kv_blocks": self.num_kv_blocks,
                "max_num_batched_tokens": self.max_num_batched_tokens,
                "max_num_seqs": self.max_num_seqs,
                "enable_prefix_caching": self.enable_prefix_caching,
            },
            inputs=("commands",),
            outputs=("deltas",),
            side_outputs=("sequences", "blocks", "facts"),
        )
