"""The graph of a step with a model that remembers, driven step by step."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from ovpipe.calculators.engine.grammars.grammar_pool import GrammarPool
from ovpipe.calculators.engine.paging.block_pool import BlockPool
from ovpipe.calculators.engine.sequences.sequence_table import SequenceTable
from ovpipe.engines.grammars.masks.token_table import token_table
from ovpipe.engines.graph.model_facts import ModelFacts
from ovpipe.engines.graph.step import StepCommands
from ovpipe.engines.messages import Refused
from ovpipe.engines.protocol import Beam, GenerateRequest, PromptToken, SamplingParams
from ovpipe.graph.files import shipped_graphs
from ovpipe.runtime import Graph
from ovpipe.runtime.runs.stepper import Stepper
from ovpipe.tokenizers.vocabulary import Vocabulary
from tests.calculators.engine.remembering_model import END, VOCABULARY, RememberingModel, next_logits

BLOCK = 4


class SteppedEngine:
    """The graph's run, its side packets, and what came of each request so far."""

    def __init__(self, stepper: Stepper, model: RememberingModel, blocks: BlockPool, table: SequenceTable):
        self._stepper = stepper
        self.model = model
        self.blocks = blocks
        self.table = table
        self.texts: dict[int, list[int]] = {}
        self.prompts: dict[int, list[PromptToken]] = {}
        self.refused: dict[int, str] = {}
        self.beams: dict[int, list[Beam]] = {}
        self.finishes: dict[int, str] = {}
        self.begun: list[int] = []

    def step(self, *add: GenerateRequest, cancel: tuple[int, ...] = ()) -> list[int]:
        """One step; the requests that got a token."""
        deltas = self._stepper.step(StepCommands(add, cancel))
        for delta in deltas:
            if isinstance(delta, Refused):
                self.refused[delta.request] = delta.message
                continue
            if delta.beams:
                self.beams[delta.request] = delta.beams
                continue
            text = self.texts.setdefault(delta.request, [])
            text += [token.id for token in delta.tokens]
            assert delta.generated == len(text)
            self.prompts.setdefault(delta.request, []).extend(delta.prompt_logprobs)
            assert not (delta.prompt_logprobs and text), "the prompt comes before the first token"
            if delta.finish is not None:
                self.finishes[delta.request] = delta.finish
        return [delta.request for delta in deltas]

    def finish(self) -> None:
        """Steps until nothing is left to do."""
        for _ in range(10_000):
            if len(self.table) == 0:
                return
            self.step()
        raise AssertionError("requests do not end")


@contextmanager
def engine(
    *,
    blocks: int = 64,
    max_tokens: int = 16,
    max_seqs: int = 8,
    prefix_caching: bool = True,
    block_size: int = BLOCK,
    max_logits: int = 64,
    graph_file: Path | None = None,
    logits_of: Callable[[Sequence[int]], NDArray[np.float32]] = next_logits,
) -> Iterator[SteppedEngine]:
    model, pool = RememberingModel(block_size, logits_of), BlockPool(blocks, block_size)
    facts = ModelFacts(
        vocab_size=VOCABULARY,
        context_length=None,
        eos_token_ids=frozenset({END}),
        cache_bytes=0,
        generation_config={},
    )
    letters = Vocabulary([bytes((65 + token,)) for token in range(END)], frozenset(), plain_bytes=True)
    grammars = GrammarPool(token_table(letters, size=VOCABULARY, eos_token_ids={END}))
    begun: list[int] = []
    graph = Graph.load(
        graph_file or shipped_graphs()["engine"],
        parameters={
            "max_num_batched_tokens": max_tokens,
            "max_num_seqs": max_seqs,
            "max_logits_rows": max_logits,
            "enable_prefix_caching": prefix_caching,
        },
        side_packets={
            "model": model,
            "blocks": pool,
            "facts": facts,
            "grammars": grammars,
            "on_reading": begun.append,
        },
    )
    with asyncio.Runner() as runner:
        runner.run(graph.open())
        stepper = graph.stepper("deltas")
        found = SteppedEngine(stepper, model, pool, graph.side_packets["sequences"])
        found.begun = begun
        yield found
        stepper.close()
        runner.run(graph.close())
        grammars.close()


def request(id: int, length: int = 5, max_tokens: int = 6, priority: int = 0) -> GenerateRequest:
    """A greedy one with a prompt that belongs to its id."""
    prompt = random.Random(id).choices(range(VOCABULARY), k=length)
    return GenerateRequest(id, prompt, SamplingParams(max_tokens=max_tokens, temperature=0), priority)


def several(asked: GenerateRequest, n: int, seed: int = 1) -> list[GenerateRequest]:
    """The choices of one request: ids and seeds follow each other."""
    return [
        msgspec.structs.replace(
            asked,
            id=asked.id + choice,
            sampling=msgspec.structs.replace(asked.sampling, temperature=1.0, seed=seed + choice),
        )
        for choice in range(n)
    ]
