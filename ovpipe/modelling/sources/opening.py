"""open_source: a path becomes the source of a model."""

from __future__ import annotations

from pathlib import Path

from ovpipe.modelling.sources.gguf.model import GgufModel
from ovpipe.modelling.sources.model_source import ModelSource
from ovpipe.modelling.sources.safetensors_folder import SafetensorsFolder
from ovpipe.modelling.unsupported import UnsupportedModel


def open_source(path: Path) -> ModelSource:
    """The model in a folder as Hugging Face keeps them, or in a GGUF file.

    Raises FileNotFoundError where there is nothing, BrokenModel and UnsupportedModel.
    """
    if path.is_dir():
        return SafetensorsFolder(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist")
    if path.suffix.lower() == ".gguf":
        return GgufModel(path)
    raise UnsupportedModel(
        f"{path} is neither a folder with a config.json and safetensors files nor a .gguf file"
    )
