"""The step's graph of this project is the shipped one with two nodes more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ovpipe.graph.extending.written import expanded_text
from ovpipe.graph.files import shipped_graphs
from ovpipe.registry import Registry

EXAMPLE = Path(__file__).parents[1]


def nodes_of(file: Path) -> dict[str, Mapping[str, Any]]:
    registry = Registry.installed()
    registry.collect_folder(EXAMPLE / "calculators")
    nodes: dict[str, Mapping[str, Any]] = yaml.safe_load(expanded_text(file, registry))["nodes"]
    return nodes


def test_its_two_processors_stand_between_two_of_the_shipped_ones() -> None:
    marked, shipped = (
        nodes_of(EXAMPLE / "graphs" / "marked_engine.yaml"),
        nodes_of(shipped_graphs()["engine"]),
    )
    bias, watermark = marked.pop("prompt_bias"), marked.pop("watermark")
    assert bias["inputs"]["logits"] == shipped["penalties"]["outputs"]["processed"]
    assert watermark["inputs"]["logits"] == bias["outputs"]["processed"]
    assert marked["min_tokens"]["inputs"]["logits"] == watermark["outputs"]["processed"]
    marked["min_tokens"]["inputs"]["logits"] = bias["inputs"]["logits"]
    assert marked == shipped
