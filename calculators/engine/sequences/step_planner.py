"""StepPlanner: which sequences a step reads, and how much of each."""

from __future__ import annotations

from collections.abc import Callable

from ovpipe.calculators.engine.packets import BatchRow
from ovpipe.calculators.engine.paging.block_pool import BlockPool
from ovpipe.calculators.engine.paging.prefix_keys import extend_keys
from ovpipe.calculators.engine.sequences.engine_sequence import EngineSequence
from ovpipe.calculators.engine.sequences.sequence_table import SequenceTable


class StepPlanner:
    """Continuous batching with chunked prefill.

    A step reads one token of each sequence that generates, then parts of prompts, up to `max_tokens` in all
    and of at most `max_sequences` sequences. Nobody is passed over: when the first of those that wait finds
    no room, all wait. When a sequence that runs finds no free block, the last in rank of those that run gives
    up its blocks and waits; the model will read it anew. With `prefix_caching` a sequence begins behind what
    the cache knows of its text.

    A prompt whose log-probabilities are wanted has a row of logits for each of its tokens, which are large: a
    step has room for `max_logits` of these, so it is read in smaller parts. What it has yet to score it reads
    itself, also where it stands in the cache.
    """

    def __init__(
        self,
        table: SequenceTable,
        blocks: BlockPool,
        *,
        max_tokens: int,
        max_sequences: int,
        max_logits: int,
        prefix_caching: bool,
    ) -> None:
        self._table = table
        self._blocks = blocks
        self._max_tokens = max_tokens
        self._max_sequences = max_sequences
        self._max_logits = self._logits_left = max_logits
        self._prefix_caching = prefix_caching

    def plan(self, begins: Callable[[int], None]) -> tuple[BatchRow, ...]:
        """The rows of the next step. `begins` is called with each request whose prompt it begins."""
        rows: list[BatchRow] = []
        budget = self._max_tokens
        self._logits_left = self._max_logits
        running = sorted(self._table.running.values(), key=lambda one: (one.unread > 1, one.rank))
        for sequence in running:
            if sequence.request.id in self._table.running:  # it was not preempted for one before it
                budget -= self._read(sequence, budget, rows)
        while budget > 0 and len(self._table.running) < self._max_sequences and self._table.waiting:
            sequence = self._table.waiting[0]
            prefix = self._known_prefix(sequence)
            # Room for all of it, and the token to come: else it would soon be preempted again.
            missing = self._blocks.needed(len(sequence.tokens) + 1) - len(prefix)
            if missing > self._blocks.free_beside(prefix) and self._table.running:
                break
            self._begin(self._table.waiting.pop(0), prefix)
            budget -= self._read(sequence, budget, rows)
        for row in rows:
            sequence = self._table.running[row.request.id]
            if not sequence.begun:
                sequence.begun = True
                begins(row.request.id)
        return tuple(rows)

    def _known_prefix(self, sequence: EngineSequence) -> list[int]:
        """The blocks in which the sequence's first tokens stand already, read for another or for itself."""
        if not self._prefix_caching:
            return []
        # One token at least is left to read: the logits come from it.
        readable = len(sequence.tokens) if sequence.scores_from is None else sequence.scores_from
        count = max(readable - 1, 0) // self._blocks.block_size
        extend_keys(sequence.keys, sequence.tokens, self._blocks.block_size, count)
        return self._blocks.known(sequence.keys[:count])

    def _begin(self, sequence: EngineSequence, prefix: list[int]) -> None:
        self._table.running[sequence.request.id] = sequence
        self._blocks.share(prefix)
        sequence.blocks = prefix
        sequence.remembered = len(prefix)
        sequence.past = len(prefix) * self._blocks.block_size
        if not sequence.begun:
            self._blocks.queried_tokens += len(sequence.tokens)
            self._blocks.found_tokens += sequence.past
            sequence.cached = sequence.past

    def _read(self, sequence: EngineSequence, budget: int, rows: list[BatchRow]) -> int:
        """Adds the sequence's row, preempting others for its blocks; returns how many tokens it reads."""
        count = min(sequence.unread, budget, self._scorable(sequence))
        if count == 0:
            return 0
        missing = self._blocks.needed(sequence.past + count) - len(sequence.blocks)
        while missing > self._blocks.free:
            victim = max(self._table.running.values(), key=lambda one: one.rank)
            if victim is sequence or any(row.request.id == victim.request.id for row in rows):
                # The last in rank itself, or one that this step reads already: this one waits instead.
                self._preempt(sequence)
                return 0
            self._preempt(victim)
        sequence.blocks += self._blocks.take(max(0, missing))
        row = _row(sequence, count)
        self._logits_left -= len(row.scored_places)
        rows.append(row)
        return count

    def _scorable(self, sequence: EngineSequence) -> int:
        """How many tokens of a sequence the step has room for, by the logits that its prompt wants."""
        first = sequence.scores_from
        if first is None:
            return sequence.unread
        scored_before = max(first - 1 - sequence.past, 0)
        unscored = len(sequence.request.prompt) - 1 - sequence.past - scored_before
        return sequence.unread if unscored <= self._logits_left else scored_before + self._logits_left

    def _preempt(self, sequence: EngineSequence) -> None:
        del self._table.running[sequence.request.id]
        self._blocks.give_back(sequence.blocks)
        sequence.blocks, sequence.past, sequence.remembered = [], 0, 0
        self._table.preemptions += 1
        self._table.wait(sequence)

    def commit(self, rows: tuple[BatchRow, ...]) -> None:
        """The step is done: what its rows read is in the cache, which remembers the blocks that are full."""
        size = self._blocks.block_size
        for row in rows:
            sequence = self._table.running[row.request.id]
            sequence.past += len(row.tokens)
            if row.scores_from is not None:
                read = min(sequence.past + 1, len(row.request.prompt))
                sequence.scored = max(sequence.scored, read)  # fewer, where it is read anew
            if not self._prefix_caching:
                continue
            full = sequence.past // size
            extend_keys(sequence.keys, sequence.tokens, size, full)
            for place in range(sequence.remembered, full):
                self._blocks.remember(sequence.blocks[place], sequence.keys[place])
            sequence.remembered = full


def _row(sequence: EngineSequence, count: int) -> BatchRow:
    end = sequence.past + count
    return BatchRow(
        request=sequence.request,
        seed=sequence.seed,
        tokens=sequence.tokens[sequence.past : end],
        past=sequence.past,
        blocks=tuple(sequence.blocks),
        length=len(sequence.tokens),
        history=sequence.tokens,
        cached=sequence.cached,
        scores_from=sequence.scores_from,
    )
