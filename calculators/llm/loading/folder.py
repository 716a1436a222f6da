"""check_folder: whether a folder has what a node loads from it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ovpipe.errors import OptionError

MODEL: Final = "openvino_model.xml"
TOKENIZER: Final = ("openvino_tokenizer.xml", "openvino_detokenizer.xml")


def check_folder(folder: Path, *names: str) -> None:
    """Raises OptionError unless the folder has these files of a language model."""
    remedy = (
        "models_path is the folder of a model in OpenVINO's format, as `optimum-cli export openvino "
        "--model NAME FOLDER` writes it"
    )
    if not folder.is_dir():
        fact = "is not a folder" if folder.exists() else "does not exist"
        raise OptionError(f"models_path: {folder} {fact}; {remedy}")
    for name in names:
        if not (folder / name).is_file():
            raise OptionError(f"models_path: {folder} has no {name}; {remedy}")
