"""What a decoder-only language model looks like, apart from its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ovpipe.modelling.rope import Rope, plain_rope

_ARCHITECTURES = {"llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM"}

Norms = Literal["before", "after", "around"]
QkNorm = Literal["head", "projection"]
Activation = Literal["silu", "gelu", "gelu_tanh"]


@dataclass(frozen=True, kw_only=True)
class LayerConfig:
    """What may differ from layer to layer.

    `window`: how many tokens a token looks at, itself included; None: all before it. `rope`: how its heads
    turn with their position; None: they do not.
    """

    window: int | None
    rope: Rope | None


@dataclass(frozen=True, kw_only=True)
class DecoderConfig:
    """The shape of a decoder, mostly in the words of Hugging Face's config.json. The defaults are Llama's.

    Invariants: query heads are a multiple of the key/value heads, and `head_dim` is even, since the
    rotation pairs its two halves.

    - `norms`: where a layer normalises: "before" attention and MLP (Llama), "after" them (OLMo 2), or
      "around" them (Gemma 2). A norm multiplies by its weight plus `norm_offset` (Gemma's is 1).
    - `qk_norm` normalises query and key before they turn: each "head" (Qwen3) or the whole "projection"
      (OLMo 2).
    - `attention_bias` puts a bias on the query, key and value projections (Qwen2), `output_bias` on the
      attention's output projection, `mlp_bias` on those of the MLP.
    - `fused_projections`: the checkpoint has query, key and value as one matrix, and gate and up (Phi-3).
    - `attention_scale` multiplies the products of queries and keys; None: 1 / sqrt(head_dim).
    - `attention_cap` and `logits_cap` bound these products and the logits: x becomes cap * tanh(x / cap).
    - `embedding_scale` multiplies the embeddings, `residual_scale` what a layer adds to the stream, and
      `logits_divisor` divides the logits.
    - `layers`: what each layer has of its own; empty: no windows, and a plain rope of `rope_theta`.
    - `family`: the model_type it was read from; None: named after its features.
    """

    vocab_size: int
    hidden_size: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    intermediate_size: int
    max_position_embeddings: int
    rope_theta: float = 10_000.0
    rms_eps: float = 1e-6
    norms: Norms = "before"
    norm_offset: float = 0.0
    qk_norm: QkNorm | None = None
    attention_bias: bool = False
    output_bias: bool = False
    mlp_bias: bool = False
    fused_projections: bool = False
    activation: Activation = "silu"
    attention_scale: float | None = None
    attention_cap: float | None = None
    logits_cap: float | None = None
    embedding_scale: float = 1.0
    residual_scale: float = 1.0
    logits_divisor: float = 1.0
    tie_embeddings: bool = False
    layers: tuple[LayerConfig, ...] = ()
    family: str | None = None
    bos_token_id: int | None = None
    eos_token_id: int | None = None
    pad_token_id: int | None = None

    def __post_init__(self) -> None:
        if self.num_heads % self.num_kv_heads:
            raise ValueError(
                f"num_heads {self.num_heads} is not a multiple of num_kv_heads {self.num_kv_heads}"
            )
        if self.head_dim % 2:
            raise ValueError(f"head_dim {self.head_dim} is odd; rotary embeddings pair its two halves")
        if self.layers and len(self.layers) != self.num_layers:
            raise ValueError(f"layers describes {len(self.layers)} layers; num_layers is {self.num_layers}")

    @property
    def model_type(self) -> str:
        """The family whose parameters these are: llama, qwen2, qwen3, or the one it was read from."""
        if self.family:
            return self.family
        if self.qk_norm:
            return "qwen3"
        return "qwen2" if self.attention_bias else "llama"

    def layer(self, index: int) -> LayerConfig:
        """What layer `index` has of its own."""
        if self.layers:
            return self.layers[index]
        return LayerConfig(window=None, rope=plain_rope(self.rope_theta, self.head_dim))

    def paging_obstacle(self) -> str | None:
        """Why OpenVINO's paged attention, and with it continuous batching, cannot run this model; or None."""
        if self.attention_cap is None:
            return None
        return (
            f"its attention scores are capped at {self.attention_cap:g} (attn_logit_softcapping), "
            "which OpenVINO's paged attention cannot do"
        )

    def token_ids(self) -> dict[str, int]:
        """The ids of the beginning, end and padding tokens, as far as there are any."""
        ids = {
            "bos_token_id": self.bos_token_id,
            "eos_token_id": self.eos_token_id,
            "pad_token_id": self.pad_token_id,
        }
        return {name: value for name, value in ids.items() if value is not None}

    def to_json(self) -> dict[str, Any]:
        """The config.json of a model made here; one that was read keeps its own."""
        if self.model_type not in _ARCHITECTURES:
            raise ValueError(f"the config.json of a {self.model_type} model is the one it was read from")
        return {
            "architectures": [_ARCHITECTURES[self.model_type]],
            "model_type": self.model_type,
            "vocab_size": self.vocab_size,
            "hidden_size": self.hidden_size,
            "num_hidden_layers": self.num_layers,
            "num_attention_heads": self.num_heads,
            "num_key_value_heads": self.num_kv_heads,
            "head_dim": self.head_dim,
            "intermediate_size": self.intermediate_size,
            "hidden_act": "silu",
            "max_position_embeddings": self.max_position_embeddings,
            "rope_theta": self.rope_theta,
            "rms_norm_eps": self.rms_eps,
            "attention_bias": self.attention_bias,
            "tie_word_embeddings": self.tie_embeddings,
            **self.token_ids(),
        }

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Each parameter's shape by its name in Hugging Face's checkpoints; a matrix is [out, in]."""
        layer = {**self._attention_shapes(), **self._mlp_shapes(), **self._norm_shapes()}
        embeddings = (self.vocab_size, self.hidden_size)
        shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": embeddings}
        for index in range(self.num_layers):
            shapes |= {f"model.layers.{index}.{name}": shape for name, shape in layer.items()}
        shapes["model.norm.weight"] = (self.hidden_size,)
        if not self.tie_embeddings:
            shapes["lm_head.weight"] = embeddings
        return shapes

    def _attention_shapes(self) -> dict[str, tuple[int, ...]]:
        hidden, head_dim = self.hidden_size, self.head_dim
        queries, keys = self.num_heads * head_dim, self.num_kv_heads * head_dim
        rows = {"q_proj": queries, "k_proj": keys, "v_proj": keys}
        if self.fused_projections:
            rows = {"qkv_proj": queries + 2 * keys}
        shapes: dict[str, tuple[int, ...]] = {
            f"self_attn.{name}.weight": (count, hidden) for name, count in rows.items()
        }
        shapes["self_attn.o_proj.weight"] = (hidden, queries)
        if self.attention_bias:
            shapes |= {f"self_attn.{name}.bias": (count,) for name, count in rows.items()}
        if self.output_bias:
            shapes["self_attn.o_proj.bias"] = (hidden,)
        if self.qk_norm:
            whole = self.qk_norm == "projection"
            shapes["self_attn.q_norm.weight"] = (queries if whole else head_dim,)
            shapes["self_attn.k_norm.weight"] = (keys if whole else head_dim,)
        return shapes

    def _mlp_shapes(self) -> dict[str, tuple[int, ...]]:
        hidden, ffn = self.hidden_size, self.intermediate_size
        rows = {"gate_up_proj": 2 * ffn} if self.fused_projections else {"gate_proj": ffn, "up_proj": ffn}
        shapes: dict[str, tuple[int, ...]] = {
            f"mlp.{name}.weight": (count, hidden) for name, count in rows.items()
        }
        shapes["mlp.down_proj.weight"] = (hidden, ffn)
        if self.mlp_bias:
            shapes |= {f"mlp.{name}.bias": (count,) for name, count in rows.items()}
            shapes["mlp.down_proj.bias"] = (hidden,)
        return shapes

    def _norm_shapes(self) -> dict[str, tuple[int, ...]]:
        return {f"{name}.weight": (self.hidden_size,) for name in _LAYER_NORMS[self.norms]}


_LAYER_NORMS = {
    "before": ("input_layernorm", "post_attention_layernorm"),
    "after": ("post_attention_layernorm", "post_feedforward_layernorm"),
    "around": (
        "input_layernorm",
        "post_attention_layernorm",
        "pre_feedforward_layernorm",
        "post_feedforward_layernorm",
    ),
}
"""The norms of a layer by where they stand, in Hugging Face's names."""
