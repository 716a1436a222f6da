"""The tensors of a GGUF file, read by memory map."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ovpipe.modelling.sources.gguf.header import TensorInfo, read_header
from ovpipe.modelling.sources.model_source import BrokenModel
from ovpipe.modelling.unsupported import UnsupportedModel
from ovpipe.modelling.weights import Array

Rows = slice | NDArray[np.intp]
_ALL = slice(None)

READ = (
    *("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"),
    *("Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K"),
)
"""The types of tensors that ovpipe reads, as ggml names them."""

_CHUNK = 1 << 22
"""How many values are made floats at once, so that what this makes on its way stays small."""


@dataclass(frozen=True)
class Tensor:
    """A matrix [rows, columns], or a vector, and where its blocks are.

    A block has `block` values of a row in `size` bytes.
    """

    shape: tuple[int, ...]
    kind: str
    block: int
    size: int
    begin: int

    @property
    def rows(self) -> int:
        """How many rows there are; a vector is one."""
        return math.prod(self.shape[:-1])

    @property
    def width(self) -> int:
        """The bytes of a row."""
        return self.shape[-1] // self.block * self.size


class GgufFile:
    """Opening it reads the header only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        header = read_header(path)
        self.metadata: Mapping[str, Any] = header.metadata
        self._refuse_parts()
        alignment = self.metadata.get("general.alignment", 32)
        if not isinstance(alignment, int) or alignment < 1:
            raise BrokenModel(path, f"has a general.alignment of {alignment!r}")
        begin = -(-header.end // alignment) * alignment
        size = path.stat().st_size
        self.tensors: dict[str, Tensor] = {}
        for place in header.places:
            if place.name in self.tensors:
                raise BrokenModel(path, f"has {place.name} twice")
            self.tensors[place.name] = _tensor(path, place, begin, size)

    def blocks(self, name: str, rows: Rows = _ALL) -> NDArray[np.uint8]:
        """Rows of a tensor as they stand in the file, bytes [rows, width]; only to be read."""
        tensor = self.tensors[name]
        stored = np.memmap(self.path, np.uint8, "r", tensor.begin, (tensor.rows, tensor.width))
        return stored[rows]

    def values(self, name: str, rows: Rows = _ALL) -> Array:
        """Rows of a tensor as f32 [rows, columns], or a vector; the numbers are those of the gguf package."""
        # It takes a third of a second to import, and few commands need it.
        from gguf import GGMLQuantizationType, dequantize

        tensor = self.tensors[name]
        vector = len(tensor.shape) == 1
        stored = self.blocks(name, _ALL if vector else rows)
        kind, columns = GGMLQuantizationType[tensor.kind], tensor.shape[-1]
        whole = np.empty((len(stored), columns), np.float32)
        height = max(1, _CHUNK // columns)
        for start in range(0, len(stored), height):
            part = np.ascontiguousarray(stored[start : start + height])
            if tensor.kind in ("F32", "F16"):
                part = part.view("<f4" if tensor.kind == "F32" else "<f2")
            whole[start : start + height] = dequantize(part, kind)
        return whole[0][rows] if vector else whole

    def _refuse_parts(self) -> None:
        kind = self.metadata.get("general.type", "model")
        if kind != "model":
            raise UnsupportedModel(
                f"{self.path} holds no language model, but one of the type {kind!r}",
                "Take the file of the model itself.",
            )
        count = self.metadata.get("split.count", 1)
        if count not in (0, 1):
            raise UnsupportedModel(
                f"{self.path} is one of {count} parts of a model",
                "Join them: `llama-gguf-split --merge FIRST_PART MODEL.gguf` of llama.cpp.",
            )


def _tensor(path: Path, place: TensorInfo, begin: int, size: int) -> Tensor:
    """What the header says of a tensor, checked: its type is read, and its bytes are in the file."""
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

    try:
        kind = GGMLQuantizationType(place.kind)
    except ValueError:
        named = f"number {place.kind}"
    else:
        named = kind.name
    if named not in READ:
        raise UnsupportedModel(
            f"{path}: {place.name} is of the type {named}; ovpipe reads {', '.join(READ)}",
            "Take a file of the model in one of these types.",
        )
    block, width = GGML_QUANT_SIZES[kind]
    shape = tuple(reversed(place.dimensions))
    if not shape or 0 in shape or shape[-1] % block:
        raise BrokenModel(path, f"says that {place.name} is {named} of shape {shape}")
    tensor = Tensor(shape, named, block, width, begin + place.offset)
    end = tensor.begin + tensor.rows * tensor.width
    if end > size:
        raise BrokenModel(
            path, f"is cut off: {place.name} should end at byte {end}, the file has {size}; fetch it again"
        )
    return tensor
