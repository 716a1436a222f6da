"""How a model's weights are stored, by the name that a user gives it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.constants import Precision, Storage
from ovpipe.modelling.kept import Kept, levels_and_rests
from ovpipe.modelling.levels import Levels
from ovpipe.modelling.sources.checkpoint import names_in
from ovpipe.modelling.sources.gguf.model import GgufModel
from ovpipe.modelling.sources.model_source import ModelSource

WeightsChoice: TypeAlias = Literal["as-is", "int8", "int4", "f16", "f32"]
"""as-is: floats, and 4-bit blocks of a GGUF file, as the source has them, other whole numbers as int8 in
groups. int8: a scale for each output channel. int4: 4 bits in groups of 64
weights, with int8 for embeddings and head. f16 and f32: floats."""

_ENDS = frozenset({"model.embed_tokens.weight", "lm_head.weight"})
"""Embeddings and head: what every token passes, so that their rounding costs most."""


_FLOATS: dict[str, Precision] = {"F32": "f32", "F16": "f16", "BF16": "bf16"}
"""By the types of a source. Whole numbers of types that stand nowhere here become int8 in groups."""

_BLOCKS: dict[str, Precision] = {
    "Q4_0": "blocks",
    "Q4_1": "blocks and rests",
    "Q4_K": "blocks and rests",
}
"""Types whose numbers OpenVINO multiplies as they are."""


def storage_for(choice: WeightsChoice, source: ModelSource, config: DecoderConfig) -> Storage:
    """How each matrix of the source's decoder is stored. Embeddings and head are matrices, too."""
    match choice:
        case "int4":
            return lambda name: "int8" if name in _ENDS else "int4"
        case "as-is":
            return _as_the_source_has_it(source)
        case _:
            return choice


def _as_the_source_has_it(source: ModelSource) -> Storage:
    names = names_in(source)

    def precision(name: str) -> Precision:
        kind = source.kind(names[name])
        if name in _ENDS:
            return _FLOATS.get(kind, "int8")
        return (_FLOATS | _BLOCKS).get(kind, "int8 in groups")

    def levels(name: str) -> Levels | None:
        assert isinstance(source, GgufModel)
        found = source.blocks(names[name])
        rests = precision(name) == "blocks and rests"
        return levels_and_rests(found.numbers, found.scales, found.minima, rests=rests)

    return Kept(precision, levels)
