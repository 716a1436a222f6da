"""The config.json that a GGUF file's metadata amount to."""

from __future__ import annotations

from typing import Any

from ovpipe.modelling.architectures import ARCHITECTURES
from ovpipe.modelling.sources.gguf.families import (
    FAMILIES,
    IGNORED_KEYS,
    KEYS,
    OTHER_KEYS,
    WINDOW_KEYS,
    Family,
)
from ovpipe.modelling.sources.gguf.file import GgufFile
from ovpipe.modelling.sources.gguf.metadata import OTHER_FILE, Metadata
from ovpipe.modelling.sources.gguf.names import EMBEDDINGS, HEAD
from ovpipe.modelling.sources.gguf.rope import rope_scaling
from ovpipe.modelling.sources.gguf.token_ids import token_ids
from ovpipe.modelling.sources.model_source import BrokenModel
from ovpipe.modelling.unsupported import UnsupportedModel


def family_of(file: GgufFile) -> Family:
    """The family of the file's model; raises UnsupportedModel for one that ovpipe does not build."""
    metadata = Metadata(file)
    kind = metadata.architecture
    if metadata.get("expert_count") or "moe" in kind:
        raise UnsupportedModel(
            f"{file.path} is a mixture of experts ({kind}), which ovpipe does not build yet", OTHER_FILE
        )
    family = FAMILIES.get(kind)
    if family is None:
        raise UnsupportedModel(
            f"{file.path}: the architecture {kind!r} is not one of those that ovpipe reads from GGUF: "
            f"{', '.join(FAMILIES)}",
            OTHER_FILE,
        )
    _refuse_unknown(metadata, family)
    return family


def _refuse_unknown(metadata: Metadata, family: Family) -> None:
    """Raises for metadata that may change the numbers and that nothing here reads."""
    known = {*KEYS, *OTHER_KEYS, *IGNORED_KEYS, *family.keys}
    unknown = metadata.unknown(known if family.windows == "none" else known | WINDOW_KEYS)
    kind = metadata.architecture
    if unknown:
        shown = ", ".join(f"{kind}.{key} = {str(value)[:40]}" for key, value in unknown.items())
        raise UnsupportedModel(
            f"{metadata.path}: ovpipe does not know what {shown} does to a {kind} model", OTHER_FILE
        )
    if kind == "granite" and metadata.get("rope.scaling.finetuned") is False:
        raise UnsupportedModel(f"{metadata.path} has layers without rope ({kind})", OTHER_FILE)


def config_json(file: GgufFile) -> dict[str, Any]:
    """The content of config.json, in Hugging Face's keys."""
    family, metadata = family_of(file), Metadata(file)
    if EMBEDDINGS not in file.tensors:
        raise BrokenModel(file.path, f"lacks {EMBEDDINGS}")
    content: dict[str, Any] = {"model_type": family.model_type, **_windows(metadata, family)}
    architecture = ARCHITECTURES[content["model_type"]]
    content["architectures"] = [architecture.class_name]
    content |= {theirs: metadata.required(key) for key, theirs in KEYS.items()}
    heads = metadata.whole("attention.head_count")
    content["num_key_value_heads"] = metadata.whole("attention.head_count_kv", heads)
    content["vocab_size"] = file.tensors[EMBEDDINGS].rows
    content["tie_word_embeddings"] = HEAD not in file.tensors
    if architecture.biases == "by config":
        biases = {"blk.0.attn_q.bias", "blk.0.attn_qkv.bias"}
        content["attention_bias"] = not biases.isdisjoint(file.tensors)
        content["mlp_bias"] = "blk.0.ffn_up.bias" in file.tensors
    share = metadata.whole("embedding_length") / heads
    content |= _heads(metadata, int(share))
    if family.wide_at is not None:
        wide = content["num_hidden_layers"] == family.wide_at
        content["query_pre_attn_scalar"] = share if wide else content["head_dim"]
    # llama.cpp takes 0 for none.
    content |= {theirs: metadata.get(key) or None for key, theirs in family.keys.items() if metadata.has(key)}
    content["rope_theta"] = metadata.number("rope.freq_base", 10_000.0)
    content |= rope_scaling(file, metadata)
    if family.model_type == "phi3":
        positions = metadata.whole("context_length")
        original = metadata.whole("rope.scaling.original_context_length", positions)
        content["original_max_position_embeddings"] = original
    return content | token_ids(file.metadata)


def _heads(metadata: Metadata, share: int) -> dict[str, Any]:
    """The width of a head, and how much of it turns."""
    width = metadata.whole("attention.key_length", share)
    if metadata.whole("attention.value_length", width) != width:
        raise UnsupportedModel(
            f"{metadata.path} has values of another width than keys, which ovpipe does not build", OTHER_FILE
        )
    turning = metadata.whole("rope.dimension_count", width)
    part = {} if turning == width else {"partial_rotary_factor": turning / width}
    return {"head_dim": width, **part}


def _windows(metadata: Metadata, family: Family) -> dict[str, Any]:
    """Which layers have a sliding window."""
    if family.windows == "none":
        return {}
    window = metadata.get("attention.sliding_window", family.window) or None
    if family.model_type == "llama":
        return {"model_type": "mistral", "sliding_window": window} if window else {}
    if window is None or family.windows == "all layers":
        return {"sliding_window": window}
    pattern = metadata.get("attention.sliding_window_pattern", family.window_every)
    if not isinstance(pattern, list):
        every = metadata.whole("attention.sliding_window_pattern", family.window_every)
        pattern = [bool((index + 1) % every) for index in range(metadata.whole("block_count"))]
    kinds = ["sliding_attention" if slides else "full_attention" for slides in pattern]
    return {"sliding_window": window, "layer_types": kinds}
