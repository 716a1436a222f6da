"""A charsmap as SentencePiece compiles it: strings and what they are replaced by, the longest first.

The format (sentencepiece, src/normalizer.cc): the length of a trie in bytes, the trie, and the replacements,
each ended by a NUL; a leaf of the trie is where its replacement begins. The trie is a double array of
darts-clone: a unit has the label of the edge that leads to it, whether it has a leaf, and the offset to its
children, which stand at (its own place XOR the offset) XOR their labels.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np
from openvino import opset13

from ovpipe.modelling.tokenizing.ops import Output

_HAS_LEAF = 1 << 8
_LEAF = 1 << 31
_GREATEST_OFFSET = 1 << 21

Trie = dict[int, "Trie | int"]
"""Children by the byte that leads to them; a leaf's value by 0, which no string has."""


def charsmap_constant(replacements: Mapping[bytes, bytes]) -> Output:
    """The charsmap of these replacements, in which no NUL stands, as an operation takes it."""
    return opset13.constant(np.frombuffer(compiled(replacements), np.uint8)).output(0)


def compiled(replacements: Mapping[bytes, bytes]) -> bytes:
    """The charsmap of these replacements."""
    texts = bytearray()
    root: Trie = {}
    places: dict[bytes, int] = {}
    for key, replacement in replacements.items():
        if replacement not in places:
            places[replacement] = len(texts)
            texts += replacement + b"\0"
        node = root
        for byte in key:
            node = node.setdefault(byte, {})  # type: ignore[assignment]  # only 0 has a number, never a byte of a key
        node[0] = places[replacement]
    units = _units(root)
    return struct.pack("<I", 4 * len(units)) + units.astype("<u4").tobytes() + bytes(texts)


def _units(root: Trie) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    units: dict[int, int] = {0: 0}
    bases: set[int] = set()  # of two nodes with one base either would have the other's children, too
    first_free = 1
    waiting: list[tuple[int, Trie]] = [(0, root)]
    while waiting:
        place, node = waiting.pop()
        labels = list(node)
        while first_free in units:
            first_free += 1
        # The base of the children: where the first of them is at a free place, and the others, too.
        candidate = first_free
        while (base := candidate ^ labels[0]) in bases or any((base ^ label) in units for label in labels):
            candidate += 1
        bases.add(base)
        offset = base ^ place
        if offset >= _GREATEST_OFFSET:
            raise ValueError("the charsmap is too large for its format")
        units[place] |= offset << 10 | (_HAS_LEAF if 0 in node else 0)
        for label, child in node.items():
            if isinstance(child, int):
                units[base] = _LEAF | child
            else:
                units[base ^ label] = label
                waiting.append((base ^ label, child))
    size = (max(units) | 0xFF) + 1
    array = np.zeros(size, np.uint32)
    array[list(units)] = list(units.values())
    return array
