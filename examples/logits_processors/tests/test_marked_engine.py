"""The step's graph of this project is the shipped one with two nodes more."""

from __future__ import annotations

from pathlib import Path

import yaml

from ovpipe.graph.files import shipped_graphs

MARKED = Path(__file__).parents[1] / "graphs" / "marked_engine.yaml"


def test_without_its_two_processors_it_is_the_shipped_graph() -> None:
    marked = yaml.safe_load(MARKED.read_text())
    shipped = yaml.safe_load(shipped_graphs()["engine"].read_text())
    bias, watermark = marked["nodes"].pop("prompt_bias"), marked["nodes"].pop("watermark")
    assert watermark["inputs"]["logits"] == bias["outputs"]["processed"]
    assert marked["nodes"]["min_tokens"]["inputs"]["logits"] == watermark["outputs"]["processed"]
    marked["nodes"]["min_tokens"]["inputs"]["logits"] = bias["inputs"]["logits"]
    assert marked == shipped
