"""How the weights of a model stand in its file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import openvino as ov


def stored_weights(graph: Path) -> dict[str, int]:
    """Bytes by element type, as u4, i8 and f16, the most first. The weights are only mapped."""
    counts: Counter[str] = Counter()
    for node in ov.Core().read_model(graph).get_ops():
        if node.get_type_name() == "Constant":
            counts[node.get_element_type().get_type_name()] += node.get_byte_size()
    return dict(counts.most_common())
