"""What a repository or a folder holds: which form of a model its files are, and which of them it takes."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from ovpipe.model_store.errors import ModelStoreError

SMALL: Final = ("*.json", "*.jinja", "*.txt", "*.model", "*.tiktoken")
PICKLED: Final = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt")
MOST_NAMED: Final = 12


class Form(enum.StrEnum):
    """How a model is stored."""

    OPENVINO = "OpenVINO"
    SAFETENSORS = "safetensors"
    GGUF = "GGUF"


def form_of(names: Iterable[str], where: str) -> Form:
    """The form of the model among these files, the one that is ready to serve first.

    Raises ModelStoreError when there is none that ovpipe reads.
    """
    names = list(names)
    if "openvino_model.xml" in names:
        return Form.OPENVINO
    if any(name == "openvino_language_model.xml" for name in names):
        raise ModelStoreError(
            f"{where} is a model of several modalities in OpenVINO's format; ovpipe serves language models"
        )
    if any(fnmatchcase(name, "*.safetensors") and "/" not in name for name in names):
        return Form.SAFETENSORS
    if any(name.lower().endswith(".gguf") for name in names):
        return Form.GGUF
    if pickled := [name for name in names if any(fnmatchcase(name, one) for one in PICKLED)]:
        raise ModelStoreError(
            f"{where} has its weights in {pickled[0]}, which is a pickle: reading one runs the code in it. "
            "Take a repository with .safetensors or .gguf files"
        )
    raise ModelStoreError(f"{where} has no openvino_model.xml, no .safetensors and no .gguf file")


def patterns_of(form: Form) -> list[str]:
    """The files of a repository that a model of this form needs; a GGUF model is one file, of any name."""
    match form:
        case Form.OPENVINO:
            return ["openvino_*.xml", "openvino_*.bin", *SMALL]
        case Form.SAFETENSORS:
            return ["*.safetensors", *SMALL]
        case Form.GGUF:
            return []


def gguf_file(names: Iterable[str], wanted: str | None, where: str, how: str = "by --file") -> str:
    """The one GGUF file of a repository or folder, or the wanted one.

    Raises ModelStoreError, which names them all, and `how` to choose one.
    """
    files = sorted(name for name in names if name.lower().endswith(".gguf"))
    if wanted is None and len(files) == 1:
        return files[0]
    if wanted in files:
        return wanted
    shown = ", ".join(files[:MOST_NAMED]) + (", ..." if len(files) > MOST_NAMED else "")
    fact = f"has no {wanted}" if wanted else f"has {len(files)} GGUF files"
    raise ModelStoreError(f"{where} {fact}; name one of them {how}: {shown}")
