"""The families of models that ovpipe builds: what sets each apart from Llama, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ovpipe.modelling.config import Norms, QkNorm

Biases = Literal["by config", "qkv", "none"]
Windows = Literal["none", "all layers", "from a layer on", "by pattern", "layers without rope"]


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """What a family has beyond what its config.json says.

    - `class_name`: the class that `architectures` of its config.json names.
    - `norms`, `norm_offset`, `qk_norm`, `fused_projections`: as in DecoderConfig.
    - `biases`: which projections have one. "by config": `attention_bias` puts one on all four of attention,
      and `mlp_bias`, where the family reads it, on the MLP's.
    - `scaled_embeddings`: embeddings times sqrt(hidden_size).
    - `windows`: which layers have a sliding window, where `layer_types` does not say it.
    - `keys`: those of its config.json that not every family reads.
    - `defaults`: what a key means that the config.json leaves out, where that is not Llama's default.
    """

    class_name: str
    norms: Norms = "before"
    norm_offset: float = 0.0
    qk_norm: QkNorm | None = None
    fused_projections: bool = False
    biases: Biases = "by config"
    scaled_embeddings: bool = False
    windows: Windows = "none"
    keys: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)


COMMON_KEYS = frozenset(
    {
        "vocab_size",
        "hidden_size",
        "intermediate_size",
        "num_hidden_layers",
        "num_attention_heads",
        "num_key_value_heads",
        "head_dim",
        "hidden_act",
        "max_position_embeddings",
        "rms_norm_eps",
        "tie_word_embeddings",
        "rope_theta",
        "rope_scaling",
        "rope_parameters",
        "partial_rotary_factor",
        "bos_token_id",
        "eos_token_id",
        "pad_token_id",
        "quantization_config",
    }
)
"""Keys of a config.json that every family reads."""

COMMON_DEFAULTS: Mapping[str, Any] = {
    "hidden_act": "silu",
    "rms_norm_eps": 1e-6,
    "rope_theta": 10_000.0,
    "tie_word_embeddings": False,
}

_LLAMA_KEYS = frozenset({"attention_bias", "mlp_bias"})
_WINDOW_KEYS = frozenset({"sliding_window", "use_sliding_window", "max_window_layers", "layer_types"})
_GEMMA_DEFAULTS: Mapping[str, Any] = {
    "hidden_act": "gelu_pytorch_tanh",
    "head_dim": 256,
    "tie_word_embeddings": True,
}
_GEMMA_2_DEFAULTS: Mapping[str, Any] = {
    **_GEMMA_DEFAULTS,
    # Their hidden_act is not read.
    "hidden_activation": "gelu_pytorch_tanh",
    "num_key_value_heads": 4,
    "query_pre_attn_scalar": 256,
    "sliding_window": 4096,
}

ARCHITECTURES: Mapping[str, Architecture] = {
    "llama": Architecture(class_name="LlamaForCausalLM", keys=_LLAMA_KEYS),
    "mistral": Architecture(
        class_name="MistralForCausalLM",
        biases="none",
        windows="all layers",
        keys=frozenset({"sliding_window"}),
        defaults={"num_key_value_heads": 8, "sliding_window": 4096},
    ),
    "qwen2": Architecture(
        class_name="Qwen2ForCausalLM",
        biases="qkv",
        windows="from a layer on",
        keys=_WINDOW_KEYS,
        defaults={"sliding_window": 4096, "max_window_layers": 28},
    ),
    "qwen3": Architecture(
        class_name="Qwen3ForCausalLM",
        qk_norm="head",
        windows="from a layer on",
        keys=_WINDOW_KEYS | {"attention_bias"},
        defaults={"head_dim": 128, "sliding_window": 4096, "max_window_layers": 28},
    ),
    "smollm3": Architecture(
        class_name="SmolLM3ForCausalLM",
        windows="layers without rope",
        keys=_LLAMA_KEYS | _WINDOW_KEYS | {"no_rope_layers", "no_rope_layer_interval"},
        defaults={
            "num_key_value_heads": 4,
            "no_rope_layer_interval": 4,
            "rope_theta": 2_000_000.0,
            "tie_word_embeddings": True,
        },
    ),
    "gemma": Architecture(
        class_name="GemmaForCausalLM",
        norm_offset=1.0,
        scaled_embeddings=True,
        keys=frozenset({"attention_bias", "hidden_activation"}),
        defaults=_GEMMA_DEFAULTS,
    ),
    "gemma2": Architecture(
        class_name="Gemma2ForCausalLM",
        norms="around",
        norm_offset=1.0,
        scaled_embeddings=True,
        windows="by pattern",
        keys=frozenset(
            {
                "attention_bias",
                "hidden_activation",
                "query_pre_attn_scalar",
                "attn_logit_softcapping",
                "final_logit_softcapping",
                "sliding_window",
                "sliding_window_size",
                "layer_types",
            }
        ),
        defaults={
            **_GEMMA_2_DEFAULTS,
            "attn_logit_softcapping": 50.0,
            "final_logit_softcapping": 30.0,
            "sliding_window_pattern": 2,
        },
    ),
    "gemma3_text": Architecture(
        class_name="Gemma3ForCausalLM",
        norms="around",
        norm_offset=1.0,
        qk_norm="head",
        scaled_embeddings=True,
        windows="by pattern",
        keys=frozenset(
            {
                "attention_bias",
                "hidden_activation",
                "query_pre_attn_scalar",
                "final_logit_softcapping",
                "rope_local_base_freq",
                "sliding_window",
                "sliding_window_pattern",
                "layer_types",
            }
        ),
        defaults={
            **_GEMMA_2_DEFAULTS,
            # The files of those that see images leave these out.
            "vocab_size": 262_208,
            "num_attention_heads": 8,
            "max_position_embeddings": 131_072,
            "rope_theta": 1_000_000.0,
            "rope_local_base_freq": 10_000.0,
            "sliding_window_pattern": 6,
        },
    ),
    "phi3": Architecture(
        class_name="Phi3ForCausalLM",
        fused_projections=True,
        biases="none",
        windows="all layers",
        keys=frozenset({"sliding_window", "partial_rotary_factor", "original_max_position_embeddings"}),
        defaults={"rms_norm_eps": 1e-5, "original_max_position_embeddings": 4096},
    ),
    "granite": Architecture(
        class_name="GraniteForCausalLM",
        keys=_LLAMA_KEYS
        | {"embedding_multiplier", "attention_multiplier", "residual_multiplier", "logits_scaling"},
        defaults={"attention_multiplier": 1.0},
    ),
    "olmo2": Architecture(
        class_name="Olmo2ForCausalLM",
        norms="after",
        qk_norm="projection",
        keys=frozenset({"attention_bias"}),
        defaults={"rms_norm_eps": 1e-5},
    ),
}
"""By the model_type of a config.json."""

MIXTURES_OF_EXPERTS = frozenset(
    {
        "deepseek_v2",
        "deepseek_v3",
        "gpt_oss",
        "granitemoe",
        "mixtral",
        "olmoe",
        "phimoe",
        "qwen2_moe",
        "qwen3_moe",
    }
)
"""model_types of which one may hope that a dense family's name is near."""

IGNORED_KEYS = frozenset(
    {
        "architectures",
        "attention_dropout",
        "auto_map",
        "cache_implementation",
        "dtype",
        "embd_pdrop",
        "id2label",
        "initializer_range",
        "is_llama_config",
        "label2id",
        "max_window_layers",
        "model_type",
        "pretraining_tp",
        "resid_pdrop",
        "task_specific_params",
        "torch_dtype",
        "transformers.js_config",
        "transformers_version",
        "unsloth_fixed",
        "unsloth_version",
        "use_cache",
    }
)
"""Keys that say nothing about the numbers of an inference."""
