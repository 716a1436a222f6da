"""SchedulerCalculator: which sequences the next step moves on."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import ClassVar, Final

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.engine.grammars.grammar_pool import GrammarPool
from ovpipe.calculators.engine.packets import Batch, BatchRow, BlockCopy, Sampled, SampledToken, SearchedBeams
from ovpipe.calculators.engine.paging.block_pool import BlockPool
from ovpipe.calculators.engine.sequences.sequence_cache import SequenceCache
from ovpipe.calculators.engine.sequences.sequence_table import SequenceTable
from ovpipe.calculators.engine.sequences.step_planner import StepPlanner
from ovpipe.engines.admission import blocks_needed
from ovpipe.engines.graph.step import StepCommands
from ovpipe.engines.messages import Refused
from ovpipe.engines.protocol import GenerateRequest
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register

PASSES: Final = 1024
"""How many later requests a request lets pass for each step of priority."""

LONGEST_WAIT: Final = 0.01
"""Seconds that a step without anything to read waits for a grammar."""


@register
class SchedulerCalculator(Calculator):
    """Continuous batching: takes requests in and out between steps, and makes the batch of each step.

    A packet of `commands` begins a step, and a packet of `batch` answers it, also an empty one. `sampled`
    comes back by a back edge and ends the step: only then have the sequences moved on, each by its token and
    by the drafts before it that were right. The batch has one
    token of each sequence that generates, then parts of prompts, first come first served within a priority.
    A request that is one priority behind lets 1,024 later ones pass at most, so none waits for ever.
    Where the cache is full, the last in rank waits and is read anew. With `enable_prefix_caching` texts that
    begin alike share what was read of their beginning, and several requests with one prompt read it once.

    A step has at most `max_logits_rows` rows of logits beside the last one of each sequence: with a
    vocabulary of 150,000 each takes 0.6 MB. So a prompt whose log-probabilities are wanted is read in smaller
    parts.

    Side inputs: `sequences` and `blocks`, which this node alone changes; `grammars`, if there are any: a
    request begins once its grammar is compiled, and others go on meanwhile; `on_reading`, if there is one, is
    called with the id of each request before the step that begins with its prompt.

        scheduler:
          calculator: SchedulerCalculator
          side_inputs: {sequences: sequences, blocks: blocks, grammars: grammars}
          inputs: {commands: commands, sampled: {stream: sampled, back_edge: true}}
          outputs: {batch: batch}
          options: {max_num_batched_tokens: 256, max_num_seqs: 64}
    """

    capabilities: ClassVar[frozenset[str]] = frozenset({"priority"})
    input_policy = "immediate"
    commands = Input[StepCommands]()
    sampled = Input[Sampled]()
    batch = Output[Batch]()
    sequences = SideInput[SequenceTable]()
    blocks = SideInput[BlockPool]()
    grammars = SideInput[GrammarPool](optional=True)
    on_reading = SideInput[Callable[[int], None]](optional=True)

    def __init__(
        self,
        *,
        max_num_batched_tokens: int = 256,
        max_num_seqs: int = 256,
        max_logits_rows: int = 64,
        enable_prefix_caching: bool = True,
    ) -> None:
        for name, value in (
            ("max_num_batched_tokens", max_num_batched_tokens),
            ("max_num_seqs", max_num_seqs),
            ("max_logits_rows", max_logits_rows),
        ):
            if value < 1:
                raise ValueError(f"{name} is {value}; at least 1 is needed")
        self._max_tokens = max_num_batched_tokens
        self._max_sequences = max_num_seqs
        self._max_logits = max_logits_rows
        self._prefix_caching = enable_prefix_caching

    def open(self, cx: Context) -> None:
        """Makes the planner, which is of the side packets."""
        self._planner = StepPlanner(
            cx[self.sequences],
            SequenceCache(cx[self.blocks], prefix_caching=self._prefix_caching),
            max_tokens=self._max_tokens,
            max_sequences=self._max_sequences,
            max_logits=self._max_logits,
        )

    def process(self, cx: Context) -> None:
        """Begins a step, or ends one."""
        if self.sampled in cx:
            self._commit(cx, cx[self.sampled])
        if self.commands in cx:
            refused = self._take(cx, cx[self.commands])
            rows, copies = self._planned(cx)
            cx[self.sequences].batch = cx[self.sequences].under_way = rows
            cx.send(self.batch, Batch(rows, copies, tuple(refused)))

    def rank(self, request: GenerateRequest, arrival: int) -> float:
        """Who comes first: the lowest; of equals, the one that arrived first. Another policy overrides this.

        It is asked once, when the request comes; `arrival` is its number among all that came. A rank that
        grows with the arrival, without bound, keeps everybody from waiting for ever.
        """
        return arrival + request.priority * PASSES

    def _planned(self, cx: Context) -> tuple[tuple[BatchRow, ...], tuple[BlockCopy, ...]]:
        """The rows of the next step, and the copies before it."""
        table, grammars = cx[self.sequences], cx.get(self.grammars)
        begins = cx.get(self.on_reading) or _nobody_asks
        self._let_wait(table, grammars)
        rows, copies = self._planner.plan(begins)
        if rows or not table.preparing or grammars is None:
            return rows, copies
        # There is nothing else to do. Commands that come meanwhile are no later for it than for a step.
        grammars.wait(list(table.preparing), LONGEST_WAIT)
        self._let_wait(table, grammars)
        return self._planner.plan(begins)

    def _let_wait(self, table: SequenceTable, grammars: GrammarPool | None) -> None:
        """Those that have what they need wait for their turn from now on."""
        for request_id in list(table.preparing):
            if grammars is None or grammars.is_ready(request_id):
                table.prepared(request_id)

    def _take(self, cx: Context, commands: StepCommands) -> list[Refused]:
        """Takes requests in and out; returns those that could never be read to their end."""
        table, blocks, grammars = cx[self.sequences], cx[self.blocks], cx.get(self.grammars)
        refused = []
        for request_id in commands.cancel:
            self._forget(cx, request_id)
        for request in commands.add:
            needed = blocks_needed(len(request.prompt), request.sampling, blocks.block_size)
            if needed > blocks.count:
                fact = f"it takes {needed} blocks of the KV cache, which has {blocks.count}"
                refused.append(Refused(request.id, fact))
                continue
            seed = request.sampling.seed
            if grammars is not None:
                grammars.hold(request)
            table.add(request, secrets.randbits(32) if seed is None else seed, self.rank)
        return refused

    def _commit(self, cx: Context, sampled: Sampled) -> None:
        """The step is done: its tokens are in the cache, and what was sampled follows them."""
        table = cx[self.sequences]
        for one in sampled:
            if isinstance(one, SampledToken) and one.token is not None:
                sequence = table.running[one.row.request.id].sequences[one.row.sequence]
                sequence.tokens.append(one.token.id)
                sequence.drafts = one.drafts
        accepted = {(one.row.request.id, one.row.sequence): one.row.accepted for one in sampled}
        self._planner.commit(table.under_way, accepted)
        table.under_way = ()
        for one in sampled:
            if one.row.request.id not in table.running:  # a row before this one has ended the request
                continue
            if isinstance(one, SearchedBeams):
                if one.is_last:
                    self._forget(cx, one.row.request.id)
                else:
                    self._planner.go_on(one)
                continue
            if one.token is None or one.finish is not None:
                self._forget(cx, one.row.request.id)

    def _forget(self, cx: Context, request_id: int) -> None:
        """A request has ended, or is not wanted any more."""
        self._planner.forget(request_id)
        grammars = cx.get(self.grammars)
        if grammars is not None:
            grammars.release(request_id)


def _nobody_asks(request_id: int) -> None:
    """No one wants to know which prompts are read."""
