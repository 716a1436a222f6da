"""A file in the safetensors format, read by memory map.

The format (huggingface/safetensors, README): 8 bytes, the header's length N, little-endian; N bytes of JSON,
{name: {"dtype", "shape", "data_offsets": [begin, end]}}, offsets counted from behind the header; the data.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ovpipe.modelling.sources.model_source import BrokenModel
from ovpipe.modelling.weights import Array

_MAX_HEADER = 100_000_000
"""The format's own limit."""

_DTYPES = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
"""numpy has no bf16; its two bytes are the upper half of an f32."""


@dataclass(frozen=True)
class _Entry:
    dtype: str
    shape: tuple[int, ...]
    begin: int
    """In the file."""


class SafetensorsFile:
    """The tensors of one file. Opening it reads the header only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            length = int.from_bytes(start, "little")
            if start == b"version ":
                raise BrokenModel(
                    path, "a pointer of Git LFS stands in place of the file; run `git lfs pull`"
                )
            if len(start) < 8 or not 2 <= length <= min(_MAX_HEADER, size - 8):
                raise BrokenModel(path, f"is not a safetensors file, or only a part of one ({size} bytes)")
            header = _header(path, file.read(length))
        self._entries = {
            name: _entry(path, name, told, 8 + length, size)
            for name, told in header.items()
            if name != "__metadata__"
        }

    @property
    def names(self) -> Collection[str]:
        """The tensors of this file."""
        return self._entries.keys()

    def kind(self, name: str) -> str:
        """The tensor's type, as the header names it."""
        return self._entries[name].dtype

    def tensor(self, name: str) -> Array:
        """A tensor as f32: one that is f32 in the file is the file's own memory, to be read only."""
        entry = self._entries[name]
        if entry.dtype not in _DTYPES:
            raise BrokenModel(
                self.path,
                f"{name} is of type {entry.dtype}; ovpipe reads {', '.join(_DTYPES)} and GGUF files",
            )
        if 0 in entry.shape:
            return np.zeros(entry.shape, np.float32)
        stored = np.memmap(self.path, _DTYPES[entry.dtype], "r", entry.begin, entry.shape)
        if entry.dtype != "BF16":
            return np.asarray(stored, np.float32)
        wide = stored.astype(np.uint32)
        wide <<= 16
        return wide.view(np.float32)


def _header(path: Path, text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BrokenModel(path, f"its header is not JSON: {error}") from None
    if not isinstance(header, dict):
        raise BrokenModel(path, "its header is not a JSON object")
    return header


def _entry(path: Path, name: str, told: Any, data: int, size: int) -> _Entry:
    """What the header says of a tensor, checked: its bytes are in the file, as many as its shape needs."""
    match told:
        case {"dtype": str(dtype), "shape": [*shape], "data_offsets": [int(begin), int(end)]} if all(
            isinstance(one, int) and one >= 0 for one in shape
        ):
            pass
        case _:
            raise BrokenModel(path, f"its header says of {name}: {str(told)[:100]}")
    if not 0 <= begin <= end <= size - data:
        raise BrokenModel(
            path, f"is cut off: {name} should end at byte {data + end}, the file has {size}; fetch it again"
        )
    if dtype in _DTYPES and end - begin != math.prod(shape) * np.dtype(_DTYPES[dtype]).itemsize:
        raise BrokenModel(path, f"{name} has {end - begin} bytes, which is not {dtype} of shape {shape}")
    return _Entry(dtype, tuple(shape), data + begin)
