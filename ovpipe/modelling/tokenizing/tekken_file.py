"""Mistral's tekken.json as the content of a tokenizer.json.

The file has an expression that cuts texts into words, and byte strings by rank: of the neighbours in a word
those are joined first that make the string of the lowest rank. Ids of special tokens come before the ranks.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from ovpipe.modelling.tokenizing.scored_merges import merges_of_scores
from ovpipe.tokenizers.gpt2_characters import Gpt2Characters

_UNNAMED = (
    *("<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]"),
    *("[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]", "[IMG_END]"),
    *("[PREFIX]", "[MIDDLE]", "[SUFFIX]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[TOOL_CONTENT]"),
)
"""The special tokens of files that do not name theirs (mistral-common, tokens/tokenizers/tekken.py)."""


def tokenizer_of_tekken(tekken: Mapping[str, Any]) -> dict[str, Any]:
    """The content of the tokenizer.json; bos is put before a text. Raises KeyError for what is not there."""
    config = tekken["config"]
    count = config["default_num_special_tokens"]
    characters = Gpt2Characters()
    ranked = sorted(tekken["vocab"], key=lambda entry: int(entry["rank"]))
    ranked = ranked[: config["default_vocab_size"] - count]
    tokens = [characters.text_of(base64.b64decode(entry["token_bytes"])) for entry in ranked]
    named = {entry["rank"]: entry["token_str"] for entry in tekken.get("special_tokens") or ()}
    named = named or dict(enumerate(_UNNAMED))
    special = [named.get(index, f"<SPECIAL_{index}>") for index in range(count)]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    cut = {"type": "Split", "pattern": {"Regex": config["pattern"]}, "behavior": "Isolated", "invert": False}
    text = {"Sequence": {"id": "A", "type_id": 0}}
    bos = {"SpecialToken": {"id": "<s>", "type_id": 0}}
    return {
        "added_tokens": [{"id": index, "content": token, **flags} for index, token in enumerate(special)],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [cut, byte_level]},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [bos, text],
            "pair": [bos, text, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [special.index("<s>")], "tokens": ["<s>"]}},
        },
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "unk_token": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": True,
            "vocab": {
                **{token: count + rank for rank, token in enumerate(tokens)},
                **{token: index for index, token in enumerate(special)},
            },
            "merges": merges_of_scores({token: -rank for rank, token in enumerate(tokens)}, tokens),
        },
    }
