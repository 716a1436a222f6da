"""What GGUF and Hugging Face call the same parameter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

EMBEDDINGS, HEAD = "token_embd.weight", "output.weight"
FREQUENCIES = "rope_freqs.weight"
LONG_FACTORS, SHORT_FACTORS = "rope_factors_long.weight", "rope_factors_short.weight"
"""Tensors that belong to the config: divisors of the rope's frequencies."""

_OUTSIDE = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
}
_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_qkv": "self_attn.qkv_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "post_ffw_norm": "post_feedforward_layernorm",
}
"""As llama.cpp's converter has it; `ffn_norm` and `ffn_up` are others in some families."""

_IN_LAYER = re.compile(r"blk\.(\d+)\.(\w+)\.(weight|bias)")
_OF_THE_ROPE = re.compile(r"rope_(freqs|factors_long|factors_short)\.weight|blk\.\d+\.attn_rot_embd.*")
"""What the config has. Old files have the rope's frequencies besides."""


def hugging_face_names(names: Iterable[str], others: Mapping[str, str]) -> dict[str, str]:
    """Each parameter's name by its tensor's; `others` is where the family's names of a layer differ.

    A tensor that has no such name keeps its own.
    """
    found: dict[str, str] = {}
    layer = {**_LAYER, **others}
    for name in names:
        if _OF_THE_ROPE.fullmatch(name):
            continue
        stem, _, suffix = name.rpartition(".")
        match = _IN_LAYER.fullmatch(name)
        if match and match[2] in layer:
            found[name] = f"model.layers.{match[1]}.{layer[match[2]]}.{match[3]}"
        else:
            found[name] = f"{_OUTSIDE[stem]}.{suffix}" if stem in _OUTSIDE else name
    return found
