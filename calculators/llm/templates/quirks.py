"""Quirks: what a chat template can read, told from its source, once for a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from jinja2 import nodes


@dataclass(frozen=True, slots=True)
class Quirks:
    """In what templates differ, of what they take for granted."""

    parts: bool
    """It can only read contents that are lists of parts: it loops over a `content`, and never asks whether
    one is a string. (Most templates concatenate strings; those of some multimodal models loop, and render
    nothing for a string.)"""

    developer: bool
    """It knows the role "developer". One that does not, drops its messages or writes a header that the model
    was not trained on; for it they are the system's."""

    id_length: int | None
    """The length it demands of the ids of tool calls, 9 in Mistral's, where ids of the API's length make it
    raise; None in most."""

    @classmethod
    def of(cls, template: nodes.Template) -> Self:
        """Those of a parsed template."""
        asks = any(test.name == "string" for test in template.find_all(nodes.Test))
        loops = any(name == "content" for name in _names_looped_over(template))
        return cls(
            parts=loops and not asks,
            developer=any("developer" in text for text in _literals(template)),
            id_length=next(_lengths_of_ids(template), None),
        )


def _names_looped_over(template: nodes.Template) -> Iterator[str | None]:
    for loop in template.find_all(nodes.For):
        source = loop.iter
        while isinstance(source, nodes.Filter) and source.node is not None:
            source = source.node
        yield _member(source)


def _lengths_of_ids(template: nodes.Template) -> Iterator[int]:
    """The constants that `tool_call.id | length`, or that of a tool_call_id, is compared with."""
    for comparison in template.find_all(nodes.Compare):
        left = comparison.expr
        if not isinstance(left, nodes.Filter) or left.name not in ("length", "count") or left.node is None:
            continue
        if _member(left.node) in ("id", "tool_call_id"):
            for operand in comparison.ops:
                right = operand.expr
                if isinstance(right, nodes.Const) and type(right.value) is int and 1 <= right.value <= 64:
                    yield right.value


def _literals(template: nodes.Template) -> Iterator[str]:
    for const in template.find_all(nodes.Const):
        if isinstance(const.value, str):
            yield const.value
    for data in template.find_all(nodes.TemplateData):
        yield data.data


def _member(expression: nodes.Node) -> str | None:
    """The name behind the last dot of an expression, or in its last brackets."""
    if isinstance(expression, nodes.Getattr):
        return expression.attr
    if isinstance(expression, nodes.Getitem) and isinstance(expression.arg, nodes.Const):
        return str(expression.arg.value)
    return None
