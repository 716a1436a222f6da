"""Merging: the OpenAPI fragments of a graph's nodes become one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from ovpipe.errors import Finding, GraphError, is_interrupt
from ovpipe.graph.plan import NodePlan, Plan
from ovpipe.http import DescribesHttp
from ovpipe.serving.openapi.parts import Json, Pointer, has, merge, references

KNOWN: Final = ("paths", "components")
ERROR: Final = "Error"
"""The one schema that fragments may refer to without having it: the front door's own."""

Part = tuple[NodePlan, Json]


def fragment_of(plan: Plan) -> Json:
    """The fragments of a graph's nodes as one; empty when none of them says anything.

    Raises GraphError with all that is wrong: what is no fragment, what two nodes say differently, references
    that lead nowhere.
    """
    findings: list[Finding] = []
    parts: list[Part] = []
    for node in plan.nodes:
        calculator = node.build()
        if isinstance(calculator, DescribesHttp):
            try:
                parts.append((node, checked(calculator.openapi())))
            except BaseException as error:  # whatever the calculator's author did
                if is_interrupt(error):
                    raise
                findings.append(
                    _found(node, f"openapi() of node {node.name!r} cannot be used: {_said(error)}")
                )
    whole: Json = {}
    for at, (node, part) in enumerate(parts):
        findings += [_conflict(parts[:at], node, pointer) for pointer in merge(whole, part)]
    findings += _dangling(parts, whole.get("components", {}).get("schemas", {}))
    if findings:
        raise GraphError(findings)
    return whole


def checked(given: Mapping[str, Any]) -> Json:
    """The fragment as plain JSON; raises ValueError or TypeError when it is none."""
    fragment = msgspec.convert(msgspec.to_builtins(given), dict[str, dict[str, Any]])
    for key in fragment:
        if key not in KNOWN:
            raise ValueError(f"it has the key {key!r}; a fragment has {' and '.join(KNOWN)}")
    for path in fragment.get("paths", {}):
        if not path.startswith("/"):
            raise ValueError(f"its path {path!r} does not begin with a slash")
    return fragment


def _conflict(earlier: Sequence[Part], node: NodePlan, pointer: Pointer) -> Finding:
    other = next(other for other, part in earlier if has(part, pointer))
    place = "/".join(key.replace("~", "~0").replace("/", "~1") for key in pointer)
    return _found(
        node,
        f"nodes {other.name!r} and {node.name!r} say different things in openapi() of #/{place}; "
        "let one of them say it, or both the same",
    )


def _dangling(parts: Sequence[Part], schemas: Mapping[str, Any]) -> Iterator[Finding]:
    for node, part in parts:
        for name in sorted(references(part) - schemas.keys() - {ERROR}):
            yield _found(
                node,
                f"node {node.name!r} refers in openapi() to the schema {name!r}, which no node of the graph "
                f"has; there are {', '.join(sorted({*schemas, ERROR}))}",
            )


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _found(node: NodePlan, message: str) -> Finding:
    file, _, line = node.place.rpartition(":")
    return Finding(file, int(line), message)
