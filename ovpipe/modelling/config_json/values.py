"""The values of a config.json."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ovpipe.modelling.architectures import COMMON_DEFAULTS, Architecture
from ovpipe.modelling.unsupported import UnsupportedModel


class Values:
    """The values of a config.json, with the family's defaults."""

    def __init__(self, content: Mapping[str, Any], architecture: Architecture) -> None:
        self.architecture = architecture
        self._content = content

    def get(self, key: str) -> Any:
        """The key's value; null where the file says so and means it."""
        if key in self._content:
            return self._content[key]
        return self.architecture.defaults.get(key, COMMON_DEFAULTS.get(key))

    def whole(self, key: str, default: int | None = None) -> int:
        """A positive whole number, which must be there if it has no default."""
        value = self.get(key)
        value = default if value is None else value
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            said = "is missing" if value is None else f"is {value!r}"
            raise UnsupportedModel(f"config.json: {key} {said}; it must be a positive whole number")
        return value

    def number(self, key: str, default: float = 1.0) -> float:
        """A positive number."""
        value = self.get(key)
        value = default if value is None else value
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise UnsupportedModel(f"config.json: {key} is {value!r}; it must be a positive number")
        return float(value)

    def flag(self, key: str) -> bool:
        """True or false; false where it is missing."""
        value = self.get(key)
        if value not in (None, True, False):
            raise UnsupportedModel(f"config.json: {key} is {value!r}; it must be true or false")
        return bool(value)

    def optional(self, key: str) -> float | None:
        """A positive number, or none."""
        return None if self.get(key) is None else self.number(key)

    def token(self, key: str) -> int | None:
        """A token's id; the first, of several."""
        value = self.get(key)
        value = value[0] if isinstance(value, list) and value else value
        return value if isinstance(value, int) and value >= 0 else None

    @property
    def family(self) -> str:
        """The model_type."""
        return str(self._content["model_type"])

    def head_dim(self) -> int:
        """The width of a head."""
        return self.whole("head_dim", self.whole("hidden_size") // self.whole("num_attention_heads"))
