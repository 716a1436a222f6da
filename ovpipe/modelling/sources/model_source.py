"""A model that somebody else made: its config.json, its parameters, and how it reads and writes texts."""

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
    def tokenizer(self) -> Mapping[str, Any]:
        """The content of tokenizer.json. Raises BrokenModel where there is none."""

    @property
    def tokenizer_config(self) -> Mapping[str, Any]:
        """The content of tokenizer_config.json, or nothing.

        `chat_template` in it is the one to use, wherever the source keeps it: one text, or a list of
        {name, template}.
        """

    @property
    def generation_config(self) -> Mapping[str, Any]:
        """The content of generation_config.json, or nothing."""

    @property
    def names(self) -> Collection[str]:
        """The parameters there are."""

    def kind(self, name: str) -> str:
        """The type that a parameter has in the source: F32, F16, BF16, or another of ggml's."""

    def tensor(self, name: str) -> Array:
        """A parameter as f32; the caller lets go of it before it asks for the next."""


class BrokenModel(ValueError):
    """A file of the model cannot be read as what it says it is. The message begins with its path."""

    def __init__(self, path: Path, fact: str) -> None:
        super().__init__(f"{path}: {fact}")
        self.path = path
