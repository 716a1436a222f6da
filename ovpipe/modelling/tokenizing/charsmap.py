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
_TOO_LARGE = "the charsmap is too large for its format"

Trie = dict[int, "Trie | int"]
"""Children by the byte that leads to them; a leaf's value by 0, which no string has."""


def constant_of(charsmap: bytes) -> Output:
    """A charsmap as an operation takes it."""
    return opset13.constant(np.frombuffer(charsmap, np.uint8)).output(0)


def compiled(replacements: Mapping[bytes, bytes]) -> bytes:
    """The charsmap of these replacements, in which no NUL stands."""
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
    places = _Places()
    waiting: list[tuple[int, Trie]] = [(0, root)]
    while waiting:
        place, node = waiting.pop()
        base = places.take(list(node))
        offset = base ^ place
        if offset >= _GREATEST_OFFSET:
            raise ValueError(_TOO_LARGE)
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


class _Places:
    """Which units are taken, and which are the base of a node: bytes, as the search is most of the work."""

    def __init__(self) -> None:
        self._taken = bytearray(2 * _GREATEST_OFFSET)
        self._taken[0] = 1
        self._bases = bytearray(2 * _GREATEST_OFFSET)
        self._first_free = 1

    def take(self, labels: list[int]) -> int:
        """Takes free places for a node's children and returns their base, with the first of them earliest.

        No two nodes have one base: each would have the other's children, too.
        """
        taken, (first, *others) = self._taken, labels
        place = self._first_free = self._next_free(self._first_free)
        while self._bases[base := place ^ first] or any(taken[base ^ label] for label in others):
            place = self._next_free(place + 1)
        self._bases[base] = 1
        for label in labels:
            taken[base ^ label] = 1
        return base

    def _next_free(self, place: int) -> int:
        found = self._taken.find(0, place)
        if found < 0:
            raise ValueError(_TOO_LARGE)
        return found
