"""What a user chooses for the genai core, by OpenVINO Model Server's names where it has them.

So are the defaults, but for enable_prefix_caching, which is off there.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from ovpipe.engines.batching_options import BatchingOptions, Positive
from ovpipe.engines.genai.attention_options import (
    CacheEvictionConfig,
    Part,
    SparseAttentionConfig,
)
from ovpipe.engines.kv_cache.blocks import block_size

Speculation = Literal["draft_model", "prompt_lookup"]


class AdapterOption(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A LoRA adapter that is fused into the model when it is loaded."""

    path: Annotated[str, Meta(description="A safetensors file.")]
    alpha: Annotated[float, Meta(description="How strongly it works; 0 is not at all.")] = 1.0

    def __post_init__(self) -> None:
        if not math.isfinite(self.alpha):
            raise ValueError(f"alpha is {self.alpha}; it must be finite")


class GenaiOptions(BatchingOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options of the core on openvino-genai; those that exclude each other are refused together."""

    dynamic_split_fuse: Annotated[
        bool,
        Meta(
            description="Whether long prompts are read in pieces beside other requests; false refuses "
            "prompts above max_num_batched_tokens."
        ),
    ] = True
    enable_prefix_caching: Annotated[
        bool | None,
        Meta(
            description="Whether prompts that begin alike share their cache; null: unless there is a draft "
            "model or cache eviction."
        ),
    ] = None
    draft_models_path: Annotated[
        str | None,
        Meta(description="The folder of a small model, with the same tokenizer, that drafts tokens ahead."),
    ] = None
    draft_device: Annotated[
        str | None, Meta(description="OpenVINO's device for the draft model; null: the model's own.")
    ] = None
    prompt_lookup: Annotated[
        bool, Meta(description="Whether tokens are drafted from the text before them.")
    ] = False
    num_assistant_tokens: Annotated[
        Positive | None,
        Meta(description="Tokens drafted in a step (null: 5), where the request does not say it."),
    ] = None
    assistant_confidence_threshold: Annotated[
        Part | None,
        Meta(
            description="Instead of a number of tokens: how sure the draft model must be, where the request "
            "does not say it."
        ),
    ] = None
    max_ngram_size: Annotated[
        Positive | None,
        Meta(
            description="The longest phrase that prompt lookup looks for (null: 3), where the request does "
            "not say it."
        ),
    ] = None
    cache_eviction_config: Annotated[
        CacheEvictionConfig | None, Meta(description="Which tokens of a long text the cache gives up.")
    ] = None
    sparse_attention_config: Annotated[
        SparseAttentionConfig | None, Meta(description="Which part of a long prompt its tokens attend to.")
    ] = None
    adapters: Annotated[list[AdapterOption], Meta(description="LoRA adapters: a list of {path, alpha}.")] = (
        msgspec.field(default_factory=list)
    )

    @classmethod
    def normalised(cls, given: dict[str, Any]) -> dict[str, Any]:
        """OVMS has prompt_lookup in plugin_config, and takes a cache_size of 0 for none given."""
        options = dict(given)
        if options.get("cache_size") == 0:
            del options["cache_size"]
        plugin_config = options.get("plugin_config")
        if isinstance(plugin_config, dict) and "prompt_lookup" in plugin_config:
            options["plugin_config"] = {k: v for k, v in plugin_config.items() if k != "prompt_lookup"}
            options.setdefault("prompt_lookup", plugin_config["prompt_lookup"])
        return options

    def __post_init__(self) -> None:
        super().__post_init__()
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
        if self.assistant_confidence_threshold is not None and self.num_assistant_tokens is not None:
            raise ValueError(
                "num_assistant_tokens and assistant_confidence_threshold exclude each other; give one"
            )
        if self.prompt_lookup and self.max_num_batched_tokens < 2:
            raise ValueError(
                f"max_num_batched_tokens is {self.max_num_batched_tokens}; prompt_lookup needs at least 2: "
                "a token and a draft"
            )
        # Measured: genai throws in a step where tokens that a draft model drafted are rejected, and in one
        # where it evicts blocks that several prompts share.
        for name in ("draft_models_path", "cache_eviction_config"):
            if getattr(self, name) is not None and self.enable_prefix_caching:
                raise ValueError(
                    f"enable_prefix_caching and {name} exclude each other; "
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
        """The way of speculative decoding, if there is one."""
        if self.draft_models_path is not None:
            return "draft_model"
        return "prompt_lookup" if self.prompt_lookup else None

    @property
    def prefix_caching(self) -> bool:
        """Whether prompts that begin alike share their cache."""
        if self.enable_prefix_caching is None:
            return self.draft_models_path is None and self.cache_eviction_config is None
        return self.enable_prefix_caching

    @property
    def draft_properties(self) -> dict[str, Any]:
        """The same for the draft model; properties of one device may not be another's."""
        same = self.draft_device in (None, self.device)
        return self.device_properties if same else {}
