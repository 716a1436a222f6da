"""A decoder written to disk while its graph is built, one parameter in memory at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NamedTuple
from xml.etree import ElementTree

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.constants import Storage
from ovpipe.modelling.decoder import build_decoder
from ovpipe.modelling.weights import Weights

_ALIGNMENT = 64
"""Where a matrix begins in the file: at a line of the processor's cache, as OpenVINO maps the file."""


def save_decoder(
    path: Path,
    config: DecoderConfig,
    weights: Weights,
    *,
    precision: Storage = "f32",
    adapters: bool = False,
    written: Callable[[int], None] = lambda count: None,
) -> None:
    """Writes `path` (an .xml) and the .bin beside it: the model that `build_decoder` makes of the same.

    `written` gets the number of bytes in the .bin, whenever there are more.

    Memory: the parameter at hand as f32 and as it is stored, however large the model is. openvino.save_model
    would need all of them at once.
    """
    with path.with_suffix(".bin").open("wb") as file:
        matrices = _Matrices(file, written)
        model = build_decoder(config, weights, precision=precision, adapters=adapters, keep=matrices.keep)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".graph-") as folder:
            _write_graph(model, Path(folder), path, matrices)


class _Place(NamedTuple):
    """Bytes of the file."""

    offset: int
    size: int


class _Matrices:
    """Writes each matrix to the file as it comes, and lets zeros stand for it in the graph."""

    def __init__(self, file: IO[bytes], written: Callable[[int], None]) -> None:
        self._file = file
        self._zeros: list[NDArray[Any]] = []
        self._written = written
        self.places: dict[str, _Place] = {}
        """Where each matrix is, by its constant's name."""

    def keep(self, name: str, values: NDArray[Any]) -> NDArray[Any]:
        self.places[name] = self.append(values.reshape(-1).view(np.uint8).data)
        # These pages are never written, so they take no memory; and openvino.save_model writes equal
        # constants once.
        self._zeros.append(np.zeros(values.shape, values.dtype))
        return self._zeros[-1]

    def append(self, content: bytes | memoryview) -> _Place:
        self._file.write(bytes(-self._file.tell() % _ALIGNMENT))
        place = _Place(self._file.tell(), len(content))
        self._file.write(content)
        self._written(self._file.tell())
        return place


def _write_graph(model: ov.Model, folder: Path, path: Path, matrices: _Matrices) -> None:
    """The graph's .xml, with each constant where it stands in the .bin; the small ones go there, too.

    A graph file (OpenVINO's IR, version 11) names a constant's place in `offset` and `size` of the `data`
    of its layer.
    """
    ov.save_model(model, folder / "graph.xml", compress_to_fp16=False)
    tree = ElementTree.parse(folder / "graph.xml")
    with (folder / "graph.bin").open("rb") as rest:
        for layer in tree.iterfind("layers/layer[@type='Const']"):
            data = layer.find("data")
            assert data is not None
            offset, size = int(data.attrib["offset"]), int(data.attrib["size"])
            place = matrices.places.get(layer.attrib["name"])
            if place is None:
                rest.seek(offset)
                place = matrices.append(rest.read(size))
            assert place.size == size, layer.attrib["name"]
            data.set("offset", str(place.offset))
    tree.write(path, encoding="utf-8", xml_declaration=True)
