"""Families of models as GGUF files have them: what llama.cpp's converter changes, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Windows = Literal["none", "all layers", "by pattern"]


@dataclass(frozen=True, kw_only=True)
class Family:
    """What a `general.architecture` means.

    - `model_type`: of the config.json.
    - `pairs_in_turn`: rows of query and key stand so that a pair that turns together is side by side; in
      Hugging Face's checkpoints its two halves are half a head apart.
    - `norms_plus_one`: the converter adds 1 to the weights of norms, as Gemma's layers do.
    - `names`: names of a layer's parameters that are not Llama's.
    - `keys`: metadata that not every family has, and the key of config.json that says the same.
    - `windows`: which layers have a sliding window, if the model has one.
    - `window`, `window_every`: the window, and of how many layers the last has none, where the metadata do
      not say it.
    - `wide_at`: with so many layers (the 27B models) attention is scaled by the hidden size's share of a
      head, not by the head's width.
    """

    model_type: str
    pairs_in_turn: bool = False
    norms_plus_one: bool = False
    names: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    windows: Windows = "none"
    window: int | None = None
    window_every: int = 1
    wide_at: int | None = None


_FINAL_CAP = {"final_logit_softcapping": "final_logit_softcapping"}
_NORMS_AROUND = {"ffn_norm": "pre_feedforward_layernorm"}

FAMILIES: Mapping[str, Family] = {
    # Mistral's, too: those with a window.
    "llama": Family(model_type="llama", pairs_in_turn=True, windows="all layers"),
    "qwen2": Family(model_type="qwen2"),
    "qwen3": Family(model_type="qwen3"),
    "smollm3": Family(model_type="smollm3", pairs_in_turn=True),
    "gemma": Family(model_type="gemma", norms_plus_one=True),
    "gemma2": Family(
        model_type="gemma2",
        norms_plus_one=True,
        names=_NORMS_AROUND,
        keys=_FINAL_CAP | {"attn_logit_softcapping": "attn_logit_softcapping"},
        windows="by pattern",
        window=4096,
        window_every=2,
        wide_at=46,
    ),
    "gemma3": Family(
        model_type="gemma3_text",
        norms_plus_one=True,
        names=_NORMS_AROUND,
        keys=_FINAL_CAP | {"rope.freq_base_swa": "rope_local_base_freq"},
        windows="by pattern",
        window_every=6,
        wide_at=62,
    ),
    "phi3": Family(model_type="phi3", names={"ffn_up": "mlp.gate_up_proj"}, windows="all layers"),
    "granite": Family(
        model_type="granite",
        pairs_in_turn=True,
        keys={
            "attention.scale": "attention_multiplier",
            "embedding_scale": "embedding_multiplier",
            "residual_scale": "residual_multiplier",
            "logit_scale": "logits_scaling",
        },
    ),
    "olmo2": Family(model_type="olmo2"),
}
"""By `general.architecture`."""

KEYS: Mapping[str, str] = {
    "embedding_length": "hidden_size",
    "block_count": "num_hidden_layers",
    "feed_forward_length": "intermediate_size",
    "context_length": "max_position_embeddings",
    "attention.head_count": "num_attention_heads",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
}
"""Metadata that every family must have, and the key of config.json that says the same."""

OTHER_KEYS = frozenset(
    {
        "attention.head_count_kv",
        "attention.key_length",
        "attention.value_length",
        "rope.dimension_count",
        "rope.freq_base",
        "rope.scale_linear",
        "rope.scaling.type",
        "rope.scaling.factor",
        "rope.scaling.original_context_length",
        "rope.scaling.attn_factor",
        "rope.scaling.yarn_attn_factor",
        "rope.scaling.yarn_beta_fast",
        "rope.scaling.yarn_beta_slow",
    }
)
"""Metadata that the config is made of besides."""

WINDOW_KEYS = frozenset({"attention.sliding_window", "attention.sliding_window_pattern"})
"""Metadata of families that have windows."""

IGNORED_KEYS = frozenset(
    {"attention.causal", "pooling_type", "rope.scaling.finetuned", "tensor_data_layout", "vocab_size"}
)
"""Metadata that say nothing about the numbers, or what the tensors say, too."""
