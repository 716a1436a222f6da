"""What a decoder-only language model looks like, apart from its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_ARCHITECTURES = {"llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM"}


@dataclass(frozen=True, kw_only=True)
class DecoderConfig:
    """The shape of a Llama, Qwen2 or Qwen3 model, in the words of Hugging Face's config.json.

    `attention_bias` puts a bias on the query, key and value projections (Qwen2); `qk_norm` normalises
    each head of query and key before the rotation (Qwen3). Invariants: query heads are a multiple of
    the key/value heads, and `head_dim` is even, since the rotation pairs its two halves.
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
    qk_norm: bool = False
    attention_bias: bool = False
    tie_embeddings: bool = False
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
        if self.qk_norm and self.attention_bias:
            raise ValueError("qk_norm (Qwen3) and attention_bias (Qwen2) exclude each other")

    @property
    def model_type(self) -> str:
        """The family whose parameters these are: llama, qwen2 or qwen3."""
        if self.qk_norm:
            return "qwen3"
        return "qwen2" if self.attention_bias else "llama"

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Each parameter's shape by its name in Hugging Face's checkpoints; a matrix is [out, in]."""
        hidden, ffn, head_dim = self.hidden_size, self.intermediate_size, self.head_dim
        queries, keys = self.num_heads * head_dim, self.num_kv_heads * head_dim
        layer: dict[str, tuple[int, ...]] = {
            "input_layernorm.weight": (hidden,),
            "self_attn.q_proj.weight": (queries, hidden),
            "self_attn.k_proj.weight": (keys, hidden),
            "self_attn.v_proj.weight": (keys, hidden),
            "self_attn.o_proj.weight": (hidden, queries),
            "post_attention_layernorm.weight": (hidden,),
            "mlp.gate_proj.weight": (ffn, hidden),
            "mlp.up_proj.weight": (ffn, hidden),
            "mlp.down_proj.weight": (hidden, ffn),
        }
        if self.attention_bias:
            layer |= {"self_attn.q_proj.bias": (queries,)}
            layer |= {f"self_attn.{name}.bias": (keys,) for name in ("k_proj", "v_proj")}
        if self.qk_norm:
            layer |= {f"self_attn.{name}.weight": (head_dim,) for name in ("q_norm", "k_norm")}
        shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (self.vocab_size, hidden)}
        for index in range(self.num_layers):
            shapes |= {f"model.layers.{index}.{name}": shape for name, shape in layer.items()}
        shapes["model.norm.weight"] = (hidden,)
        if not self.tie_embeddings:
            shapes["lm_head.weight"] = (self.vocab_size, hidden)
        return shapes

    def token_ids(self) -> dict[str, int]:
        """The ids of the beginning, end and padding tokens, as far as there are any."""
        ids = {
            "bos_token_id": self.bos_token_id,
            "eos_token_id": self.eos_token_id,
            "pad_token_id": self.pad_token_id,
        }
        return {name: value for name, value in ids.items() if value is not None}

    def to_json(self) -> dict[str, Any]:
        """The model folder's config.json."""
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
