"""What the request says of itself: its place in the queue, and what its client wants to find again."""

from __future__ import annotations

from typing import Final

from ovpipe.calculators.llm.parameters.request_parameter import RequestParameter, of_engine
from ovpipe.calculators.llm.parameters.value_types import INT31, Labels, Object, integer, text, unless_empty

CLIENT: Final = (
    of_engine(
        "priority",
        integer(-INT31, INT31),
        "Of requests that wait for a place, lower values come first.",
        neutral=(0,),
    ),
    RequestParameter(
        "request_id",
        text(),
        "The client's own id, part of the answer's.",
        make=unless_empty,
        within=text(longest=128),
    ),
    RequestParameter(
        "user",
        text(),
        "The client's own id of its user; in the answer again.",
        within=text(longest=512),
    ),
    RequestParameter("metadata", Object, "Free values of the client's; in the answer again.", within=Labels),
    RequestParameter("store", bool, "In the answer again; nothing is kept."),
    RequestParameter(
        "service_tier",
        text(),
        "In the answer again; there is one class of service.",
        within=text(longest=64),
    ),
)
