"""GGUF files of tiny models, written as llama.cpp's converter writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray

from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.config_json.reader import read_config
from ovpipe.modelling.rope import plain_rope
from ovpipe.modelling.weights import Weights

Kind = gguf.GGMLQuantizationType
ARCHITECTURES = {"mistral": "llama", "gemma3_text": "gemma3"}
"""What GGUF calls a model_type, where that is another name."""
_PERMUTED = ("llama", "smollm3", "granite")
_TOKENS = ["<unk>", "<s>", "</s>", *(f"word{index}" for index in range(3, 64))]


def convert(
    path: Path,
    content: Mapping[str, Any],
    weights: Weights,
    *,
    kind_of: Callable[[str], Any] = lambda _: Kind.F32,
    metadata: Mapping[str, Any] | None = None,
    fused: bool = False,
) -> Path:
    """Writes the model of a config.json; `metadata` are put in besides, or in place of what is there.

    A value of None is left out. `fused`: query, key and value are one tensor, which the converter can do.
    """
    config = read_config(content)
    architecture = ARCHITECTURES.get(content["model_type"], content["model_type"])
    writer = gguf.GGUFWriter(path, architecture)
    for key, value in {**_metadata(content, config, architecture), **(metadata or {})}.items():
        if value is not None:
            _add(writer, key.replace("ARCH", architecture), value)
    tensors = _tensors(config, weights, architecture)
    for name, values in _with_fused_heads(tensors) if fused else tensors:
        kind = kind_of(name) if values.ndim > 1 else Kind.F32
        writer.add_tensor(name, gguf.quantize(values, kind), raw_dtype=kind)
    for name, values in _rope_factors(content, config):
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add(writer: gguf.GGUFWriter, key: str, value: Any) -> None:
    match value:
        case bool():
            writer.add_bool(key, value)
        case int():
            writer.add_uint32(key, value)
        case float():
            writer.add_float32(key, value)
        case str():
            writer.add_string(key, value)
        case _:
            writer.add_array(key, value)


def _metadata(content: Mapping[str, Any], config: DecoderConfig, architecture: str) -> dict[str, Any]:
    found = {
        "ARCH.embedding_length": config.hidden_size,
        "ARCH.block_count": config.num_layers,
        "ARCH.feed_forward_length": config.intermediate_size,
        "ARCH.context_length": content["max_position_embeddings"],
        "ARCH.attention.head_count": config.num_heads,
        "ARCH.attention.head_count_kv": config.num_kv_heads,
        "ARCH.attention.layer_norm_rms_epsilon": config.rms_eps,
        "ARCH.attention.key_length": config.head_dim,
        "ARCH.attention.value_length": config.head_dim,
        "ARCH.vocab_size": config.vocab_size,
        "general.file_type": 0,
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": _TOKENS,
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.padding_token_id": 0,
    }
    if "rope_theta" in content:
        found["ARCH.rope.freq_base"] = float(content["rope_theta"])
    if content.get("rope_parameters"):
        found["ARCH.rope.freq_base"] = float(content["rope_parameters"]["rope_theta"])
    found |= _scaling(content)
    match architecture:
        case "llama":
            found["ARCH.rope.dimension_count"] = config.head_dim
            if content.get("sliding_window"):
                found["ARCH.attention.sliding_window"] = content["sliding_window"]
        case "phi3":
            share = content.get("partial_rotary_factor", 1)
            found["ARCH.rope.dimension_count"] = int(config.head_dim * share)
            found["ARCH.rope.scaling.original_context_length"] = content["original_max_position_embeddings"]
            found["ARCH.attention.sliding_window"] = content["sliding_window"]
        case "gemma2":
            found["ARCH.attention.sliding_window"] = content["sliding_window"]
            found["ARCH.attn_logit_softcapping"] = float(content["attn_logit_softcapping"] or 0)
            found["ARCH.final_logit_softcapping"] = float(content["final_logit_softcapping"])
        case "gemma3":
            found["ARCH.attention.sliding_window"] = content["sliding_window"]
            found["ARCH.attention.sliding_window_pattern"] = content["sliding_window_pattern"]
        case "granite":
            found["ARCH.attention.scale"] = content["attention_multiplier"]
            found["ARCH.embedding_scale"] = content["embedding_multiplier"]
            found["ARCH.residual_scale"] = content["residual_multiplier"]
            found["ARCH.logit_scale"] = content["logits_scaling"]
    return found


def _scaling(content: Mapping[str, Any]) -> dict[str, Any]:
    scaling = content.get("rope_scaling") or {}
    kind = scaling.get("rope_type", scaling.get("type"))
    match kind:
        case "linear" | "yarn":
            found = {"ARCH.rope.scaling.type": kind, "ARCH.rope.scaling.factor": scaling["factor"]}
            if kind == "yarn":
                original = scaling["original_max_position_embeddings"]
                found["ARCH.rope.scaling.original_context_length"] = original
            return found
        case "longrope":
            original = content["original_max_position_embeddings"]
            scale = np.log(content["max_position_embeddings"] / original) / np.log(original)
            return {"ARCH.rope.scaling.attn_factor": float(np.sqrt(1 + scale))}
    return {}


def _tensors(config: DecoderConfig, weights: Weights, architecture: str) -> list[tuple[str, NDArray[Any]]]:
    keys = {name: key for key, name in gguf.MODEL_ARCH_NAMES.items()}
    names = gguf.get_tensor_name_map(keys[architecture], config.num_layers)
    found = []
    for name in config.shapes():
        values = np.asarray(weights(name))
        if architecture.startswith("gemma") and name.endswith("norm.weight"):
            values = values + np.float32(1)
        if architecture in _PERMUTED and ".q_proj." in name:
            values = _permuted(values, config.num_heads)
        if architecture in _PERMUTED and ".k_proj." in name:
            values = _permuted(values, config.num_kv_heads)
        named = names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert named is not None, name
        found.append((named, values))
    return found


def _with_fused_heads(tensors: list[tuple[str, NDArray[Any]]]) -> list[tuple[str, NDArray[Any]]]:
    named = dict(tensors)
    for name in [name for name in named if ".attn_q." in name]:
        heads = [named.pop(name.replace("attn_q", f"attn_{one}")) for one in "qkv"]
        named[name.replace("attn_q", "attn_qkv")] = np.concatenate(heads)
    return list(named.items())


def _permuted(values: NDArray[Any], heads: int) -> NDArray[Any]:
    halves = values.reshape(heads, 2, values.shape[0] // heads // 2, *values.shape[1:])
    return halves.swapaxes(1, 2).reshape(values.shape)


def _rope_factors(content: Mapping[str, Any], config: DecoderConfig) -> list[tuple[str, NDArray[np.float32]]]:
    scaling = content.get("rope_scaling") or {}
    if scaling.get("rope_type") == "llama3":
        rope = config.layer(0).rope
        assert rope is not None
        plain = plain_rope(content["rope_theta"], config.head_dim)
        factors = np.array(plain.frequencies) / np.array(rope.frequencies)
        return [("rope_freqs.weight", factors.astype(np.float32))]
    return [
        (f"rope_factors_{one}.weight", np.array(scaling[f"{one}_factor"], np.float32))
        for one in ("long", "short")
        if f"{one}_factor" in scaling
    ]
