"""The post-processors of a tokenizer.json: the special tokens around a text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from openvino_tokenizers.tokenizer_pipeline import AddToken, Sequence

from ovpipe.modelling.tokenizing.content import Step, refuse


@dataclass(frozen=True)
class Surroundings:
    """The special tokens that stand before and after each text."""

    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()

    def segments(self) -> list[AddToken | Sequence]:
        """What openvino_tokenizers combines: the tokens and the text."""
        return [
            *(AddToken(_token_id=token) for token in self.before),
            Sequence(),
            *(AddToken(_token_id=token) for token in self.after),
        ]


def surroundings(steps: Iterable[Step]) -> Surroundings:
    """What these steps put around a single text; raises UnsupportedModel for one ovpipe does not build."""
    around = Surroundings()
    for step in steps:
        if step["type"] == "TemplateProcessing":
            inner = _template(step)
        elif step["type"] in ("BertProcessing", "RobertaProcessing"):
            inner = Surroundings((int(step["cls"][1]),), (int(step["sep"][1]),))
        elif step["type"] == "ByteLevel":  # it changes offsets alone
            continue
        else:
            raise refuse("post_processor", step)
        around = Surroundings(inner.before + around.before, around.after + inner.after)
    return around


def declared_surroundings(
    tokenizer_config: Mapping[str, Any], bos: int | None, eos: int | None
) -> Surroundings | None:
    """What a tokenizer_config.json says of them, which replaces the post-processor; None: it says nothing.

    Transformers' rule: with one of the two keys there, the other counts as false, and so does a token that
    the tokenizer does not have.
    """
    keys = {"add_bos_token": bos, "add_eos_token": eos}
    if keys.keys().isdisjoint(tokenizer_config):
        return None
    before, after = (
        () if token is None or not tokenizer_config.get(key) else (token,) for key, token in keys.items()
    )
    return Surroundings(before, after)


def _template(step: Step) -> Surroundings:
    before: list[int] = []
    after: list[int] = []
    seen = 0
    for part in step["single"]:
        if "Sequence" in part:
            seen += 1
        else:
            ids = step["special_tokens"][part["SpecialToken"]["id"]]["ids"]
            (after if seen else before).extend(ids)
    if seen != 1:
        raise refuse("post_processor", step, f"has the text {seen} times")
    return Surroundings(tuple(before), tuple(after))
