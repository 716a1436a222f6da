"""Leftovers: what is without use once nodes of an extended graph are gone, and what misses them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ovpipe.graph.extending.draft import INPUTS, OUTPUTS, SIDE_INPUTS, SIDE_OUTPUTS, Draft
from ovpipe.graph.extending.merging import Gone
from ovpipe.graph.source import YamlSource
from ovpipe.graph.substitution import references


def drop_unused(draft: Draft, gone: Iterable[Gone], own: YamlSource) -> None:
    """Drops parameters and settings of streams that only nodes which are gone had.

    Those that the file itself, `own`, has anything to say of are kept.
    """
    used = references(draft.value)
    _drop(draft, "parameters", [name for name in draft.value.get("parameters", {}) if name not in used], own)
    streams = draft.made(INPUTS, OUTPUTS)
    wrote = [one.name for one in gone if one.key == OUTPUTS]
    _drop(draft, "streams", [name for name in wrote if name not in streams], own)


def _drop(draft: Draft, key: str, names: Iterable[str], own: YamlSource) -> None:
    for name in names:
        if name not in own.value.get(key, {}):
            draft.drop((key, name))
    if not draft.value.get(key):
        draft.drop((key,))


def note_missing(draft: Draft, gone: Iterable[Gone]) -> None:
    """What lacks the other end of a wire because a node is gone has a place that says so."""
    changes = {(one.key, one.name): one.change for one in gone}
    for inputs, outputs in ((INPUTS, OUTPUTS), (SIDE_INPUTS, SIDE_OUTPUTS)):
        made = draft.made(inputs, outputs)
        read = {name for _, name in draft.all_wires(inputs)}
        lacking = [(outputs, *wire) for wire in draft.all_wires(inputs) if wire[1] not in made]
        lacking += [(outputs, *wire) for wire in draft.listed(outputs) if wire[1] not in made]
        lacking += [(inputs, *wire) for wire in draft.listed(inputs) if wire[1] not in read]
        for key, path, name in lacking:
            if (key, name) in changes:
                draft.places[path] = replace(draft.place(*path), used=f" ({changes[key, name]})")
