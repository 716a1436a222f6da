"""What a core `graph` honours is what the nodes of its graph bring; it refuses the rest by name."""

from __future__ import annotations

from typing import Any

import pytest

from ovpipe.calculators.engine.penalties import PenaltiesCalculator
from ovpipe.engine_graph.node_capabilities import capabilities_of, effective_nodes
from ovpipe.engines.graph.capabilities import ALL
from ovpipe.engines.protocol import GenerateRequest, Grammar, RequestRefused, SamplingParams
from tests.engine_graph.graphs import core_of, passed_by, plan_of, shipped, without
from tests.engines.cores import run

OUTSIDE = ("model", "blocks", "facts")

BROUGHT: dict[str, dict[str, Any]] = {
    "allowed_tokens": {"allowed_token_ids": (1, 2)},
    "bad_words": {"bad_words": ((3,),)},
    "logit_bias": {"logit_bias": {4: 1.0}},
    "penalties": {"repetition_penalty": 1.5, "frequency_penalty": 0.5, "presence_penalty": 0.5},
    "min_tokens": {"min_tokens": 2},
    "grammar_mask": {"structured_outputs": Grammar("regex", "a")},
    "prompt_logprobs": {"prompt_logprobs": 0},
    "speculator": {"num_assistant_tokens": 3, "max_ngram_size": 2},
}
"""By the node: what a request may ask for because of it."""


def asking(id: int = 1, **wishes: Any) -> GenerateRequest:
    fields = {"grammar" if name == "structured_outputs" else name: value for name, value in wishes.items()}
    return GenerateRequest(id, [1, 2, 3], SamplingParams(**{"max_tokens": 4, "temperature": 0} | fields))


def test_the_shipped_graph_and_processors_that_requests_pick_bring_all_that_the_core_may_honour() -> None:
    found = capabilities_of(effective_nodes(plan_of(shipped(), *OUTSIDE), "deltas"))
    assert found | {"logits_processors"} == ALL
    assert "logits_processors" not in found


@pytest.mark.parametrize("change", [without, passed_by])
@pytest.mark.parametrize("node", BROUGHT)
def test_what_no_node_brings_is_refused_by_its_name_and_all_else_is_served(node: str, change: Any) -> None:
    """Also where the node stands in the graph, and nobody reads what it makes."""
    with core_of(change(node)) as core:
        assert core.info.capabilities == ALL - {*BROUGHT[node], "logits_processors"}
        for name, value in BROUGHT[node].items():
            with pytest.raises(RequestRefused, match=name) as caught:
                core.add(asking(**{name: value}))
            assert caught.value.param == name
        others = [wishes for other, wishes in BROUGHT.items() if other not in (node, "grammar_mask")]
        served = [asking(n, **{name: one[name]}) for n, one in enumerate(others) for name in one]
        for one in served:
            assert run(core, one)[one.id]


def test_a_beam_search_and_what_is_sampled_are_the_sampler_s() -> None:
    sampler = next(node for node in plan_of(shipped(), *OUTSIDE).nodes if node.name == "sampler")
    assert {"temperature", "seed", "logprobs", "use_beam_search"} < capabilities_of([sampler])


def test_without_a_speculator_nothing_is_drafted_and_that_is_known() -> None:
    with core_of(shipped()) as whole, core_of(without("speculator")) as core:
        assert (whole.info.speculation, core.info.speculation) == ("prompt_lookup", None)


def test_defaults_of_the_model_that_no_node_brings_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    defaults = {"repetition_penalty": 1.1, "temperature": 0.7, "transformers_version": "5"}
    with core_of(without("penalties"), generation_config=defaults):
        assert "brings repetition_penalty, so generation_config.json's" in caplog.text
    caplog.clear()
    with core_of(shipped(), generation_config=defaults):
        assert not caplog.text


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ("min_tokens", "its capabilities are 'min_tokens'; they must be a set of names"),
        ({"repetition_penalti"}, "did you mean 'repetition_penalty'?"),
    ],
)
def test_a_declaration_that_is_wrong_is_an_error_at_the_load(
    monkeypatch: pytest.MonkeyPatch, declared: Any, said: str
) -> None:
    monkeypatch.setattr(PenaltiesCalculator, "capabilities", declared)
    with pytest.raises(ValueError) as caught, core_of(shipped()):
        pass
    assert said in str(caught.value)
    assert str(caught.value).startswith("mine.yaml:")
