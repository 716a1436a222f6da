"""Which logits processors a request may pick, and what it may tell them."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from msgspec import Meta

from ovpipe.engine_graph.requested_processors import RequestedProcessors
from ovpipe.engines.graph.processor_arguments import ProcessorArguments
from ovpipe.engines.protocol import RequestRefused
from ovpipe.graph.files import shipped_graphs
from ovpipe.graph.load import load_graph
from ovpipe.graph.outside import OutsidePacket
from ovpipe.graph.plan import NodePlan
from ovpipe.registry import Registry


class Strength(ProcessorArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    strength: Annotated[float, Meta(gt=0)]
    words: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.strength == 13:
            raise RuntimeError("a fault of the author's")


class Broken(ProcessorArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    key: Annotated[int, Meta(lt=2**63)] = 0


def refusal(**chosen: dict[str, Any]) -> RequestRefused:
    with pytest.raises(RequestRefused) as caught:
        RequestedProcessors({"strong": Strength}).check(chosen)
    return caught.value


def test_right_arguments_pass_and_none_need_be_chosen() -> None:
    processors = RequestedProcessors({"strong": Strength})
    processors.check({})
    processors.check({"strong": {"strength": 1, "words": [4]}})


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    error = refusal(weak={})
    assert error.param == "logits_processors[0].name"
    assert str(error).endswith("there are: strong")


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        ({"strength": 0}, ".strength"),
        ({"strength": "much"}, ".strength"),
        ({}, ""),
        ({"strength": 1, "width": 2}, ""),
        ({"strength": 1, "words": [1, "x"]}, ".words[1]"),
        ({"strength": 13}, ""),
    ],
)
def test_wrong_arguments_are_refused_at_their_place(arguments: dict[str, Any], place: str) -> None:
    assert refusal(strong=arguments).param == f"logits_processors[0].arguments{place}"


def shipped_nodes() -> tuple[NodePlan, ...]:
    return load_graph(
        shipped_graphs()["engine"],
        registry=Registry.installed(),
        parameters={"models_path": "none"},
        outside={name: OutsidePacket() for name in ("model", "blocks", "facts")},
    ).nodes


def test_a_graph_without_any_says_so() -> None:
    with pytest.raises(RequestRefused, match="there are none"):
        RequestedProcessors.of(shipped_nodes()).check({"watermark": {}})


def test_a_declaration_that_cannot_be_read_is_an_error_before_any_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    node = next(node for node in shipped_nodes() if node.name == "penalties")
    monkeypatch.setattr(node.calculator, "arguments", Broken, raising=False)
    with pytest.raises(ValueError, match=r"engine.yaml:\d+: node 'penalties' .* \(Broken\) cannot be read"):
        RequestedProcessors.of([node])
