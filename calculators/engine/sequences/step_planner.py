"""StepPlanner: which sequences a step reads, and how much of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from ovpipe.calculators.engine.packets import BatchRow, BlockCopy, SearchedBeams
from ovpipe.calculators.engine.sequences.engine_sequence import EngineSequence
from ovpipe.calculators.engine.sequences.sequence_cache import SequenceCache
from ovpipe.calculators.engine.sequences.sequence_group import SequenceGroup
from ovpipe.calculators.engine.sequences.sequence_table import SequenceTable


class StepPlanner:
    """Continuous batching with chunked prefill.

    A step reads one token of each sequence that generates, then parts of prompts, up to `max_tokens` in all
    and of at most `max_sequences` sequences. Nobody is passed over: when the first of those that wait finds
    no room, all wait. When a sequence that runs finds no free block, the last in rank of those that run gives
    up its blocks and waits; the model will read it anew.

    A request begins behind what the cache knows of its text. While another reads the very same prompt, it
    follows that one: it has its place, reads nothing, and forks at the prompt's end.

    A prompt whose log-probabilities are wanted has a row of logits for each of its tokens, which are large: a
    step has room for `max_logits` of these, so it is read in smaller parts. What it has yet to score it reads
    itself, also where it stands in the cache; of several requests that want the same the first does it for
    all. What is left of that room, of the tokens and of the blocks when all have had their part of the step
    is for drafts.
    """

    def __init__(
        self,
        table: SequenceTable,
        cache: SequenceCache,
        *,
        max_tokens: int,
        max_sequences: int,
        max_logits: int,
    ) -> None:
        self._table = table
        self._cache = cache
        self._max_tokens = max_tokens
        self._max_sequences = max_sequences
        self._max_logits = self._logits_left = max_logits

    def plan(self, begins: Callable[[int], None]) -> tuple[tuple[BatchRow, ...], tuple[BlockCopy, ...]]:
        """The rows of the next step, and the copies before it.

        `begins` is called with each request whose prompt it begins.
        """
        rows: list[BatchRow] = []
        budget = self._max_tokens
        self._logits_left = self._max_logits
        running = sorted(self._table.running.values(), key=lambda one: (one.unread > 1, one.rank))
        for group in running:
            if group.request.id in self._table.running:  # it was not preempted for one before it
                budget -= self._read(group, budget, rows)
        while self._table.waiting and self._begin(self._table.waiting[0], budget):
            budget -= self._read(self._table.waiting.pop(0), budget, rows)
        for place, row in enumerate(rows):
            rows[place] = self._with_followers(self._with_drafts(row, budget))
            budget -= len(rows[place].drafts)
        read = {row.request.id for row in rows}
        for group in self._table.running.values():
            reader = group if group.leader is None else group.leader
            if not group.begun and (reader.begun or reader.request.id in read):
                group.begun = True
                begins(group.request.id)
        copies = [self._table.running[row.request.id].sequences[row.sequence].copy for row in rows]
        return tuple(rows), tuple(copy for copy in copies if copy is not None)

    def commit(self, rows: tuple[BatchRow, ...], accepted: Mapping[tuple[int, int], int]) -> None:
        """The step is done: what its rows read is in the cache.

        `accepted` is how many drafts were right, by request and sequence, which has these tokens by now.
        """
        for row in rows:
            group = self._table.running[row.request.id]
            sequence = group.sequences[row.sequence]
            right = accepted.get((row.request.id, row.sequence), 0)
            self._cache.commit(sequence, len(row.tokens) - len(row.drafts) + right)
            self._table.drafted_tokens += len(row.drafts)
            self._table.accepted_tokens += right
            if row.scores_from is not None:
                read = min(sequence.past + 1, len(row.request.prompt))
                group.scored = max(group.scored, read)  # fewer, where it is read anew
                for follower in self._followers(group):
                    if follower.request.id in row.scored_for:
                        follower.scored = group.scored
            if row.past < len(row.request.prompt) <= sequence.past:
                for follower in self._followers(group):
                    follower.leader = None
                    self._fork(group, follower)

    def go_on(self, found: SearchedBeams) -> None:
        """A beam search has come a token further. Its texts share what they have in common."""
        group = self._table.running[found.row.request.id]
        before, group.sequences = group.sequences, []
        for beam in found.next:
            source = before[beam.sequence]
            sequence = EngineSequence(source.tokens.copy(), adapter=source.adapter)
            self._cache.fork(source, sequence, source.past)
            group.sequences.append(sequence)
        for source in before:
            self._cache.release(source)
        for beam, sequence in zip(found.next, group.sequences, strict=True):
            sequence.tokens.append(beam.token)
        group.search = found.state

    def forget(self, request_id: int) -> None:
        """A request has ended, or is not wanted any more. Does nothing for one that is not there."""
        group = self._table.remove(request_id)
        if group is not None:
            self._release(group)

    # --- who begins

    def _begin(self, group: SequenceGroup, budget: int) -> bool:
        """Whether the first of those that wait can run; then it does."""
        if self._table.places + group.places > self._max_sequences:
            return False
        source = self._reader_of_the_same(group)
        if source is not None and source.reads_its_prompt:
            if not self._has_room(self._blocks_beside(source, group)):
                return False
            group.leader = source
        elif budget <= 0:
            return False
        elif source is not None:
            if not self._has_room(self._blocks_of_its_own(group)):
                return False
            self._fork(source, group)
        else:
            sequence = group.sequences[0]
            readable = len(sequence.tokens) if group.scores_from is None else group.scores_from
            prefix = self._cache.known_prefix(sequence, readable)
            if not self._has_room(self._blocks_to_begin(group) - len(prefix), prefix):
                return False
            self._cache.begin(sequence, prefix)
            self._count_cached(group)
        self._table.running[group.request.id] = group
        return True

    def _has_room(self, blocks: int, beside: list[int] | None = None) -> bool:
        """Whether so many can be taken and these be shared. What is alone finds room in any case."""
        return not self._table.running or blocks <= self._cache.pool.free_beside(beside or ())

    def _fork(self, source: SequenceGroup, group: SequenceGroup) -> None:
        """Begins a request behind another's prompt, except for its last token: logits come of reading one."""
        self._cache.fork(source.sequences[0], group.sequences[0], len(group.request.prompt) - 1)
        self._count_cached(group)

    def _count_cached(self, group: SequenceGroup) -> None:
        """Counts once what stood in the cache of a prompt: what is read after a preemption says nothing."""
        if group.cached is None:
            group.cached = group.sequences[0].past
            self._cache.pool.queried_tokens += len(group.request.prompt)
            self._cache.pool.found_tokens += group.cached

    # --- several with one prompt

    def _reader_of_the_same(self, group: SequenceGroup) -> SequenceGroup | None:
        """One that runs with this request's prompt: one that has read it, or else one that reads it."""
        if not self._cache.prefix_caching or not group.is_fresh:
            return None
        prompt, adapter = group.request.prompt, group.request.adapter
        found = [
            one
            for one in self._table.running.values()
            if one.leader is None
            and (one.request.prompt, one.request.adapter) == (prompt, adapter)
            and one.sequences[0].copy is None
            and (group.scores_from is None or one.scores_the_same(group))
        ]
        return min(found, key=lambda one: one.reads_its_prompt, default=None)

    def _followers(self, group: SequenceGroup) -> list[SequenceGroup]:
        return [one for one in self._table.running.values() if one.leader is group]

    def _blocks_to_begin(self, group: SequenceGroup) -> int:
        """Blocks for its text and the token to come, of each beam: else it would soon be preempted again."""
        pool = self._cache.pool
        whole = pool.needed(len(group.sequences[0].tokens) + 1)
        shared = len(group.request.prompt) // pool.block_size
        return whole + (group.places - 1) * (whole - shared)

    def _blocks_of_its_own(self, group: SequenceGroup) -> int:
        """How many blocks a fork takes for what it will write: the prompt's last token, and one to come."""
        return self._blocks_to_begin(group) - (len(group.request.prompt) - 1) // self._cache.pool.block_size

    def _blocks_beside(self, leader: SequenceGroup, group: SequenceGroup) -> int:
        """How many blocks the leader takes until it has read its text, and then all that follow it."""
        sequence = leader.sequences[0]
        followers = len(self._followers(leader)) + 1
        return self._cache.missing(sequence, sequence.unread) + followers * self._blocks_of_its_own(group)

    # --- the rows

    def _read(self, group: SequenceGroup, budget: int, rows: list[BatchRow]) -> int:
        """Adds the request's rows, preempting others for its blocks; returns how many tokens they read.

        The beams of a search go on together: a step has a row for each, or none.
        """
        beams = len(group.sequences)
        count = min(group.unread, budget // beams, self._scorable(group))
        if group.leader is not None or count == 0:
            return 0
        for sequence in group.sequences:
            if not self._make_room(group, sequence, count, rows):
                return 0
            self._cache.extend(sequence, count)
        own = [row_of(group, number, count) for number in range(beams)]
        self._logits_left -= sum(len(row.scored_places) for row in own)
        rows += own
        return count * beams

    def _make_room(
        self, group: SequenceGroup, sequence: EngineSequence, count: int, rows: list[BatchRow]
    ) -> bool:
        """Preempts others until one of a request's sequences has its blocks; False: it was itself."""
        while self._cache.missing(sequence, count) > self._cache.pool.free:
            victim = self._last_in_rank(group)
            if victim is group or any(row.request.id == victim.request.id for row in rows):
                # The last in rank itself, or one that this step reads already: this one waits instead.
                self._preempt(group)
                return False
            self._preempt(victim)
        return True

    def _scorable(self, group: SequenceGroup) -> int:
        """How many tokens the step has room for, by the logits that the request's prompt wants."""
        first, sequence = group.scores_from, group.sequences[0]
        if first is None:
            return sequence.unread
        scored_before = max(first - 1 - sequence.past, 0)
        unscored = len(group.request.prompt) - 1 - sequence.past - scored_before
        return sequence.unread if unscored <= self._logits_left else scored_before + self._logits_left

    def _with_followers(self, row: BatchRow) -> BatchRow:
        """The row with those that wait for the same log-probabilities of the prompt."""
        if row.scores_from is None:
            return row
        group = self._table.running[row.request.id]
        same = tuple(one.request.id for one in self._followers(group) if one.scores_the_same(group))
        return msgspec.structs.replace(row, scored_for=same) if same else row

    def _with_drafts(self, row: BatchRow, budget: int) -> BatchRow:
        """The row with as many of its drafts as there is room for without anybody's giving way."""
        sequence = self._table.running[row.request.id].sequences[row.sequence]
        if not sequence.drafts or not row.samples:
            return row
        end = row.past + len(row.tokens)
        room = min(budget, self._logits_left, self._cache.room_behind(sequence, end))
        drafts = sequence.drafts[: max(0, room)]
        self._cache.reach(sequence, end + len(drafts))
        self._logits_left -= len(drafts)
        return msgspec.structs.replace(
            row, tokens=[*row.tokens, *drafts], blocks=tuple(sequence.blocks), drafts=drafts
        )

    def _last_in_rank(self, group: SequenceGroup) -> SequenceGroup:
        """Of this one, and of all that run and hold blocks."""
        running = self._table.running.values()
        return max((one for one in running if one is group or one.has_blocks), key=lambda one: one.rank)

    def _preempt(self, group: SequenceGroup) -> None:
        del self._table.running[group.request.id]
        self._release(group)
        if group.search is not None:
            group.start()
        self._table.preemptions += 1
        self._table.wait(group)

    def _release(self, group: SequenceGroup) -> None:
        """Takes the blocks of one that runs no more. Those that followed it wait for their turn again."""
        for sequence in group.sequences:
            self._cache.release(sequence)
        group.leader = None
        for follower in self._followers(group):
            del self._table.running[follower.request.id]
            follower.leader = None
            self._table.wait(follower)


def row_of(group: SequenceGroup, number: int, count: int) -> BatchRow:
    """The next tokens of one of a request's sequences."""
    sequence = group.sequences[number]
    end = sequence.past + count
    return BatchRow(
        request=group.request,
        seed=group.seed,
        sequence=number,
        tokens=sequence.tokens[sequence.past : end],
        past=sequence.past,
        blocks=tuple(sequence.blocks),
        length=len(sequence.tokens),
        history=sequence.tokens,
        cached=group.cached or 0,
        search=group.search,
        scores_from=group.scores_from,
    )
