"""What stands in a tokenizer.json, read and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from ovpipe.modelling.unsupported import UnsupportedModel

Step = Mapping[str, Any]
"""A normalizer, pre-tokenizer, post-processor or decoder: its "type", and what that type has besides."""


@dataclass(frozen=True)
class AddedToken:
    """A token that is found in a text before anything else is done with it.

    `normalized` ones are found in what the normalizers make of the text, the others in the text itself.
    """

    id: int
    content: str
    single_word: bool = False
    lstrip: bool = False
    rstrip: bool = False
    normalized: bool = False
    special: bool = False
    normal: str | None = None
    """The content as the normalizers make it, if it is found in what they make of a text."""

    @property
    def name(self) -> str:
        """What stands for it in a text when it is found."""
        return self.content if self.normal is None else self.normal

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Self:
        """That of an entry of `added_tokens`."""
        flags = ("single_word", "lstrip", "rstrip", "normalized", "special")
        single_word, lstrip, rstrip, normalized, special = (bool(entry.get(flag, False)) for flag in flags)
        return cls(entry["id"], entry["content"], single_word, lstrip, rstrip, normalized, special)


@dataclass(frozen=True)
class TokenizerContent:
    """The parts of a tokenizer.json; a sequence of steps is one list, however it is nested."""

    model: Mapping[str, Any]
    added_tokens: tuple[AddedToken, ...]
    normalizers: tuple[Step, ...]
    pre_tokenizers: tuple[Step, ...]
    post_processors: tuple[Step, ...]
    decoders: tuple[Step, ...]

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """Reads it; raises UnsupportedModel where a part is none that a tokenizer.json has."""
        model = content.get("model")
        if not isinstance(model, Mapping) or "vocab" not in model:
            raise UnsupportedModel("tokenizer.json has no model with a vocabulary")
        added = [AddedToken.of(entry) for entry in content.get("added_tokens") or ()]
        if isinstance(model["vocab"], Mapping):  # the model's own id counts, as it does for `tokenizers`
            added = [replace(token, id=model["vocab"].get(token.content, token.id)) for token in added]
        return cls(
            model,
            tuple(token for token in added if token.content),
            tuple(_steps(content, "normalizer", "normalizers")),
            tuple(_steps(content, "pre_tokenizer", "pretokenizers")),
            tuple(_steps(content, "post_processor", "processors")),
            tuple(_steps(content, "decoder", "decoders")),
        )

    @property
    def kind(self) -> str:
        """BPE, Unigram or WordPiece. Old files do not say it."""
        if "type" in self.model:
            return str(self.model["type"])
        if "merges" in self.model:
            return "BPE"
        return "Unigram" if isinstance(self.model["vocab"], Sequence) else "WordPiece"

    @property
    def vocabulary(self) -> dict[str, int]:
        """The ids of the model's own tokens."""
        vocab = self.model["vocab"]
        if isinstance(vocab, Mapping):
            return dict(vocab)
        return {token: index for index, (token, _) in reversed(list(enumerate(vocab)))}

    @property
    def names(self) -> list[str | None]:
        """Every token by its id; None where there is none."""
        by_id = {index: token for token, index in self.vocabulary.items()}
        if not isinstance(self.model["vocab"], Mapping):
            by_id = {index: token for index, (token, _) in enumerate(self.model["vocab"])}
        by_id |= {token.id: token.content for token in self.added_tokens}
        return [by_id.get(index) for index in range(max(by_id, default=-1) + 1)]

    @property
    def is_byte_level(self) -> bool:
        """Whether tokens are written in GPT-2's characters, one for each byte."""
        return any(step["type"] == "ByteLevel" for step in self.pre_tokenizers)

    def id_of(self, content: str) -> int | None:
        """The id of a token by its text."""
        for token in self.added_tokens:
            if token.content == content:
                return token.id
        return self.vocabulary.get(content)


def refuse(part: str, step: Step, reason: str = "is none that ovpipe builds") -> UnsupportedModel:
    """The error that names a step."""
    return UnsupportedModel(f"tokenizer.json's {part} {step.get('type', '?')!r} {reason}")


def _steps(content: Mapping[str, Any], part: str, members: str) -> list[Step]:
    step = content.get(part)
    return [] if step is None else _flat(part, step, members)


def _flat(part: str, step: Any, members: str) -> list[Step]:
    if not isinstance(step, Mapping) or "type" not in step:
        raise UnsupportedModel(f"tokenizer.json's {part} has no type")
    if step["type"] != "Sequence":
        return [step]
    return [inner for one in step.get(members, ()) for inner in _flat(part, one, members)]
