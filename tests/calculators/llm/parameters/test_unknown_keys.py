"""Keys that nobody knows are found wherever a body has objects of a declared type."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, inspect

from ovpipe.calculators.llm.parameters.unknown_keys import Ignored, finder_of


class Leaf(Struct, tag_field="type", tag="leaf"):
    green: bool = True


class Twig(Struct, tag_field="type", tag="twig"):
    leaves: list[Leaf] = []


class Tree(Struct):
    parts: str | list[Leaf | Twig] | None = None
    notes: dict[str, Any] = {}


def unknown(tree: Any) -> list[str]:
    find = finder_of(inspect.type_info(Tree), "tree")
    assert find is not None
    ignored = Ignored()
    find(tree, ignored)
    return list(ignored.names)


def test_the_place_of_a_key_leaves_lists_out() -> None:
    twig = {"type": "twig", "x": 1, "leaves": [{"type": "leaf", "y": 1}, {"z": 1}]}
    assert unknown({"w": 1, "parts": [{"type": "leaf", "green": False}, twig]}) == [
        "tree.w",
        "tree.parts.x",
        "tree.parts.leaves.y",
        "tree.parts.leaves.z",
    ]


def test_null_means_absent() -> None:
    assert unknown({"w": None, "parts": None}) == []


def test_objects_that_are_handed_on_as_they_are_may_have_any_keys() -> None:
    assert unknown({"notes": {"anything": 1}, "parts": "bare"}) == []


def test_types_without_objects_have_nothing_to_find() -> None:
    for kind in (int, list[str], str | None, dict[str, int]):
        assert finder_of(inspect.type_info(kind)) is None
