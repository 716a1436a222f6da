"""check_folder: whether a folder has what a node loads from it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ovpipe.errors import OptionError

MODEL: Final = "openvino_model.xml"
TOKENIZER: Final = ("openvino_tokenizer.xml", "openvino_detokenizer.xml")


def check_folder(folder: Path, *names: str) -> None:
    """Raises OptionError unless the folder has these files of a language model."""
    for name in names:
        if not (folder / name).is_file():
            raise OptionError(f"models_path: {_wrong(folder, name)}; {_remedy(folder)}")


def _wrong(folder: Path, name: str) -> str:
    if folder.is_dir():
        return f"{folder} has no {name}"
    return f"{folder} is not a folder" if folder.exists() else f"{folder} does not exist"


def _remedy(folder: Path) -> str:
    """What makes a folder that can be served of what is there."""
    gguf = folder.suffix.lower() == ".gguf" and folder.is_file()
    if gguf or (folder.is_dir() and any(folder.glob("*.safetensors"))):
        return (
            f"`ovpipe serve {folder}` imports it and serves it, and "
            f"`ovpipe models import {folder} -o FOLDER` writes a folder for models_path"
        )
    return (
        "models_path is the folder of a model in OpenVINO's format, as `ovpipe models pull`, `ovpipe models "
        "import` and optimum-cli write it"
    )
