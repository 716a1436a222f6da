"""Safetensors files, as tests write them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ovpipe.modelling.weights import Array


def bf16(values: Array) -> NDArray[np.uint16]:
    """The upper halves of the values' bits; numpy has no bf16."""
    return (values.view(np.uint32) >> 16).astype(np.uint16)


def write_safetensors(path: Path, tensors: Iterable[tuple[str, NDArray[Any]]], dtype: str) -> Path:
    """Writes the tensors as F32, F16 or BF16, one in memory at a time if `tensors` makes them so."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = path.with_suffix(".data")
    with data.open("wb") as file:
        for name, values in tensors:
            begin = file.tell()
            stored = bf16(values) if dtype == "BF16" else values.astype({"F32": "<f4", "F16": "<f2"}[dtype])
            file.write(stored.tobytes())
            header[name] = {"dtype": dtype, "shape": list(values.shape), "data_offsets": [begin, file.tell()]}
    write_header(path, header, data.read_bytes())
    data.unlink()
    return path


def write_header(path: Path, header: Any, data: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def write_model(folder: Path, content: Mapping[str, Any], weights: Mapping[str, Array]) -> Path:
    """A folder of one file, in f32."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(content), "utf-8")
    write_safetensors(folder / "model.safetensors", weights.items(), "F32")
    return folder
