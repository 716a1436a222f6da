"""The tokenizer of a GGUF file: what its tokenizer.json and tokenizer_config.json would be.

A file of llama.cpp has the tokens with their types and scores, and the name of its way to cut a text, but no
normalizers, decoders or post-processors. They follow from tokenizer.ggml.model and tokenizer.ggml.pre.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any

from ovpipe.modelling.tokenizing.gguf_splits import splits_by_name
from ovpipe.modelling.tokenizing.scored_merges import merges_of_scores
from ovpipe.modelling.unsupported import UnsupportedModel

Json = dict[str, Any]
_BLANK = "▁"
_KEYS = {"bos": "bos", "eos": "eos", "pad": "padding", "unk": "unknown"}
"""Names in tokenizer.ggml.*_token_id by those in tokenizer_config.json."""

_REMEDY = "The model's Hugging Face folder says all of it in its tokenizer.json: import that instead."


class TokenType(IntEnum):
    """The numbers of tokenizer.ggml.token_type."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


def tokenizer_of_gguf(fields: Mapping[str, Any]) -> Json:
    """The content of tokenizer.json.

    `fields` are the file's, by key, as plain Python values. Raises UnsupportedModel for a tokenizer of a kind
    or a name that is not known.
    """
    kind = fields.get("tokenizer.ggml.model")
    build = {"gpt2": _byte_level, "llama": _scored, "gemma4": _gemma4}.get(str(kind))
    if build is None:
        raise UnsupportedModel(
            f"tokenizer.ggml.model is {kind!r}; ovpipe knows 'gpt2', 'llama' and 'gemma4'", _REMEDY
        )
    if not fields.get("tokenizer.ggml.tokens"):
        raise UnsupportedModel("the file has no tokenizer.ggml.tokens", _REMEDY)
    return build(fields)


def tokenizer_config_of_gguf(fields: Mapping[str, Any]) -> Json:
    """The content of tokenizer_config.json: the special tokens and the chat templates."""
    config: Json = {}
    for name in _KEYS:
        token = _token(fields, name)[1]
        if token is not None:
            config[f"{name}_token"] = token
    for key in ("add_bos_token", "add_eos_token"):
        if f"tokenizer.ggml.{key}" in fields:
            config[key] = fields[f"tokenizer.ggml.{key}"]
    templates = {
        key.removeprefix("tokenizer.chat_template").removeprefix(".") or "default": text
        for key, text in fields.items()
        if key == "tokenizer.chat_template" or key.startswith("tokenizer.chat_template.")
    }
    if set(templates) == {"default"}:
        config["chat_template"] = templates["default"]
    elif templates:
        config["chat_template"] = [{"name": name, "template": text} for name, text in templates.items()]
    return config


def _byte_level(fields: Mapping[str, Any]) -> Json:
    name = fields.get("tokenizer.ggml.pre") or "default"
    known = splits_by_name()
    if name not in known:
        raise UnsupportedModel(
            f"tokenizer.ggml.pre is {name!r}; ovpipe knows {', '.join(sorted(known))}", _REMEDY
        )
    splits = known[name]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    return {
        "added_tokens": _added_tokens(fields),
        "normalizer": {"type": "NFC"} if splits.nfc else None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [*(_split(expression) for expression in splits.expressions), byte_level],
        },
        "post_processor": _template(fields, bos=splits.bos),
        "decoder": byte_level,
        "model": _byte_pairs(fields, ignore_merges=splits.whole_words),
    }


def _scored(fields: Mapping[str, Any]) -> Json:
    """SentencePiece's byte pairs: of neighbours that make a token, those with the best score are joined."""
    prefixed = bool(fields.get("tokenizer.ggml.add_space_prefix", True))
    tokens = [str(token).replace(" ", _BLANK) for token in fields["tokenizer.ggml.tokens"]]
    scores = fields.get("tokenizer.ggml.scores")
    if not scores or len(scores) < len(tokens):
        raise UnsupportedModel(
            "the file has no score for each of its tokens in tokenizer.ggml.scores", _REMEDY
        )
    joined = {TokenType.NORMAL, TokenType.USER_DEFINED, TokenType.UNUSED}
    merges = merges_of_scores(
        {
            token: float(score)
            for token, score, kind in zip(tokens, scores, _types(fields), strict=False)
            if kind in joined
        },
        tokens,
    )
    return _like_sentence_piece(fields, tokens, merges, prefixed=prefixed, bos=True)


def _gemma4(fields: Mapping[str, Any]) -> Json:
    """SentencePiece's tokens with merges of their own; no merge goes beyond a line."""
    tokens = [str(token) for token in fields["tokenizer.ggml.tokens"]]
    merges = [_merge(merge) for merge in fields["tokenizer.ggml.merges"]]
    made = _like_sentence_piece(fields, tokens, merges, prefixed=False, bos=True)
    return made | {"pre_tokenizer": _split(r"[^\n]+|[\n]+")}


