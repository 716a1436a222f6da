"""Normalising: what clients send beyond the types of wire/, brought into their form before it is read.

One function for each kind of looseness; `LOOSENESS` lists them by the parameter that they concern. A value
that has nothing loose comes back as it is, and none is changed in place: the body is everybody's. What has no
effect is noted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from ovpipe.calculators.llm.parameters.unknown_keys import Ignored
from ovpipe.calculators.llm.parameters.wire.tools import FUNCTION

Normaliser = Callable[[Any, Ignored], Any]


def leave_out_foreign_tools(tools: Any, ignored: Ignored) -> Any:
    """Tools that other servers run, such as web_search, without their members: nobody here knows those.

    Their types stay, so that the places of the other tools are the client's.
    """
    if type(tools) is not list or not any(map(is_foreign, tools)):
        return tools
    return [without_members(tool, ignored) if is_foreign(tool) else tool for tool in tools]


def is_foreign(tool: Any) -> bool:
    """Whether a tool is none of the model's own functions."""
    return type(tool) is dict and type(tool.get("type")) is str and tool["type"] != FUNCTION


def without_members(tool: dict[str, Any], ignored: Ignored) -> dict[str, str]:
    """The type alone, which is noted."""
    ignored.add_member("tools", tool["type"])
    return {"type": tool["type"]}


LOOSENESS: Final[Mapping[str, tuple[Normaliser, ...]]] = MappingProxyType(
    {"tools": (leave_out_foreign_tools,)}
)


def normalised(body: Mapping[str, Any], ignored: Ignored) -> Mapping[str, Any]:
    """The body in the form of its declared types, as far as it is loose in a way listed above."""
    changed: dict[str, Any] = {}
    for name, functions in LOOSENESS.items():
        value = body.get(name)
        for function in functions:
            value = function(value, ignored)
        if value is not body.get(name):
            changed[name] = value
    return {**body, **changed} if changed else body
