"""What a user chooses for the genai core, by OpenVINO Model Server's names where it has them.

So are the defaults, but for enable_prefix_caching, which is off there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from ovpipe.engines.genai.blocks import block_size

Speculation = Literal["draft_model", "prompt_lookup"]


class KvCrushConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How blocks that cache eviction would drop are represented by a few of their like."""

    budget: int = 0
    """Blocks kept by KVCrush; 0 turns it off."""
    anchor_point_mode: Literal["RANDOM", "ZEROS", "ONES", "MEAN", "ALTERNATING"] = "RANDOM"
    rng_seed: int = 0

    def __post_init__(self) -> None:
        _at_least(0, self, "budget", "rng_seed")


class CacheEvictionConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which tokens a sequence forgets when it has more than `max_cache_size` of them. Sizes are in tokens."""

    start_size: int
    """The first tokens, which are always kept."""
    recent_size: int
    """The latest tokens, which are always kept."""
    max_cache_size: int
    # Not genai's ADAPTIVE_RKV: in 2026.4.1 it throws in the first step that evicts.
    aggregation_mode: Literal["SUM", "NORM_SUM"] = "NORM_SUM"
    apply_rotation: bool = False
    snapkv_window_size: int = 8
    kv_crush_config: KvCrushConfig | None = None

    def __post_init__(self) -> None:
        _at_least(1, self, "start_size", "recent_size", "snapkv_window_size")
        if self.max_cache_size <= self.start_size + self.recent_size:
            raise ValueError(
                f"max_cache_size is {self.max_cache_size}; it must be above start_size + recent_size, "
                f"which is {self.start_size + self.recent_size}"
            )


class SparseAttentionConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of a long prompt its tokens attend to while it is read. Sizes are in tokens."""

    mode: Literal["TRISHAPE", "XATTENTION"] = "TRISHAPE"
    num_last_dense_tokens_in_prefill: int = 100
    num_retained_start_tokens_in_cache: int = 128
    num_retained_recent_tokens_in_cache: int = 1920
    xattention_threshold: float = 0.8
    xattention_block_size: int = 64
    xattention_stride: int = 8

    def __post_init__(self) -> None:
        _at_least(0, self, "num_last_dense_tokens_in_prefill", "num_retained_start_tokens_in_cache")
        _at_least(1, self, "num_retained_recent_tokens_in_cache", "xattention_block_size")
        _at_least(1, self, "xattention_stride")
        if not 0 < self.xattention_threshold <= 1:  # genai takes 7 without a word
            raise ValueError(
                f"xattention_threshold is {self.xattention_threshold}; it is above 0 and at most 1"
            )
        if self.xattention_block_size % self.xattention_stride:
            raise ValueError(
                f"xattention_block_size is {self.xattention_block_size}; it must be a multiple of "
                f"xattention_stride, which is {self.xattention_stride}"
            )


