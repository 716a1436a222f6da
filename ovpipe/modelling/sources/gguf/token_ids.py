"""Which tokens begin, end and pad a text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ENDS_OF_TURNS = (
    *("<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|end_of_text|>"),
    *("<EOT>", "_<EOT>", "<end_of_utterance>"),
)
"""Tokens that end a turn; llama.cpp knows them by these texts where the metadata name none."""


def token_ids(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The ids that config.json and generation_config.json have, as far as there are any.

    `eos_token_id` is a list where more than one token ends an answer.
    """

    def one(name: str) -> int | None:
        value = metadata.get(f"tokenizer.ggml.{name}_token_id")
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    turn = one("eot")
    ends = [one("eos"), _end_of_turn(metadata) if turn is None else turn, one("eom")]
    found = list(dict.fromkeys(end for end in ends if end is not None))
    eos = found[0] if len(found) == 1 else found or None
    ids = {"bos_token_id": one("bos"), "eos_token_id": eos, "pad_token_id": one("padding")}
    return {name: value for name, value in ids.items() if value is not None}


def _end_of_turn(metadata: Mapping[str, Any]) -> int | None:
    tokens = metadata.get("tokenizer.ggml.tokens")
    if not isinstance(tokens, list):
        return None
    places = {token: index for index, token in enumerate(tokens) if token in _ENDS_OF_TURNS}
    return next((places[text] for text in _ENDS_OF_TURNS if text in places), None)
