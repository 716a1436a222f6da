"""The scaling of a rope, from metadata and tensors of a GGUF file to config.json."""

from __future__ import annotations

import math
from typing import Any

from ovpipe.modelling.sources.gguf.file import GgufFile
from ovpipe.modelling.sources.gguf.metadata import OTHER_FILE, Metadata
from ovpipe.modelling.sources.gguf.names import FREQUENCIES, LONG_FACTORS, SHORT_FACTORS
from ovpipe.modelling.unsupported import UnsupportedModel

_YARN = {
    "rope.scaling.yarn_beta_fast": "beta_fast",
    "rope.scaling.yarn_beta_slow": "beta_slow",
    "rope.scaling.yarn_attn_factor": "attention_factor",
}


def rope_scaling(file: GgufFile, metadata: Metadata) -> dict[str, Any]:
    """`rope_scaling` of config.json, or nothing.

    Divisors of the frequencies that stand in a tensor (llama 3's are written as such) are a longrope's,
    with a magnitude of 1.
    """
    positions = metadata.whole("context_length")
    original = metadata.whole("rope.scaling.original_context_length", positions)
    factor = metadata.number("rope.scaling.factor", metadata.number("rope.scale_linear", 1.0))
    by = metadata.number("rope.scaling.attn_factor", 1.0)
    # llama.cpp takes a factor alone for a linear one.
    kind = metadata.get("rope.scaling.type", "linear" if factor != 1 else "none")
    if LONG_FACTORS in file.tensors or SHORT_FACTORS in file.tensors:
        return _scaling(
            rope_type="longrope",
            original_max_position_embeddings=original,
            attention_factor=by,
            long_factor=_factors(file, LONG_FACTORS),
            short_factor=_factors(file, SHORT_FACTORS),
        )
    if FREQUENCIES in file.tensors:
        if factor != 1:
            raise UnsupportedModel(
                f"{file.path} has both {FREQUENCIES} and a factor of its rope, which ovpipe does not build",
                OTHER_FILE,
            )
        factors = _factors(file, FREQUENCIES)
        return _scaling(
            rope_type="longrope",
            original_max_position_embeddings=positions,
            attention_factor=1.0,
            long_factor=factors,
            short_factor=factors,
        )
    match kind:
        case "none":
            return {}
        case "linear":
            return _scaling(rope_type="linear", factor=factor) if factor != 1 else {}
        case "yarn":
            given = {theirs: metadata.get(key) for key, theirs in _YARN.items() if metadata.has(key)}
            if by != 1:
                given["attention_factor"] = by * (1 + 0.1 * math.log(factor))
            return _scaling(
                rope_type="yarn", factor=factor, original_max_position_embeddings=original, **given
            )
    raise UnsupportedModel(
        f"{file.path} has a rope scaled by {kind!r}, which ovpipe does not build", OTHER_FILE
    )


def _scaling(**values: Any) -> dict[str, Any]:
    return {"rope_scaling": values}


def _factors(file: GgufFile, name: str) -> list[float]:
    """A tensor of divisors, as the shortest decimals that make them."""
    if name not in file.tensors:
        raise UnsupportedModel(f"{file.path} lacks {name}, which its rope needs", OTHER_FILE)
    return [float(str(value)) for value in file.values(name)]
