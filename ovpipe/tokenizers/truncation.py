"""Tokenizers without the limit on a text's length that some models' have."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

TOKENIZER: Final = "openvino_tokenizer.xml"
COPIED: Final = ("openvino_tokenizer.bin", "openvino_detokenizer.*", "*.json", "*.jinja")

Port = tuple[str, str]
"""The ids of a layer and of one of its ports."""


@contextmanager
def without_limit(folder: Path) -> Iterator[Path]:
    """The folder, or one for the meantime with the same tokenizer, in which nothing cuts off long texts.

    A tokenizer may have a limit for good, the model_max_length of the model it was made for. It drops what
    is too much of a longer text without a word, often its beginning, and the system's message with it.
    Whether a prompt fits is for the server to say, so it has to know how long it is.
    """
    tree = ElementTree.parse(folder / TOKENIZER)
    if not lift_limit(tree.getroot()):
        yield folder
        return
    with TemporaryDirectory(prefix="ovpipe-tokenizer-", ignore_cleanup_errors=True) as name:
        for pattern in COPIED:
            for path in folder.glob(pattern):
                shutil.copyfile(path, Path(name) / path.name)
        tree.write(Path(name) / TOKENIZER, encoding="utf-8", xml_declaration=True)
        yield Path(name)


def lift_limit(model: Element) -> bool:
    """Takes out of a tokenizer's IR what cuts texts to a constant length; whether there was any.

    That is `Truncate` (begins, ends, elements, the limit, ...), or, in tokenizers of 2025 and before, the
    Minimum of a length and a constant. A limit that a Select chooses is left: it is off unless a call to
    encode asks for it. Beside CombineSegments, which adds special tokens, all are left: genai looks for them
    there, makes them such a choice, and is at a loss without.
    """
    layers = {layer.get("id", ""): layer for layer in model.iterfind("layers/layer")}
    edges, parent = model.find("edges"), model.find("layers")
    if (
        edges is None
        or parent is None
        or any(layer.get("type") == "CombineSegments" for layer in layers.values())
    ):
        return False
    sources = {_to(edge): _from(edge) for edge in edges}
    bypasses: dict[Port, Port] = {}
    for layer in layers.values():
        for output, replaced_by in _bypass(layer, layers, sources):
            bypasses[output] = replaced_by
    for edge in edges:
        source = bypasses.get(_from(edge))
        if source is not None:
            edge.set("from-layer", source[0])
            edge.set("from-port", source[1])
    gone = {layer_id for layer_id, _ in bypasses}
    for edge in [edge for edge in edges if _to(edge)[0] in gone]:
        edges.remove(edge)
    for layer_id in gone:
        parent.remove(layers[layer_id])
    return bool(bypasses)


def _bypass(
    layer: Element, layers: dict[str, Element], sources: dict[Port, Port]
) -> Iterator[tuple[Port, Port]]:
    """Each output of a layer that limits, and what stands for it without a limit."""
    me = layer.get("id", "")
    inputs = [sources[me, port.get("id", "")] for port in layer.iterfind("input/port")]
    outputs = [(me, port.get("id", "")) for port in layer.iterfind("output/port")]
    constant = [layers[source[0]].get("type") == "Const" for source in inputs]
    if layer.get("type") == "Truncate" and constant[len(outputs)]:
        yield from zip(outputs, inputs, strict=False)
    elif layer.get("type") == "Minimum" and sorted(constant) == [False, True]:
        yield outputs[0], inputs[constant.index(False)]


def _from(edge: Element) -> Port:
    return edge.get("from-layer", ""), edge.get("from-port", "")


def _to(edge: Element) -> Port:
    return edge.get("to-layer", ""), edge.get("to-port", "")
