"""Texts read by parsers, cut in any way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from ovpipe.calculators.llm.output_parsers import OutputParser
from ovpipe.calculators.llm.packets import CalledTool, Content, Part, Reasoning

Made = Callable[[], OutputParser]


def spans(text: str, specials: Iterable[str]) -> list[tuple[int, int]]:
    """Where special tokens stand in a text."""
    pattern = "|".join(map(re.escape, specials)) or r"(?!)"
    return [match.span() for match in re.finditer(pattern, text)]


def read(
    parser: OutputParser, text: str, *, specials: Iterable[str] = (), end: str = "", cuts: Iterable[int] = ()
) -> list[Part]:
    """The parts of a text that comes in pieces, those of one kind joined."""
    found = spans(text, specials)
    parts: list[Part] = []
    start = 0
    for stop in [*cuts, len(text)]:
        inside = [
            (max(first, start) - start, min(last, stop) - start)
            for first, last in found
            if first < stop and last > start
        ]
        parts += parser.feed(text[start:stop], inside)
        start = stop
    return joined([*parts, *parser.finish(end)])


def joined(parts: Iterable[Part]) -> list[Part]:
    """Neighbours of one kind as one part."""
    out: list[Part] = []
    for part in parts:
        last = out[-1] if out else None
        if isinstance(part, Content) and isinstance(last, Content):
            out[-1] = Content(last.text + part.text)
        elif isinstance(part, Reasoning) and isinstance(last, Reasoning):
            out[-1] = Reasoning(last.text + part.text)
        else:
            out.append(part)
    return out


def content(parts: Iterable[Part]) -> str:
    """The answer."""
    return "".join(part.text for part in parts if isinstance(part, Content))


def thoughts(parts: Iterable[Part]) -> str:
    """The thoughts."""
    return "".join(part.text for part in parts if isinstance(part, Reasoning))


def calls(parts: Iterable[Part]) -> list[CalledTool]:
    """The calls."""
    return [part for part in parts if isinstance(part, CalledTool)]
