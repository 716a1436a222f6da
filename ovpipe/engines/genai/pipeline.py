"""openvino-genai's pipeline, as the options ask for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openvino_genai

from ovpipe.engines.genai.adapters import adapter_config
from ovpipe.engines.genai.attention_options import CacheEvictionConfig, KvCrushConfig, SparseAttentionConfig
from ovpipe.engines.genai.options import GenaiOptions


def open_pipeline(options: GenaiOptions, *, num_kv_blocks: int) -> Any:
    """Compiles the model, and its draft model. Raises what adapter_config raises for its adapters."""
    properties = dict(options.device_properties)
    if options.adapters:
        properties["adapters"] = adapter_config(options.adapters, Path(options.models_path))
    if options.prompt_lookup:
        properties["prompt_lookup"] = True
    if options.draft_models_path is not None:
        # Without a scheduler of its own it gets as many blocks as the model: with fewer than the sequences
        # need, genai goes on without drafting, silently.
        properties["draft_model"] = openvino_genai.draft_model(
            options.draft_models_path, options.draft_device or options.device, **options.draft_properties
        )
    return openvino_genai.ContinuousBatchingPipeline(
        options.models_path, _scheduler(options, num_kv_blocks), options.device, properties
    )


def most_sequences(options: GenaiOptions) -> int:
    """Sequences in a step at most. genai refuses more than tokens; there is no such batch anyway."""
    return min(options.max_num_seqs, options.max_num_batched_tokens)


def _scheduler(options: GenaiOptions, num_kv_blocks: int) -> Any:
    scheduler = openvino_genai.SchedulerConfig()
    scheduler.num_kv_blocks = num_kv_blocks
    scheduler.max_num_batched_tokens = options.max_num_batched_tokens
    scheduler.max_num_seqs = most_sequences(options)
    scheduler.dynamic_split_fuse = options.dynamic_split_fuse
    scheduler.enable_prefix_caching = options.prefix_caching
    if options.cache_eviction_config is not None:
        scheduler.use_cache_eviction = True
        scheduler.cache_eviction_config = _eviction(options.cache_eviction_config)
    if options.sparse_attention_config is not None:
        scheduler.use_sparse_attention = True
        scheduler.sparse_attention_config = _sparse_attention(options.sparse_attention_config)
    return scheduler


def _eviction(config: CacheEvictionConfig) -> Any:
    eviction = openvino_genai.CacheEvictionConfig(
        config.start_size,
        config.recent_size,
        config.max_cache_size,
        getattr(openvino_genai.AggregationMode, config.aggregation_mode),
        config.apply_rotation,
        config.snapkv_window_size,
    )
    if config.kv_crush_config is not None:
        eviction.kvcrush_config = _kv_crush(config.kv_crush_config)
    return eviction


def _kv_crush(config: KvCrushConfig) -> Any:
    anchor = getattr(openvino_genai.KVCrushAnchorPointMode, config.anchor_point_mode)
    return openvino_genai.KVCrushConfig(config.budget, anchor, config.rng_seed)


def _sparse_attention(config: SparseAttentionConfig) -> Any:
    return openvino_genai.SparseAttentionConfig(
        getattr(openvino_genai.SparseAttentionMode, config.mode),
        config.num_last_dense_tokens_in_prefill,
        config.num_retained_start_tokens_in_cache,
        config.num_retained_recent_tokens_in_cache,
        config.xattention_threshold,
        config.xattention_block_size,
        config.xattention_stride,
    )
