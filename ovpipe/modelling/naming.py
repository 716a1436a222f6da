"""Names of nodes, the same each time a model is built."""

from __future__ import annotations

import re

import openvino as ov

_GIVEN_BY_OPENVINO = re.compile(r"[A-Z][A-Za-z0-9]*_\d+(\.\d+)?")
"""A node's type and how many nodes the process had made before it, as in Slice_228130."""


def number_nodes(model: ov.Model) -> None:
    """Numbers from 0 the nodes that have no name of their own, and the inputs and outputs likewise."""
    for index, node in enumerate(model.get_ordered_ops()):
        if _GIVEN_BY_OPENVINO.fullmatch(node.get_friendly_name()):
            node.set_friendly_name(f"{node.get_type_name()}_{index}")
    for port in (*model.inputs, *model.outputs):
        own = {name for name in port.get_names() if not _GIVEN_BY_OPENVINO.fullmatch(name)}
        port.get_tensor().set_names(own or {port.get_node().get_friendly_name()})
