"""Option types: paths among them, and what YAML has no form for."""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import Enum
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, Literal

import pytest

from ovpipe.calculator import Calculator
from ovpipe.errors import OptionError
from ovpipe.option_types import converted, kinds_of
from ovpipe.options import check_options

BASE = Path("/graphs")


@pytest.mark.parametrize(
    ("annotation", "value", "path"),
    [
        (Path, "a/b", Path("/graphs/a/b")),
        (Path, "/a", Path("/a")),
        (Path, "~/a", Path.home() / "a"),
        (Path | None, "a", Path("/graphs/a")),
        (Path | None, None, None),
        (PurePath, "a", PurePath("/graphs/a")),
        (PurePosixPath, "a", PurePosixPath("/graphs/a")),
        (os.PathLike[str], "a", Path("/graphs/a")),
        (list[Path], ["a", "/b"], [Path("/graphs/a"), Path("/b")]),
        (list[Path] | None, ["a"], [Path("/graphs/a")]),
        (tuple[Path, ...], ["a"], (Path("/graphs/a"),)),
        (dict[str, Path], {"a": "b"}, {"a": Path("/graphs/b")}),
        (dict[str, Path | None], {"a": None}, {"a": None}),
        (Path | list[Path], "a", Path("/graphs/a")),
        (Path | list[Path], ["a"], [Path("/graphs/a")]),
        (Path | int, 3, 3),
        (Path | bool | None, "a", Path("/graphs/a")),
        (str | Path, "a", "a"),
    ],
)
def test_a_text_becomes_a_path_where_one_is_due(annotation: Any, value: Any, path: Any) -> None:
    read = converted(value, annotation, BASE)
    assert (read, type(read)) == (path, type(path))


class ReaderCalculator(Calculator):
    def __init__(self, *, file: Path, more: list[Path] | None = None) -> None:
        self.file = file


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"file": 3}, "option 'file' of ReaderCalculator: takes a path, not 3"),
        ({"file": ""}, "option 'file' of ReaderCalculator: takes a path, not an empty text"),
        ({"file": "~nobody_here/a"}, "option 'file' of ReaderCalculator: .* home folder of an unknown user"),
        (
            {"file": "a", "more": [1]},
            r"option 'more' of ReaderCalculator: takes a path, not 1 - at `\$\[0\]`",
        ),
        ({}, r"ReaderCalculator needs option 'file' \(Path\)"),
    ],
)
def test_what_is_no_path_is_refused(options: dict[str, Any], why: str) -> None:
    with pytest.raises(OptionError, match=why):
        check_options(ReaderCalculator, options, BASE)


class Handle:
    """Something of Python's."""


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


@pytest.mark.parametrize(
    ("annotation", "kinds"),
    [
        (int, {"integer"}),
        (float, {"number", "integer"}),
        (str | None, {"string", "null"}),
        (Path, {"string"}),
        (Literal["a", 1], {"string", "integer"}),
        (Mood, {"string"}),
        (dict[str, int], {"object"}),
        (list[int], {"array"}),
        (Callable[[int], int], set()),
        (Handle, set()),
        (Handle | None, {"null"}),
        (type, set()),
        (list[Handle], set()),
    ],
)
def test_which_values_of_yaml_could_become_an_option(annotation: Any, kinds: set[str]) -> None:
    assert kinds_of(annotation) == kinds


class CallingCalculator(Calculator):
    def __init__(self, *, call: Callable[[int], int], handle: Handle | None = None) -> None:
        self.call = call


def test_an_option_that_no_graph_can_give_says_so_whether_it_is_given_or_not() -> None:
    with pytest.raises(OptionError) as raised:
        check_options(CallingCalculator, {})
    assert str(raised.value) == (
        "no graph can give option 'call' of CallingCalculator: YAML has no form for its type "
        "(Callable[[int], int]), and it has no default; give it one, or make it a side input"
    )
    with pytest.raises(OptionError) as raised:
        check_options(CallingCalculator, {"call": "len", "handle": "door"})
    assert str(raised.value).splitlines() == [
        "option 'call' of CallingCalculator: YAML has no form for it",
        "option 'handle' of CallingCalculator: YAML has no form for it",
    ]
