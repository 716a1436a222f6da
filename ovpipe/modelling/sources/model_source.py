"""A model that somebody else made: its config.json and its parameters."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Protocol

from ovpipe.modelling.weights import Array


class ModelSource(Protocol):
    """Gives one parameter at a time, so that no reader need hold the whole model.

    Parameters have their names in Hugging Face's checkpoints of the model type that `config` names.
    """

    @property
    def path(self) -> Path:
        """The file or folder."""

    @property
    def config(self) -> Mapping[str, Any]:
        """The content of config.json."""

    @property
    def names(self) -> Collection[str]:
        """The parameters there are."""

    def tensor(self, name: str) -> Array:
        """A parameter as f32; the caller lets go of it before it asks for the next."""


class BrokenModel(ValueError):
    """A file of the model cannot be read as what it says it is. The message begins with its path."""

    def __init__(self, path: Path, fact: str) -> None:
        super().__init__(f"{path}: {fact}")
        self.path = path
