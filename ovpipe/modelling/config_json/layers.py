"""What each layer has of its own: its window, and how its heads turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ovpipe.modelling.config import LayerConfig
from ovpipe.modelling.config_json.values import Values
from ovpipe.modelling.rope import Rope, scaled_rope
from ovpipe.modelling.unsupported import UnsupportedModel

_FULL, _SLIDING = "full_attention", "sliding_attention"


def layers_of(given: Values, *, long_context: bool) -> tuple[tuple[LayerConfig, ...], int]:
    """Each layer's config, and for how many positions they are good."""
    max_positions = _positions(given, long_context)
    window = _window(given)
    if window is not None and window >= max_positions:
        window = None
    ropes = {kind: _rope(given, kind, long_context) for kind in (_FULL, _SLIDING)}
    turning = _turning(given)
    layers = tuple(
        LayerConfig(window=window if kind == _SLIDING else None, rope=ropes[kind] if turns else None)
        for kind, turns in zip(_kinds(given, turning), turning, strict=True)
    )
    return layers, max_positions


def _positions(given: Values, long_context: bool) -> int:
    """The model's context; of a longrope that is built for short sequences, the original one."""
    positions = given.whole("max_position_embeddings")
    if _is_longrope(_rope_parameters(given)) and not long_context:
        return min(positions, given.whole("original_max_position_embeddings", positions))
    return positions


def _window(given: Values) -> int | None:
    """How far layers with a window look; None where the model has none."""
    if "use_sliding_window" in given.architecture.keys and not given.flag("use_sliding_window"):
        return None
    return None if given.get("sliding_window") is None else given.whole("sliding_window")


def _turning(given: Values) -> list[bool]:
    """Which layers rotate their heads."""
    count = given.whole("num_hidden_layers")
    if "no_rope_layers" not in given.architecture.keys:
        return [True] * count
    marks = given.get("no_rope_layers")
    if marks is None:
        interval = given.whole("no_rope_layer_interval")
        return [(index + 1) % interval != 0 for index in range(count)]
    if not isinstance(marks, list) or len(marks) < count:
        raise UnsupportedModel(f"config.json: no_rope_layers must be a list of {count} numbers, 1 or 0")
    return [bool(mark) for mark in marks[:count]]


def _kinds(given: Values, turning: list[bool]) -> list[str]:
    """full_attention or sliding_attention, of each layer."""
    named = given.get("layer_types") if "layer_types" in given.architecture.keys else None
    if named is not None:
        return _named(given, named, len(turning))
    window = _window(given)
    match given.architecture.windows:
        case "none":
            slides = [False] * len(turning)
        case "all layers":
            slides = [True] * len(turning)
        case "from a layer on":
            first = given.get("max_window_layers")
            if not isinstance(first, int):
                raise UnsupportedModel(f"config.json: max_window_layers is {first!r}, not a whole number")
            slides = [index >= first for index in range(len(turning))]
        case "by pattern":
            every = given.whole("sliding_window_pattern")
            slides = [bool((index + 1) % every) for index in range(len(turning))]
        case "layers without rope":
            slides = [not turns for turns in turning]
    return [_SLIDING if one and window is not None else _FULL for one in slides]


def _named(given: Values, named: Any, count: int) -> list[str]:
    if not isinstance(named, list) or len(named) != count:
        raise UnsupportedModel(f"config.json: layer_types must be a list of {count} names")
    other = [str(name) for name in named if name not in (_FULL, _SLIDING)]
    if other:
        raise UnsupportedModel(f"config.json: layer_types has {other[0]!r}, which ovpipe does not build")
    if _SLIDING in named and _window(given) is None:
        raise UnsupportedModel(f"config.json: layer_types has {_SLIDING!r}, but there is no sliding_window")
    return named


def _rope_parameters(given: Values, kind: str = _FULL) -> Mapping[str, Any]:
    """What config.json says of the rope of layers of this kind, old keys (rope_theta) and new."""
    found = given.get("rope_scaling") or given.get("rope_parameters") or {}
    if not isinstance(found, Mapping):
        raise UnsupportedModel(f"config.json: the rope's parameters are {found!r}, not an object")
    if _FULL in found or _SLIDING in found:
        found = found.get(kind) or {}
        if not isinstance(found, Mapping):
            raise UnsupportedModel(f"config.json: the rope of {kind} is {found!r}, not an object")
    elif kind == _SLIDING and "rope_local_base_freq" in given.architecture.keys:
        found = {}  # Gemma 3 scales its global layers only
    local = kind == _SLIDING and "rope_local_base_freq" in given.architecture.keys
    theta = given.get("rope_local_base_freq" if local else "rope_theta")
    return {"rope_theta": theta, **{key: value for key, value in found.items() if value is not None}}


def _is_longrope(parameters: Mapping[str, Any]) -> bool:
    return (parameters.get("rope_type") or parameters.get("type")) in ("longrope", "su")


def _rope(given: Values, kind: str, long_context: bool) -> Rope:
    parameters = dict(_rope_parameters(given, kind))
    dimensions = _turning_dimensions(given, parameters)
    if _is_longrope(parameters):
        parameters["rope_type"] = "longrope"
    original = given.get("original_max_position_embeddings")
    if original is not None and parameters.get("rope_type") == "longrope":
        parameters["original_max_position_embeddings"] = original
    return scaled_rope(
        parameters,
        dimensions,
        max_positions=given.whole("max_position_embeddings"),
        long_context=long_context,
    )


def _turning_dimensions(given: Values, parameters: Mapping[str, Any]) -> int:
    """How many dimensions of a head turn; Phi-4-mini turns three quarters of them."""
    part = parameters.get("partial_rotary_factor", given.get("partial_rotary_factor"))
    if part in (None, 1):
        return given.head_dim()
    if "partial_rotary_factor" not in given.architecture.keys:
        raise UnsupportedModel(
            f"config.json: partial_rotary_factor is {part!r}, which ovpipe does not build in this family"
        )
    turning = int(given.head_dim() * part) if isinstance(part, int | float) and 0 < part < 1 else 0
    if turning < 2 or turning % 2:
        raise UnsupportedModel(
            f"config.json: partial_rotary_factor is {part!r}, which makes no pairs of a head's "
            f"{given.head_dim()} dimensions"
        )
    return turning