def _like_sentence_piece(
    fields: Mapping[str, Any],
    tokens: Sequence[str],
    merges: list[list[str]],
    *,
    prefixed: bool,
    bos: bool,
) -> Json:
    replaced = {"type": "Replace", "pattern": {"String": " "}, "content": _BLANK}
    back = {"type": "Replace", "pattern": {"String": _BLANK}, "content": " "}
    decoders: list[Json] = [back, {"type": "ByteFallback"}, {"type": "Fuse"}]
    if prefixed:
        decoders.append({"type": "Strip", "content": " ", "start": 1, "stop": 0})
    unknown = fields.get("tokenizer.ggml.unknown_token_id", 0)
    return {
        "added_tokens": _added_tokens(fields),
        "normalizer": {
            "type": "Sequence",
            "normalizers": [*([{"type": "Prepend", "prepend": _BLANK}] if prefixed else []), replaced],
        },
        "pre_tokenizer": None,
        "post_processor": _template(fields, bos=bos),
        "decoder": {"type": "Sequence", "decoders": decoders},
        "model": {
            "type": "BPE",
            "unk_token": tokens[unknown] if unknown is not None and unknown < len(tokens) else None,
            "fuse_unk": True,
            "byte_fallback": True,
            "vocab": _vocabulary(tokens),
            "merges": merges,
        },
    }


def _byte_pairs(fields: Mapping[str, Any], *, ignore_merges: bool) -> Json:
    tokens = [str(token) for token in fields["tokenizer.ggml.tokens"]]
    if not fields.get("tokenizer.ggml.merges"):
        raise UnsupportedModel("the file has no tokenizer.ggml.merges", _REMEDY)
    return {
        "type": "BPE",
        "unk_token": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": ignore_merges,
        "vocab": _vocabulary(tokens),
        "merges": [_merge(merge) for merge in fields["tokenizer.ggml.merges"]],
    }


def _vocabulary(tokens: Iterable[str]) -> dict[str, int]:
    vocabulary: dict[str, int] = {}
    for index, token in enumerate(tokens):
        vocabulary.setdefault(token, index)
    return vocabulary


def _merge(merge: str) -> list[str]:
    at = merge.index(" ", 1)
    return [merge[:at], merge[at + 1 :]]


def _split(expression: str) -> Json:
    return {"type": "Split", "pattern": {"Regex": expression}, "behavior": "Isolated", "invert": False}


def _types(fields: Mapping[str, Any]) -> list[int]:
    types = fields.get("tokenizer.ggml.token_type")
    return list(types) if types else [TokenType.NORMAL] * len(fields["tokenizer.ggml.tokens"])


def _added_tokens(fields: Mapping[str, Any]) -> list[Json]:
    """The tokens that are found in a text as they are. Those of control are special."""
    control = {TokenType.CONTROL, TokenType.UNKNOWN}
    added = control | {TokenType.USER_DEFINED}
    # llama.cpp knows it of these models by their name, as the file does not say it.
    name = str(fields.get("general.name", "")).lower()
    strips = "phi-3" in name or "phi3" in name
    return [
        {
            "id": index,
            "content": str(token),
            "single_word": False,
            "lstrip": False,
            "rstrip": strips and kind in control and token not in ("<unk>", "<s>", "<|endoftext|>"),
            "normalized": False,
            "special": kind in control,
        }
        for index, (token, kind) in enumerate(
            zip(fields["tokenizer.ggml.tokens"], _types(fields), strict=False)
        )
        if kind in added and token
    ]


def _template(fields: Mapping[str, Any], *, bos: bool) -> Json | None:
    """The post-processor that puts bos and eos around a text, as the file says; `bos` where it does not."""
    around = [
        ("bos", bool(fields.get("tokenizer.ggml.add_bos_token", bos))),
        ("eos", bool(fields.get("tokenizer.ggml.add_eos_token", False))),
    ]
    found = {name: _token(fields, name) for name, wanted in around if wanted}
    special = {token: index for index, token in found.values() if token is not None} if found else {}
    if not special:
        return None
    text = {"Sequence": {"id": "A", "type_id": 0}}

    def part(name: str) -> list[Json]:
        token = found.get(name, (None, None))[1]
        return [] if token is None else [{"SpecialToken": {"id": token, "type_id": 0}}]

    single = [*part("bos"), text, *part("eos")]
    return {
        "type": "TemplateProcessing",
        "single": single,
        "pair": [*single, {"Sequence": {"id": "B", "type_id": 0}}],
        "special_tokens": {
            token: {"id": token, "ids": [index], "tokens": [token]} for token, index in special.items()
        },
    }


def _token(fields: Mapping[str, Any], name: str) -> tuple[int | None, str | None]:
    tokens = fields.get("tokenizer.ggml.tokens") or ()
    defaults = {"bos": 1, "eos": 2, "unk": 0} if fields.get("tokenizer.ggml.model") == "llama" else {}
    index = fields.get(f"tokenizer.ggml.{_KEYS[name]}_token_id", defaults.get(name))
    if index is None or not 0 <= index < len(tokens):
        return None, None
    return int(index), str(tokens[index])
