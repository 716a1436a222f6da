"""A request that fails in a node of the engine's graph fails alone: the others get the tokens they would get."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.engine.grammars.grammar_pool import GrammarPool
from ovpipe.calculators.engine.logits_processor import LogitsProcessor
from ovpipe.calculators.engine.packets import BatchRow, LogitsRow
from ovpipe.calculators.engine.paging.block_pool import BlockPool
from ovpipe.calculators.engine.penalties import PenaltiesCalculator
from ovpipe.calculators.engine.prompt_logprobs import PromptLogprobsCalculator
from ovpipe.calculators.engine.scheduler import SchedulerCalculator
from ovpipe.engine_graph.core import GraphCore
from ovpipe.engines.grammars.masks.token_table import token_table
from ovpipe.engines.graph.model_facts import ModelFacts
from ovpipe.engines.graph.options import GraphCoreOptions
from ovpipe.engines.graph.step import StepCommands
from ovpipe.engines.messages import Refused
from ovpipe.engines.process.poison import Poisoned
from ovpipe.engines.protocol import Delta, GenerateRequest, Grammar, RequestRefused, SamplingParams
from ovpipe.graph.files import shipped_graphs
from ovpipe.graph.load import load_graph
from ovpipe.graph.outside import OutsidePacket
from ovpipe.graph.plan import NodePlan
from ovpipe.registry import Registry
from ovpipe.runtime import Graph
from ovpipe.tokenizers.vocabulary import Vocabulary
from tests.calculators.engine.remembering_model import END, VOCABULARY, RememberingModel, completion

BLOCKS, BLOCK = 32, 4

EVERY_PROCESSOR: dict[str, Any] = {
    "allowed_token_ids": tuple(range(VOCABULARY)),
    "bad_words": ((END, END, END),),
    "logit_bias": {0: 0.0},
    "presence_penalty": 0.001,
    "min_tokens": 12,
}
"""A request with these uses all nodes but the last, and its text is the same."""
ANY_TEXT: dict[str, Any] = {"grammar": Grammar("regex", "[^~]*")}
"""A request with this uses the node that a text which must not end has nothing to do with."""

MAKES_IT_FAIL = 2
"""The request over which a node fails, when its completion has two tokens."""


def planned(model: RememberingModel) -> tuple[dict[str, Any], dict[str, NodePlan]]:
    """What stands in for a real model, and the nodes of a step."""
    facts = ModelFacts(
        vocab_size=VOCABULARY,
        context_length=None,
        eos_token_ids=frozenset({END}),
        cache_bytes=0,
        generation_config={},
    )
    letters = Vocabulary([bytes((65 + token,)) for token in range(END)], frozenset(), plain_bytes=True)
    grammars = GrammarPool(token_table(letters, size=VOCABULARY, eos_token_ids={END}))
    # Compiled before anybody asks, so that all begin together.
    grammars.hold(GenerateRequest(0, [], SamplingParams(max_tokens=1, **ANY_TEXT)))
    grammars.wait([0], 60)
    outside = {"model": model, "blocks": BlockPool(BLOCKS, BLOCK), "facts": facts, "grammars": grammars}
    plan = load_graph(
        shipped_graphs()["engine"],
        registry=Registry.installed(),
        parameters={"max_num_batched_tokens": 24, "max_num_seqs": 8},
        outside={name: OutsidePacket() for name in outside},
    )
    return {"plan": plan, "side_packets": outside}, {node.name: node for node in plan.nodes}


NODES = sorted(planned(RememberingModel(BLOCK))[1])
PROCESSORS = [
    name
    for name, node in planned(RememberingModel(BLOCK))[1].items()
    if issubclass(node.calculator, LogitsProcessor)
]


def using(node: str) -> dict[str, Any]:
    """What a request asks for that uses a processor."""
    return ANY_TEXT if node == "grammar_mask" else EVERY_PROCESSOR


@contextmanager
def engine(
    node: str = "",
    change: Callable[[type[Calculator]], type[Calculator]] | None = None,
    model: RememberingModel | None = None,
) -> Iterator[GraphCore]:
    """The shipped graph; the calculator of one node is made of a changed class."""
    given, nodes = planned(model or RememberingModel(BLOCK))
    build = {}
    if change is not None:
        cls = change(nodes[node].calculator)
        build = {node: lambda: cls(**nodes[node].options)}
    graph = Graph(build=build, **given)
    with asyncio.Runner() as runner:
        runner.run(graph.open())
        yield GraphCore(graph, GraphCoreOptions(models_path="none"), "fp")
        runner.run(graph.close())


def request(id: int, **sampling: Any) -> GenerateRequest:
    prompt = [(id * 8 + 3 * n) % VOCABULARY for n in range(5)]  # whose texts do not end early
    return GenerateRequest(id, prompt, SamplingParams(max_tokens=12, temperature=0, **sampling))


def outcomes(core: GraphCore, *asked: GenerateRequest) -> tuple[dict[int, list[int]], list[Refused]]:
    """What came of requests that were added together: texts, and who was refused."""
    for one in asked:
        core.add(one)
    texts: dict[int, list[int]] = {one.id: [] for one in asked}
    refused: list[Refused] = []
    for _ in range(50):
        for outcome in core.step():
            if isinstance(outcome, Delta):
                texts[outcome.request] += [token.id for token in outcome.tokens]
            else:
                refused.append(outcome)
        if core.stats().num_requests == 0:
            break
    assert core.stats().kv_cache_usage == 0
    return texts, refused


def raising(cls: type[Calculator]) -> type[Calculator]:
    """The class, whose `process` raises while the one that makes it fail is in the batch with two tokens."""

    class Raising(cls):  # type: ignore[misc, valid-type]  # of whatever class a node has
        def process(self, cx: Context) -> None:
            super().process(cx)
            scheduler = isinstance(self, SchedulerCalculator)
            rows = cx[self.sequences].under_way if scheduler else cx[self.batch].rows
            if any(row.request.id == MAKES_IT_FAIL and row.generated == 2 for row in rows):
                raise ZeroDivisionError("a fault of the node's")

    return Raising


def failing_over_a_row(error: Exception) -> Callable[[type[Calculator]], type[Calculator]]:
    """What makes a processor raise while it looks at one row."""

    def changed(cls: type[Calculator]) -> type[Calculator]:
        class Failing(cls):  # type: ignore[misc, valid-type]  # of whatever class a node has
            def process_row(self, cx: Context, row: BatchRow, logits: LogitsRow) -> LogitsRow | None:
                if row.request.id == MAKES_IT_FAIL and row.generated == 2:
                    raise error
                found: LogitsRow | None = super().process_row(cx, row, logits)
                return found

        return Failing

    return changed


# --- by raising


@pytest.mark.parametrize("node", PROCESSORS)
def test_a_processor_that_raises_fails_those_that_use_it_and_the_others_repeat_the_step(node: str) -> None:
    asked = [request(1), request(2, **using(node)), request(3), request(4, **using(node)), request(5)]
    with engine(node, raising) as core:
        texts, refused = outcomes(core, *asked)
        fact = f"node {node!r} of the engine's graph failed"
        assert refused == [Refused(2, fact, failed=True), Refused(4, fact, failed=True)]
        for one in asked:
            whole = completion(one)
            assert texts[one.id] == (whole[:2] if one.id in (2, 4) else whole)
        spent = core.stats().node_seconds["model"]
        later = request(6, **using(node))
        assert outcomes(core, later) == ({6: completion(later)}, []), "the engine goes on"
        assert core.stats().node_seconds["model"] > spent


@pytest.mark.parametrize("node", PROCESSORS)
def test_when_every_request_uses_the_processor_that_raises_the_engine_is_poisoned(node: str) -> None:
    with engine(node, raising) as core:
        with pytest.raises(Poisoned, match=f"node '{node}' of the engine's graph failed") as caught:
            outcomes(core, request(1, **using(node)), request(2, **using(node)))
        assert caught.value.suspects == (1, 2)


@pytest.mark.parametrize("node", sorted(set(NODES) - set(PROCESSORS)))
def test_a_node_that_all_use_poisons_the_engine_and_all_in_the_step_are_suspects(node: str) -> None:
    with engine(node, raising) as core:
        with pytest.raises(Poisoned, match=f"node '{node}' of the engine's graph failed") as caught:
            outcomes(core, request(1), request(2), request(3))
        # Where the step has ended before its deltas are made, nobody knows any more who was in it.
        assert caught.value.suspects in ((1, 2, 3), ())


def test_a_second_node_that_raises_in_the_repeated_step_fails_its_own_users() -> None:
    class Failing(PenaltiesCalculator):
        def process(self, cx: Context) -> None:
            users = sorted(row.request.id for row in cx[self.batch].sampled if self.uses(row))
            if any(row.generated == 2 for row in cx[self.batch].sampled) and len(users) > 1:
                raise ZeroDivisionError
            super().process(cx)

    with engine("penalties", lambda cls: Failing) as core:
        asked = [request(1), request(2, presence_penalty=0.1), request(3, presence_penalty=0.1)]
        texts, refused = outcomes(core, *asked)
        assert sorted(one.request for one in refused) == [2, 3]
        assert texts[1] == completion(asked[0])


def test_what_was_cancelled_and_added_in_the_step_that_fails_is_so_in_the_one_that_repeats_it() -> None:
    asked = {number: request(number) for number in (1, 3, 4)}
    with engine("penalties", raising) as core:
        for one in (asked[1], asked[3], request(2, **EVERY_PROCESSOR)):
            core.add(one)
        texts: dict[int, list[int]] = {1: [], 3: [], 4: [], 2: []}
        for step in range(30):
            if step == 2:  # the step in which the node raises
                core.cancel(3)
                core.add(asked[4])
            for outcome in core.step():
                if isinstance(outcome, Delta):
                    texts[outcome.request] += [token.id for token in outcome.tokens]
        assert (texts[1], texts[4]) == (completion(asked[1]), completion(asked[4]))
        assert len(texts[3]) == len(texts[2]) == 2
        assert (core.stats().num_requests, core.stats().kv_cache_usage) == (0, 0)


def test_a_prompt_that_cannot_be_scored_fails_alone() -> None:
    class Failing(PromptLogprobsCalculator):
        def process(self, cx: Context) -> None:
            if any(row.scores_from is not None for row in cx[self.batch].rows):
                raise ZeroDivisionError
            super().process(cx)

    asked = [request(1), request(2, prompt_logprobs=0), request(3)]
    with engine("prompt_logprobs", lambda cls: Failing) as core:
        texts, refused = outcomes(core, *asked)
        assert refused == [Refused(2, "node 'prompt_logprobs' of the engine's graph failed", failed=True)]
        assert texts == {1: completion(asked[0]), 2: [], 3: completion(asked[2])}


# --- by a row


@pytest.mark.parametrize("node", PROCESSORS)
def test_a_processor_that_refuses_a_row_says_why_and_the_others_do_not_notice(node: str) -> None:
    asked = [request(1, **using(node)), request(2, **using(node)), request(3)]
    with engine(node, failing_over_a_row(RequestRefused("not with these arguments"))) as core:
        texts, refused = outcomes(core, *asked)
        assert refused == [Refused(2, "not with these arguments")]
        assert (texts[1], texts[3]) == (completion(asked[0]), completion(asked[2]))
        assert texts[2] == completion(asked[1])[:2]


@pytest.mark.parametrize("node", PROCESSORS)
def test_a_processor_that_fails_over_a_row_fails_its_request_even_when_it_is_alone(node: str) -> None:
    with engine(node, failing_over_a_row(ZeroDivisionError())) as core:
        texts, refused = outcomes(core, request(2, **using(node)))
        assert [(one.request, one.failed) for one in refused] == [(2, True)]
        assert texts[2] == completion(request(2))[:2]


def test_a_row_without_numbers_of_the_model_fails_alone() -> None:
    class Breaking(RememberingModel):
        def read(self, rows: Sequence[BatchRow]) -> NDArray[np.float32]:
            logits = super().read(rows)
            for number, row in enumerate(row for row in rows if row.samples):
                if row.request.id == MAKES_IT_FAIL and row.generated == 2:
                    logits[number] = np.nan
            return logits

    asked = [request(1), request(2), request(3)]
    with engine(model=Breaking(BLOCK)) as core:
        texts, refused = outcomes(core, *asked)
        assert [(one.request, one.failed) for one in refused] == [(2, True)]
        assert texts == {1: completion(asked[0]), 2: completion(asked[1])[:2], 3: completion(asked[2])}


def test_a_row_of_which_the_sampler_can_choose_nothing_fails_alone() -> None:
    asked = [request(1), request(2, allowed_token_ids=(5,), bad_words=((5,),)), request(3)]
    with engine() as core:
        texts, refused = outcomes(core, *asked)
        assert [(one.request, one.failed) for one in refused] == [(2, False)]
        assert texts == {1: completion(asked[0]), 2: [], 3: completion(asked[2])}


def test_what_the_scheduler_can_never_read_to_its_end_is_refused_and_the_others_run() -> None:
    given, _ = planned(RememberingModel(BLOCK))
    graph = Graph(**given)
    long = GenerateRequest(2, [1] * 100, SamplingParams(max_tokens=29, temperature=0))
    with asyncio.Runner() as runner:
        runner.run(graph.open())
        stepper = graph.stepper("deltas")
        deltas = stepper.step(StepCommands((request(1), long)))
        runner.run(graph.close())
    assert deltas[0] == Refused(2, "it takes 33 blocks of the KV cache, which has 32")
    assert [(one.request, len(one.tokens)) for one in deltas[1:]] == [(1, 1)]
