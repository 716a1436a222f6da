"""A folder as Hugging Face keeps models: config.json, and the weights in one safetensors file or several."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ovpipe.modelling.sources.model_source import BrokenModel
from ovpipe.modelling.sources.safetensors_file import SafetensorsFile
from ovpipe.modelling.tokenizing.folder import read_tokenizer
from ovpipe.modelling.unsupported import UnsupportedModel
from ovpipe.modelling.weights import Array
from ovpipe.tokenizers.chat_templates import read_chat_templates

INDEX = "model.safetensors.index.json"
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_SHARD = re.compile(r"model-(\d{5})-of-(\d{5})\.safetensors")


class SafetensorsFolder:
    """Opening it reads config.json and the headers; the weights when one asks for them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config: Mapping[str, Any] = _json_object(path / "config.json")
        self._files: dict[str, SafetensorsFile] = {}
        for file in map(SafetensorsFile, _weight_files(path)):
            for name in file.names:
                if name in self._files:
                    raise BrokenModel(file.path, f"has {name}, which {self._files[name].path.name} has, too")
                self._files[name] = file
        if (path / INDEX).exists():
            self._check_index()

    @property
    def tokenizer(self) -> Mapping[str, Any]:
        """The content of tokenizer.json, or what another file of a tokenizer makes of it."""
        return read_tokenizer(self.path)

    @property
    def tokenizer_config(self) -> Mapping[str, Any]:
        """The content of tokenizer_config.json, with the chat templates of whatever file has them."""
        content = self._optional("tokenizer_config.json")
        templates = read_chat_templates(self.path)
        if not templates:
            return content
        named = [{"name": name, "template": template} for name, template in templates.items()]
        only = templates.get("default") if len(templates) == 1 else None
        return {**content, "chat_template": only or named}

    @property
    def generation_config(self) -> Mapping[str, Any]:
        """The content of generation_config.json, or nothing."""
        return self._optional("generation_config.json")

    @property
    def names(self) -> Collection[str]:
        """The parameters there are."""
        return self._files.keys()

    def kind(self, name: str) -> str:
        """The type that a parameter has in its file."""
        return self._files[name].kind(name)

    def tensor(self, name: str) -> Array:
        """A parameter as f32."""
        return self._files[name].tensor(name)

    def _optional(self, name: str) -> Mapping[str, Any]:
        return _json_object(self.path / name) if (self.path / name).exists() else {}

    def _check_index(self) -> None:
        for name, file in _weight_map(self.path).items():
            if name not in self._files or self._files[name].path.name != file:
                raise BrokenModel(self.path / INDEX, f"says that {name} is in {file}, and it is not")


def _weight_files(path: Path) -> list[Path]:
    """The files with the weights; Mistral's consolidated.safetensors, which say the same twice, are not."""
    if (path / INDEX).exists():
        files = [path / name for name in sorted(set(_weight_map(path).values()))]
    elif (path / "model.safetensors").exists():
        files = [path / "model.safetensors"]
    else:
        files = _shards(path)
    missing = [file.name for file in files if not file.exists()]
    if missing:
        raise BrokenModel(path, f"lacks {', '.join(missing)}; was it fetched whole?")
    return files


def _shards(path: Path) -> list[Path]:
    """Numbered files without an index; all that the first one counts."""
    found = sorted(file for file in path.glob("*.safetensors") if _SHARD.fullmatch(file.name))
    if not found:
        _refuse_folder(path)
    counted = found[0].stem.rpartition("-")[2]
    return [path / f"model-{number:05}-of-{counted}.safetensors" for number in range(1, int(counted) + 1)]


def _refuse_folder(path: Path) -> None:
    other = sorted(file.name for file in path.glob("*.safetensors"))
    if other:
        raise BrokenModel(
            path, f"has {', '.join(other)}; ovpipe looks for model.safetensors, or {INDEX} and what it names"
        )
    pickles = sorted({file.name for pattern in _PICKLES for file in path.glob(pattern)})
    if pickles:
        raise UnsupportedModel(
            f"{path}: the weights are pickle ({', '.join(pickles[:3])}), which runs code when it is read; "
            "ovpipe does not read pickle",
            "Take a revision of the repository with model.safetensors, or a GGUF file of the model.",
        )
    raise BrokenModel(path, "has no weights; ovpipe looks for model.safetensors")


def _weight_map(path: Path) -> dict[str, str]:
    """Which file has which parameter. Only names of files in this folder are taken."""
    index = path / INDEX
    files = _json_object(index).get("weight_map")
    if not isinstance(files, dict) or not files:
        raise BrokenModel(index, "has no weight_map")
    for name, file in files.items():
        if not isinstance(file, str) or PurePosixPath(file).name != file or not file.endswith(".safetensors"):
            raise BrokenModel(
                index, f"says that {name} is in {file!r}, which names no safetensors file beside it"
            )
    return files


def _json_object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise BrokenModel(path, "is missing") from None
    except (ValueError, RecursionError) as error:
        raise BrokenModel(path, f"is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise BrokenModel(path, "is not a JSON object")
    return content
