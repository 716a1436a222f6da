"""Patterns of paths: under which prefixes they are served, what they match, which is tried first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ovpipe.http import PARAMETER

DOUBLED: Final = re.compile("/{2,}")
VERSIONS: Final = ("/v1", "/v3")
"""Prefixes that mean the same."""


def tidied(path: str) -> str:
    """The path without doubled slashes and without one at its end: clients put both there by mistake."""
    if "//" in path:
        path = DOUBLED.sub("/", path)
    return path.rstrip("/") or "/"


def served_patterns(pattern: str) -> tuple[str, ...]:
    """A declared pattern as it is served: tidied, and what begins with /v1/ under each version."""
    pattern = tidied(pattern)
    if not pattern.startswith("/v1/"):
        return (pattern,)
    return tuple(version + pattern.removeprefix("/v1") for version in VERSIONS)


def version_of(pattern: str) -> str:
    """The version's prefix of a pattern, or nothing."""
    return next((version for version in VERSIONS if pattern.startswith(f"{version}/")), "")


def shape_of(pattern: str) -> str:
    """The pattern without its parameters' names: patterns of one shape match the same paths."""
    return PARAMETER.sub(lambda match: f"{{{match[2] or ''}}}", pattern)


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A shape with parameters, made ready to match."""

    regex: re.Pattern[str]
    rank: tuple[tuple[int, int, str], ...]
    """Sorts by segments: a literal before a parameter, that before what may hold slashes; then the longer."""

    @classmethod
    def of(cls, shape: str) -> PathPattern:
        """That of a shape."""
        literals = re.split(r"(\{(?::path)?\})", shape)
        kinds = {"{}": "([^/]+)", "{:path}": "(.+)"}
        regex = re.compile("".join(kinds.get(piece) or re.escape(piece) for piece in literals), re.DOTALL)
        return cls(regex, tuple(_rank(segment) for segment in shape.split("/")))

    def match(self, path: str) -> tuple[str, ...] | None:
        """The parameters' values, decoded; None when the path is another. %2F and %25 are undecoded in it."""
        found = self.regex.fullmatch(path)
        if found is None:
            return None
        return tuple(value.replace("%2F", "/").replace("%25", "%") for value in found.groups())


def _rank(segment: str) -> tuple[int, int, str]:
    kind = 2 if "{:path}" in segment else 1 if "{}" in segment else 0
    return kind, -len(segment), segment