class AdapterOption(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A LoRA adapter that is fused into the model when it is loaded."""

    path: str
    """A safetensors file."""
    alpha: float = 1.0
    """How strongly it works; 0 is not at all."""

    def __post_init__(self) -> None:
        if not math.isfinite(self.alpha):
            raise ValueError(f"alpha is {self.alpha}; it must be finite")


class GenaiOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Checked, with those that exclude each other told apart."""

    models_path: str
    """The folder with openvino_model.xml, the tokenizer's IRs and the JSON files."""
    device: str = "CPU"
    cache_size: float | None = None
    """Gigabytes of KV cache. With neither this nor num_kv_blocks: a part of the free memory. (In a graph 0 is
    none given, as in OVMS.)"""
    num_kv_blocks: int | None = None
    max_num_batched_tokens: int = 256
    """Tokens in one step's batch at most; longer prompts take several steps."""
    max_num_seqs: int = 256
    """Sequences in one step's batch at most; more requests wait."""
    dynamic_split_fuse: bool = True
    enable_prefix_caching: bool | None = None
    """Whether prompts that begin alike share their cache. None: unless there is a draft model."""
    plugin_config: dict[str, Any] = {}
    """Properties for the device's plugin, INFERENCE_PRECISION_HINT say."""
    kv_cache_precision: str | None = None
    """KV_CACHE_PRECISION of plugin_config: u8, f16, bf16, f32, ..."""
    draft_models_path: str | None = None
    """The folder of a small model that guesses tokens ahead; same tokenizer as the model's."""
    draft_device: str | None = None
    """None: the model's own."""
    prompt_lookup: bool = False
    """Whether tokens are guessed ahead from what the prompt says. (OVMS: a key of plugin_config.)"""
    num_assistant_tokens: int | None = None
    """Tokens guessed in a step, where the request does not say it."""
    assistant_confidence_threshold: float | None = None
    """Guess as long as the draft model is this sure, where the request does not say it."""
    max_ngram_size: int | None = None
    """The longest phrase that prompt lookup looks for, where the request does not say it."""
    cache_eviction_config: CacheEvictionConfig | None = None
    sparse_attention_config: SparseAttentionConfig | None = None
    adapters: list[AdapterOption] = []

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> GenaiOptions:
        """The options that a graph gives; None is not given. Raises ValueError with the option's name."""
        options = {name: value for name, value in given.items() if value is not None}
        if options.get("cache_size") == 0:
            del options["cache_size"]
        plugin_config = options.get("plugin_config")
        if isinstance(plugin_config, Mapping) and "prompt_lookup" in plugin_config:  # OVMS's place for it
            options["plugin_config"] = {k: v for k, v in plugin_config.items() if k != "prompt_lookup"}
            options.setdefault("prompt_lookup", plugin_config["prompt_lookup"])
        try:
            return msgspec.convert(options, cls)
        except msgspec.ValidationError as error:
            fact, _, place = str(error).partition(" - at `$.")
            where = re.sub(r"\[\.\.\.\]", "", place.rstrip("`"))
            raise ValueError(f"{where}: {fact}" if where else fact) from error

    def __post_init__(self) -> None:
        if self.cache_size is not None and self.num_kv_blocks is not None:
            raise ValueError("cache_size and num_kv_blocks say the same thing twice; give one of them")
        _at_least(1, self, "num_kv_blocks", "max_num_batched_tokens", "max_num_seqs")
        _at_least(1, self, "num_assistant_tokens", "max_ngram_size")
        if self.cache_size is not None and not 0 < self.cache_size < 2**20:
            raise ValueError(f"cache_size is {self.cache_size}; it is in gigabytes and above 0")
        if self.kv_cache_precision is not None and "KV_CACHE_PRECISION" in self.plugin_config:
            raise ValueError(
                "kv_cache_precision and KV_CACHE_PRECISION in plugin_config say the same thing twice; "
                "give one of them"
            )
        self._check_speculation()
        self._check_blocks()

    def _check_speculation(self) -> None:
        if self.draft_models_path is not None and self.prompt_lookup:
            raise ValueError("draft_models_path and prompt_lookup exclude each other; give one of them")
        needs: dict[str, tuple[Speculation, ...]] = {
            "draft_device": ("draft_model",),
            "num_assistant_tokens": ("draft_model", "prompt_lookup"),
            "assistant_confidence_threshold": ("draft_model",),
            "max_ngram_size": ("prompt_lookup",),
        }
        for name, ways in needs.items():
            if getattr(self, name) is not None and self.speculation not in ways:
                options = {"draft_model": "draft_models_path", "prompt_lookup": "prompt_lookup"}
                raise ValueError(f"{name} needs {' or '.join(options[way] for way in ways)}")
        threshold = self.assistant_confidence_threshold
        if threshold is not None:
            if not 0 < threshold <= 1:
                raise ValueError(
                    f"assistant_confidence_threshold is {threshold}; it is above 0 and at most 1"
                )
            if self.num_assistant_tokens is not None:
                raise ValueError(
                    "num_assistant_tokens and assistant_confidence_threshold exclude each other; give one"
                )
        if self.prompt_lookup and self.max_num_batched_tokens < 2:
            raise ValueError(
                f"max_num_batched_tokens is {self.max_num_batched_tokens}; prompt_lookup needs at least 2: "
                "a token and a guess"
            )
        if self.draft_models_path is not None and self.enable_prefix_caching:
            # Measured: genai throws in a step where tokens that the draft model guessed are rejected.
            raise ValueError(
                "enable_prefix_caching and draft_models_path exclude each other; "
                "set enable_prefix_caching to false or null"
            )
        if self.speculation is not None and self.cache_eviction_config is not None:
            # Measured: genai's counting of attention scores fails in the first step, and poisons it.
            raise ValueError(
                "cache_eviction_config works neither with draft_models_path nor with prompt_lookup"
            )

    def _check_blocks(self) -> None:
        """Sizes that must be whole blocks. genai says so too late: in a step, which poisons it."""
        size = block_size(self.device)
        names = {
            "cache_eviction_config": ("start_size", "recent_size", "max_cache_size"),
            "sparse_attention_config": (
                "num_retained_start_tokens_in_cache",
                "num_retained_recent_tokens_in_cache",
                "xattention_block_size",
            ),
        }
        for option, fields in names.items():
            config = getattr(self, option)
            for field in fields if config is not None else ():
                if getattr(config, field) % size:
                    raise ValueError(
                        f"{option}.{field} is {getattr(config, field)}; on {self.device} it must be a "
                        f"multiple of {size}, the tokens in a block"
                    )

    @property
    def speculation(self) -> Speculation | None:
        """How tokens are guessed ahead, if they are."""
        if self.draft_models_path is not None:
            return "draft_model"
        return "prompt_lookup" if self.prompt_lookup else None

    @property
    def prefix_caching(self) -> bool:
        """Whether prompts that begin alike share their cache."""
        if self.enable_prefix_caching is None:
            return self.draft_models_path is None
        return self.enable_prefix_caching

    @property
    def device_properties(self) -> dict[str, Any]:
        """What the device's plugin is given: plugin_config and the precision of the cache."""
        if self.kv_cache_precision is None:
            return self.plugin_config
        return {**self.plugin_config, "KV_CACHE_PRECISION": self.kv_cache_precision}

    @property
    def draft_properties(self) -> dict[str, Any]:
        """The same for the draft model; properties of one device may not be another's."""
        same = self.draft_device in (None, self.device)
        return self.device_properties if same else {}


def _at_least(least: int, options: msgspec.Struct, *names: str) -> None:
    for name in names:
        value = getattr(options, name)
        if value is not None and value < least:
            raise ValueError(f"{name} is {value}; at least {least} is needed")
