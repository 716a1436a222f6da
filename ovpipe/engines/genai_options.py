"""What a user chooses for the genai core."""

from __future__ import annotations

from typing import Any

import msgspec


class GenaiOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names and defaults are OpenVINO Model Server's, where it has them."""

    models_path: str
    """The folder with openvino_model.xml, the tokenizer's IRs and the JSON files."""
    device: str = "CPU"
    cache_size: float | None = None
    """Gigabytes of KV cache. With neither this nor num_kv_blocks: a part of the free memory."""
    num_kv_blocks: int | None = None
    max_num_batched_tokens: int = 256
    """Tokens in one step's batch at most; longer prompts take several steps."""
    max_num_seqs: int = 256
    """Sequences in one step's batch at most; more requests wait."""
    dynamic_split_fuse: bool = True
    enable_prefix_caching: bool = True
    plugin_config: dict[str, Any] = {}
    """Properties for the device's plugin, INFERENCE_PRECISION_HINT and KV_CACHE_PRECISION say."""

    def __post_init__(self) -> None:
        if self.cache_size is not None and self.num_kv_blocks is not None:
            raise ValueError("cache_size and num_kv_blocks say the same thing twice; give one of them")
        for name in ("num_kv_blocks", "max_num_batched_tokens", "max_num_seqs"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}; at least 1 is needed")
        if self.cache_size is not None and not 0 < self.cache_size < 2**20:
            raise ValueError(f"cache_size is {self.cache_size}; it is in gigabytes and above 0")
