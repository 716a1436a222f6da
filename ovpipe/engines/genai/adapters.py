"""LoRA adapters, as openvino-genai takes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openvino_genai

from ovpipe.engines.genai.options import AdapterOption
from ovpipe.modelling.sources.safetensors_file import SafetensorsFile

_FUSED = re.compile(r'name="__module\.([\w.]+)\.(\w+(?:\+\w+)+)/')
"""A product of several projections, by the name that ovpipe's builder gives it."""
_CHANGED = re.compile(r"(?:base_model\.model\.)?(.+)\.lora_[AB]\..+")


def adapter_config(options: list[AdapterOption], models_path: Path) -> Any:
    """The adapters for this model.

    Raises FileNotFoundError for one that is not there, and ValueError for one that changes a projection
    which the model has in one product with others: genai finds no place for it, and goes on without.
    """
    for option in options:
        if not Path(option.path).is_file():
            raise FileNotFoundError(f"adapters: {option.path} is no file; a path names a safetensors file")
    adapters = [(openvino_genai.Adapter(option.path), option.alpha) for option in options]
    fused = _fused_projections(models_path / "openvino_model.xml")
    for option in options if fused else ():
        _check_places(Path(option.path), fused)
    # Fused: in the modes that switch adapters, requests that are added between steps get none.
    return openvino_genai.AdapterConfig(adapters, openvino_genai.AdapterConfig.Mode.MODE_FUSE)


def _fused_projections(graph: Path) -> Mapping[str, str]:
    """Each projection that has no product of its own, and the names of those in its product."""
    found: dict[str, str] = {}
    if not graph.is_file():  # genai reads other files, too, and names their products in its own way
        return found
    with graph.open(encoding="utf-8") as lines:
        for line in lines:
            for module, names in _FUSED.findall(line):
                found |= {f"{module}.{name}": names for name in names.split("+")}
    return found


def _check_places(adapter: Path, fused: Mapping[str, str]) -> None:
    for name in SafetensorsFile(adapter).names:
        changed = _CHANGED.fullmatch(name)
        if changed and changed[1] in fused:
            raise ValueError(
                f"adapters: {adapter} changes {changed[1]}, which this model has in one product "
                f"({fused[changed[1]]}); `ovpipe models import --adapters` keeps projections apart"
            )
