"""Rotary position embeddings: the angular frequency of each pair of a head's dimensions, and its scalings."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ovpipe.modelling.unsupported import UnsupportedModel

Frequencies = NDArray[np.float64]


@dataclass(frozen=True)
class Rope:
    """How heads turn with their position.

    Pair i of the first `2 * len(frequencies)` dimensions turns by position * frequencies[i]; dimension i
    is paired with i + len(frequencies). The dimensions behind them do not turn. Cosine and sine are
    multiplied by `magnitude`.
    """

    frequencies: tuple[float, ...]
    magnitude: float = 1.0

    @property
    def dimensions(self) -> int:
        """How many dimensions of a head turn."""
        return 2 * len(self.frequencies)


def plain_rope(theta: float, dimensions: int) -> Rope:
    """theta^(-2i/dimensions), as RoFormer has it (equation 15)."""
    return Rope(tuple(_plain(theta, dimensions).tolist()))


def scaled_rope(
    parameters: Mapping[str, Any], dimensions: int, *, max_positions: int, long_context: bool = False
) -> Rope:
    """The rope that `rope_scaling` or `rope_parameters` of a config.json describes, as transformers has it.

    `parameters` holds rope_theta, and the rope_type with what that needs. `max_positions` is the model's
    max_position_embeddings. Longrope has two sets of frequencies, and takes the other set once a sequence
    is longer than its original context; `long_context` says which set this model has, always.
    """
    kind = parameters.get("rope_type") or parameters.get("type") or "default"
    if not isinstance(kind, str) or kind not in _SCALINGS:
        raise UnsupportedModel(
            f"config.json: rope_type {kind!r} is not one of those that ovpipe builds: {', '.join(_SCALINGS)}"
        )
    read, scaling = _SCALINGS[kind]
    unknown = {
        name for name, value in parameters.items() if value is not None and name not in {*read, *_ALWAYS_READ}
    }
    if unknown:
        raise UnsupportedModel(
            f"config.json: the rope of type {kind!r} has {', '.join(sorted(unknown))}, "
            f"which ovpipe does not build"
        )
    try:
        with np.errstate(divide="raise", invalid="raise", over="raise"):
            return scaling(_Scaling(parameters, dimensions, max_positions, long_context))
    except UnsupportedModel:
        raise
    except (ArithmeticError, TypeError, ValueError) as error:
        raise UnsupportedModel(
            f"config.json: the numbers of its rope make no frequencies ({error})"
        ) from None


@dataclass(frozen=True)
class _Scaling:
    """What the formulas read."""

    parameters: Mapping[str, Any]
    dimensions: int
    max_positions: int
    long_context: bool

    def number(self, name: str, default: float | None = None) -> float:
        value = self.parameters.get(name)
        if value is None:
            value = default
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise UnsupportedModel(
                f"config.json: the rope's {name} is {value!r}; it must be a positive number"
            )
        return float(value)

    def plain(self) -> Frequencies:
        return _plain(self.number("rope_theta", 10_000.0), self.dimensions)

    @property
    def original_positions(self) -> float:
        """How many positions the model was first trained with."""
        return self.number("original_max_position_embeddings", self.max_positions)


def _plain(theta: float, dimensions: int) -> Frequencies:
    exponents = np.arange(0, dimensions, 2, dtype=np.float64) / dimensions
    frequencies: Frequencies = theta**-exponents
    return frequencies


def _rope(frequencies: Frequencies, magnitude: float = 1.0) -> Rope:
    return Rope(tuple(frequencies.tolist()), magnitude)


def _default(given: _Scaling) -> Rope:
    return _rope(given.plain())


def _linear(given: _Scaling) -> Rope:
    """Positions divided by `factor`."""
    return _rope(given.plain() / given.number("factor"))


def _llama3(given: _Scaling) -> Rope:
    """Llama 3.1: slow pairs are divided by `factor`, fast ones kept, those between interpolated."""
    frequencies, factor = given.plain(), given.number("factor")
    low, high = given.number("low_freq_factor"), given.number("high_freq_factor")
    turns = given.original_positions * frequencies / (2 * math.pi)  # in the original context
    share = np.clip((turns - low) / (high - low), 0, 1)
    return _rope(frequencies * (share + (1 - share) / factor))


def _yarn(given: _Scaling) -> Rope:
    """YaRN (arXiv 2309.00071): interpolates slow pairs, and sharpens attention by the magnitude."""
    theta, dimensions = given.number("rope_theta", 10_000.0), given.dimensions
    factor = given.number("factor", given.max_positions / given.original_positions)

    def dimension_of(turns: float) -> float:
        """Which pair makes so many turns in the original context."""
        ratio = given.original_positions / (turns * 2 * math.pi)
        return dimensions * math.log(ratio) / (2 * math.log(theta))

    low, high = dimension_of(given.number("beta_fast", 32)), dimension_of(given.number("beta_slow", 1))
    if given.parameters.get("truncate", True):
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, dimensions - 1)
    ramp = (np.arange(dimensions // 2) - low) / (high - low if high > low else 0.001)
    interpolated = np.clip(ramp, 0, 1)
    frequencies = given.plain()
    return _rope(frequencies * (1 - interpolated + interpolated / factor), _yarn_magnitude(given, factor))


def _yarn_magnitude(given: _Scaling, factor: float) -> float:
    def by(scale: float) -> float:
        return 1.0 if factor <= 1 else 0.1 * scale * math.log(factor) + 1

    if given.parameters.get("attention_factor") is not None:
        return given.number("attention_factor")
    if given.parameters.get("mscale") and given.parameters.get("mscale_all_dim"):
        return by(given.number("mscale")) / by(given.number("mscale_all_dim"))
    return by(1)


def _longrope(given: _Scaling) -> Rope:
    """LongRoPE (arXiv 2402.13753): a divisor for each pair."""
    original = given.original_positions
    factor = given.number("factor", given.max_positions / original)
    magnitude = 1.0 if factor <= 1 else math.sqrt(1 + math.log(factor) / math.log(original))
    name = "long_factor" if given.long_context else "short_factor"
    divisors = given.parameters.get(name)
    if not isinstance(divisors, list) or len(divisors) != given.dimensions // 2:
        raise UnsupportedModel(
            f"config.json: the rope's {name} must be a list of {given.dimensions // 2} numbers, "
            f"one for each pair of dimensions"
        )
    frequencies = given.plain() / np.array(divisors, np.float64)
    return _rope(frequencies, given.number("attention_factor", magnitude))


_ALWAYS_READ = frozenset({"rope_type", "type", "rope_theta", "partial_rotary_factor"})
_SCALINGS: Mapping[str, tuple[frozenset[str], Callable[[_Scaling], Rope]]] = {
    # Files name the original context in types that do not read it, too.
    "default": (frozenset({"original_max_position_embeddings"}), _default),
    "linear": (frozenset({"factor", "original_max_position_embeddings"}), _linear),
    "llama3": (
        frozenset({"factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"}),
        _llama3,
    ),
    "yarn": (
        frozenset(
            {
                "factor",
                "original_max_position_embeddings",
                "attention_factor",
                "beta_fast",
                "beta_slow",
                "mscale",
                "mscale_all_dim",
                "truncate",
            }
        ),
        _yarn,
    ),
    "longrope": (
        frozenset(
            {"factor", "original_max_position_embeddings", "attention_factor", "short_factor", "long_factor"}
        ),
        _longrope,
    ),
}
"""Of each rope_type the keys it reads, and its formula."""
