"""The metadata of a model's architecture."""

from __future__ import annotations

import math
from collections.abc import Set
from typing import Any

from ovpipe.modelling.sources.gguf.file import GgufFile
from ovpipe.modelling.sources.model_source import BrokenModel
from ovpipe.modelling.unsupported import UnsupportedModel

OTHER_FILE = "Take the safetensors files of the model; `optimum-cli` may convert them where ovpipe does not."
"""What a user can do about a GGUF file that ovpipe does not build."""


class Metadata:
    """The metadata of a file's architecture, by their names without it."""

    def __init__(self, file: GgufFile) -> None:
        self.path = file.path
        self.architecture = str(file.metadata.get("general.architecture"))
        prefix = f"{self.architecture}."
        self._values = {
            key.removeprefix(prefix): value for key, value in file.metadata.items() if key.startswith(prefix)
        }

    def get(self, key: str, default: Any = None) -> Any:
        """The value, or the default."""
        return self._values.get(key, default)

    def has(self, key: str) -> bool:
        """Whether there is a value."""
        return key in self._values

    def required(self, key: str) -> Any:
        """The value; raises BrokenModel where there is none, UnsupportedModel where layers differ in it."""
        if key not in self._values:
            raise BrokenModel(self.path, f"lacks {self.architecture}.{key} in its metadata")
        return self._alike(key, self._values[key])

    def whole(self, key: str, default: int | None = None) -> int:
        """A positive whole number, which must be there if it has no default."""
        value = self.required(key) if default is None or self.has(key) else default
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise BrokenModel(self.path, f"says that {self.architecture}.{key} is {str(value)[:40]}")
        return value

    def number(self, key: str, default: float) -> float:
        """A positive number; llama.cpp takes 0 for the default."""
        value = self.get(key) or default
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise BrokenModel(self.path, f"says that {self.architecture}.{key} is {str(value)[:40]}")
        return float(value)

    def _alike(self, key: str, value: Any) -> Any:
        """A list of each layer's value becomes the one that all have."""
        if not isinstance(value, list):
            return value
        if not value or any(one != value[0] for one in value):
            raise UnsupportedModel(
                f"{self.path}: layers differ in {self.architecture}.{key}, which ovpipe does not build",
                OTHER_FILE,
            )
        return value[0]

    def unknown(self, known: Set[str]) -> dict[str, Any]:
        """What is not known and may change the numbers: neither empty, zero nor off."""
        return {
            key: value
            for key, value in self._values.items()
            if key not in known and value not in (None, False, 0, "", [])
        }
