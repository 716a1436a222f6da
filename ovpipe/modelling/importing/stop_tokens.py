"""Which tokens end an answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ovpipe.modelling.sources.model_source import ModelSource

_ENDS_OF_TURNS = (
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<end_of_turn>",
    "<|end|>",
    "<|end_of_turn|>",
    "<|eot|>",
    "<|endofturn|>",
)
"""How chat templates end what an assistant says. Files made from a base model's often leave it out of the
ids that they state, and the model then goes on to write the user's next question."""


def stop_tokens(source: ModelSource) -> list[int]:
    """The ids of all tokens that end an answer, first those that generation_config.json states.

    Besides: those of config.json, the tokenizer's eos_token, and ends of turns that the chat template writes.
    """
    stated = [
        *_ids(source.generation_config.get("eos_token_id")),
        *_ids(source.config.get("eos_token_id")),
        *_ids(_text_config(source).get("eos_token_id")),
    ]
    ids = token_ids(source.tokenizer)
    texts = [_text(source.tokenizer_config.get("eos_token")), *_ends_of_turns(source.tokenizer_config)]
    return list(dict.fromkeys([*stated, *(ids[text] for text in texts if text in ids)]))


def token_ids(tokenizer: Mapping[str, Any]) -> dict[str, int]:
    """The ids of the tokens that a tokenizer.json adds to its vocabulary, by their texts."""
    added = tokenizer.get("added_tokens")
    return {
        one["content"]: one["id"]
        for one in (added if isinstance(added, list) else ())
        if isinstance(one, dict) and isinstance(one.get("content"), str) and isinstance(one.get("id"), int)
    }


def _ends_of_turns(tokenizer_config: Mapping[str, Any]) -> Iterator[str]:
    templates = tokenizer_config.get("chat_template")
    text = templates if isinstance(templates, str) else str(templates)
    return (end for end in _ENDS_OF_TURNS if end in text)


def _text_config(source: ModelSource) -> Mapping[str, Any]:
    """Where models that see images keep what concerns their language model."""
    nested = source.config.get("text_config")
    return nested if isinstance(nested, Mapping) else {}


def _ids(stated: Any) -> list[int]:
    """One id, several or none."""
    listed = stated if isinstance(stated, list) else [stated]
    return [one for one in listed if isinstance(one, int) and not isinstance(one, bool)]


def _text(token: Any) -> Any:
    """A token as tokenizer_config.json has it: its text, or an object with the text as `content`."""
    return token.get("content") if isinstance(token, Mapping) else token
