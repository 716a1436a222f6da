"""The header of a file in the GGUF format, read value by value.

The format, as the repository ggml-org/ggml specifies it: "GGUF", a u32 version, u64 counts of tensors and of
metadata; the metadata, each a name, a type and a value; of each tensor its name, dimensions, type and offset;
the data. All little-endian. A string is a u64 length and UTF-8, a list the type of its elements, a u64 count
and they.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ovpipe.modelling.sources.model_source import BrokenModel
from ovpipe.modelling.unsupported import UnsupportedModel

_SCALARS: Mapping[int, str] = {
    0: "<u1",
    1: "<i1",
    2: "<u2",
    3: "<i2",
    4: "<u4",
    5: "<i4",
    6: "<f4",
    7: "<?",
    10: "<u8",
    11: "<i8",
    12: "<f8",
}
"""The format's numbers of types of metadata, as numpy names these types."""
_STRING, _LIST, _F32 = 8, 9, 6
_U32, _U64 = struct.Struct("<I"), struct.Struct("<Q")
_MAX_DIMENSIONS = 4
_VERSIONS = (2, 3)
_CONVERT_AGAIN = "Convert the model again with a current llama.cpp, or take another file of it."


@dataclass(frozen=True)
class TensorInfo:
    """A tensor as the header has it.

    `dimensions` are in ggml's order, the innermost first; `kind` is ggml's number of the type; `offset`
    counts from where the data begins.
    """

    name: str
    dimensions: tuple[int, ...]
    kind: int
    offset: int


@dataclass(frozen=True)
class Header:
    """What stands before the data. A single f32 is the shortest decimal that makes it, as it was before."""

    metadata: Mapping[str, Any]
    places: tuple[TensorInfo, ...]
    end: int


def read_header(path: Path) -> Header:
    """Reads the header; every length is checked against the file before it is used."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
    if start == b"version ":
        raise BrokenModel(path, "a pointer of Git LFS stands in place of the file; run `git lfs pull`")
    if start[:4] != b"GGUF" or size < 24:
        raise BrokenModel(path, f"is not a GGUF file, or only the beginning of one ({size} bytes)")
    version = int.from_bytes(start[4:], "little")
    if version and not version & 0xFFFF:
        raise UnsupportedModel(f"{path} is big-endian; ovpipe reads little-endian files", _CONVERT_AGAIN)
    if version not in _VERSIONS:
        raise UnsupportedModel(f"{path} is of GGUF version {version}; ovpipe reads 2 and 3", _CONVERT_AGAIN)
    return _HeaderReader(path, size).header()


class _HeaderReader:
    """Reads on from a position of the file."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size
        self._position = 8
        with path.open("rb") as file:
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def header(self) -> Header:
        tensors, entries = self._whole(), self._whole()
        metadata: dict[str, Any] = {}
        for _ in range(entries):
            key = self._string("a name in its metadata")
            if key in metadata:
                raise BrokenModel(self._path, f"has {key} twice in its metadata")
            metadata[key] = self._value(key, self._number(_U32))
        places = tuple(self._place() for _ in range(tensors))
        return Header(metadata, places, self._position)

    def _place(self) -> TensorInfo:
        name = self._string("the name of a tensor")
        count = self._number(_U32)
        if count > _MAX_DIMENSIONS:
            raise BrokenModel(self._path, f"says that {name} has {count} dimensions")
        dimensions = tuple(self._whole() for _ in range(count))
        return TensorInfo(name, dimensions, self._number(_U32), self._whole())

    def _value(self, key: str, kind: int) -> Any:
        if kind == _STRING:
            return self._string(key)
        if kind == _LIST:
            return self._list(key)
        (number,) = self._numbers(key, kind, 1)
        return float(str(np.float32(number))) if kind == _F32 else number

    def _list(self, key: str) -> list[Any]:
        kind, count = self._number(_U32), self._whole()
        if kind == _STRING:
            self._check(8 * count)
            return [self._string(key) for _ in range(count)]
        return self._numbers(key, kind, count)

    def _numbers(self, key: str, kind: int, count: int) -> list[Any]:
        if kind not in _SCALARS:
            raise BrokenModel(self._path, f"says that {key} is of type {kind}, which ovpipe does not read")
        dtype = np.dtype(_SCALARS[kind])
        values: list[Any] = np.frombuffer(self._bytes(count * dtype.itemsize), dtype).tolist()
        return values

    def _string(self, what: str) -> str:
        text = self._bytes(self._whole())
        try:
            return text.decode("utf-8")
        except UnicodeDecodeError:
            raise BrokenModel(self._path, f"has bytes in {what} that are not UTF-8") from None

    def _whole(self) -> int:
        return self._number(_U64)

    def _number(self, kind: struct.Struct) -> int:
        (value,) = kind.unpack(self._bytes(kind.size))
        return int(value)

    def _bytes(self, count: int) -> bytes:
        self._check(count)
        start, self._position = self._position, self._position + count
        return self._data[start : self._position]

    def _check(self, count: int) -> None:
        if count > self._size - self._position:
            raise BrokenModel(self._path, f"is cut off in its header ({self._size} bytes); fetch it again")
