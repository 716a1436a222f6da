"""What a user chooses of attention: which tokens the cache gives up, and which of a long prompt count."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ovpipe.engines.batching_options import Positive

NotNegative = Annotated[int, Meta(ge=0)]
Part = Annotated[float, Meta(gt=0, le=1)]


class KvCrushConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How blocks that cache eviction would drop are represented by a few of their like."""

    budget: Annotated[NotNegative, Meta(description="Blocks kept by KVCrush; 0 turns it off.")] = 0
    anchor_point_mode: Annotated[
        Literal["RANDOM", "ZEROS", "ONES", "MEAN", "ALTERNATING"],
        Meta(description="What blocks are compared with, to find those that are alike."),
    ] = "RANDOM"
    rng_seed: Annotated[NotNegative, Meta(description="Of the mode RANDOM.")] = 0


class CacheEvictionConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which tokens a sequence forgets when it has more than `max_cache_size` of them. Sizes are in tokens."""

    start_size: Annotated[Positive, Meta(description="The first tokens, which are always kept.")]
    recent_size: Annotated[Positive, Meta(description="The latest tokens, which are always kept.")]
    max_cache_size: Annotated[int, Meta(description="Tokens kept in all; more than both together.")]
    # Not genai's ADAPTIVE_RKV: in 2026.4.1 it throws in the first step that evicts.
    aggregation_mode: Annotated[
        Literal["SUM", "NORM_SUM"], Meta(description="How the attention that a token gets is added up.")
    ] = "NORM_SUM"
    apply_rotation: Annotated[
        bool,
        Meta(description="Whether positions are closed up after an eviction: only false can be chosen."),
    ] = False
    snapkv_window_size: Annotated[
        NotNegative,
        Meta(
            description="The last tokens of the prompt, by whose attention its tokens are judged; 0: all of "
            "them. Above 1 only with SUM."
        ),
    ] = 1
    kv_crush_config: Annotated[
        KvCrushConfig | None, Meta(description="Blocks that stand for those evicted.")
    ] = None

    def __post_init__(self) -> None:
        if self.max_cache_size <= self.start_size + self.recent_size:
            raise ValueError(
                f"max_cache_size is {self.max_cache_size}; it must be above start_size + recent_size, "
                f"which is {self.start_size + self.recent_size}"
            )
        if self.aggregation_mode == "NORM_SUM" and self.snapkv_window_size > 1:
            # Measured: it counts more scores for such a prompt than there are, throws, and is poisoned.
            raise ValueError(
                f"snapkv_window_size is {self.snapkv_window_size}; with aggregation_mode NORM_SUM it must be "
                f"0 or 1, because openvino-genai fails with more over prompts of {self.start_size + 1} to "
                f"{self.start_size + self.snapkv_window_size - 1} tokens"
            )
        if self.apply_rotation:
            # Measured: it throws over prompts longer than a batch, and writes beyond its buffer where a step
            # moves nearly as many blocks as the cache has.
            raise ValueError(
                "apply_rotation is true; it must be false, because openvino-genai fails or crashes with it"
            )


class SparseAttentionConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of a long prompt its tokens attend to while it is read. Sizes are in tokens."""

    mode: Annotated[
        Literal["TRISHAPE", "XATTENTION"],
        Meta(
            description="TRISHAPE: the first and the latest tokens. XATTENTION: the blocks that matter by a "
            "cheap estimate."
        ),
    ] = "TRISHAPE"
    num_last_dense_tokens_in_prefill: Annotated[
        NotNegative, Meta(description="Tokens at the end of the prompt that attend to all of it.")
    ] = 100
    num_retained_start_tokens_in_cache: Annotated[
        NotNegative, Meta(description="TRISHAPE: how many tokens are the first; whole blocks.")
    ] = 128
    num_retained_recent_tokens_in_cache: Annotated[
        Positive, Meta(description="TRISHAPE: how many tokens are the latest; whole blocks.")
    ] = 1920
    xattention_threshold: Annotated[
        Part, Meta(description="XATTENTION: how much of the attention is kept; above 0 and at most 1.")
    ] = 0.8
    xattention_block_size: Annotated[
        Positive, Meta(description="XATTENTION: tokens in a block; whole blocks of the cache.")
    ] = 64
    xattention_stride: Annotated[
        Positive, Meta(description="XATTENTION: how finely it estimates; divides xattention_block_size.")
    ] = 8

    def __post_init__(self) -> None:
        if self.xattention_block_size % self.xattention_stride:
            raise ValueError(
                f"xattention_block_size is {self.xattention_block_size}; it must be a multiple of "
                f"xattention_stride, which is {self.xattention_stride}"
            )
