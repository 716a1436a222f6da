"""Models by their paths: what is there, and whether it is served as it is or imported first."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ovpipe.errors import did_you_mean
from ovpipe.model_store.contents import Form, form_of, gguf_file
from ovpipe.model_store.errors import ModelStoreError

WEIGHTS = (".gguf", ".safetensors", ".bin", ".pt", ".pth", ".pkl", ".ckpt")
"""How the names of files end that hold a model's weights."""


class LocalModel(NamedTuple):
    """A model by its path."""

    form: Form
    path: Path
    """The folder, or the GGUF file."""


def is_path_of_weights(what: str) -> bool:
    """Whether it can only mean a file of weights."""
    return what.lower().endswith(WEIGHTS)


def local_model(path: Path) -> LocalModel | None:
    """The model at a path; None for a folder without one.

    Raises ModelStoreError where there is nothing, and for what ovpipe does not read.
    """
    path = path.absolute()
    try:
        if path.is_dir():
            return _in_folder(path)
        missing = not path.is_file()
    except (OSError, ValueError) as error:  # no path of a file at all
        raise ModelStoreError(f"{str(path)!r:.200} is no path of a model: {error}") from error
    if missing:
        raise ModelStoreError(f"{path} does not exist{_near(path)}")
    if path.suffix.lower() == ".safetensors":
        raise ModelStoreError(
            f"{path} has weights alone; name its folder, with the config.json and the tokenizer in it: "
            f"{path.parent}"
        )
    return LocalModel(form_of([path.name], str(path)), path)


def _in_folder(folder: Path) -> LocalModel | None:
    names = [file.name for file in folder.iterdir()]
    others = [name for name in names if not name.startswith("openvino_tokenizer")]
    if not any(is_path_of_weights(name) for name in others):
        return None
    form = form_of(names, str(folder))
    if form is not Form.GGUF:
        return LocalModel(form, folder)
    return LocalModel(form, folder / gguf_file(names, None, str(folder), "by its path"))


def _near(path: Path) -> str:
    """A hint at the files of weights that stand beside a path."""
    try:
        beside = [file.name for file in path.parent.iterdir() if is_path_of_weights(file.name)]
    except OSError:  # no folder either
        return ""
    return f"; {did_you_mean(path.name, beside)}" if beside else ""
