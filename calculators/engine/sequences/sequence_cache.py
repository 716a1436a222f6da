"""SequenceCache: the blocks that sequences have of the cache."""

from __future__ import annotations

from ovpipe.calculators.engine.packets import BlockCopy
from ovpipe.calculators.engine.paging.block_pool import BlockPool
from ovpipe.calculators.engine.paging.prefix_keys import extend_keys
from ovpipe.calculators.engine.sequences.engine_sequence import EngineSequence


class SequenceCache:
    """Gives sequences their blocks and takes them back. The scheduler's alone.

    Sequences that begin alike share blocks. A block is written to by one of them only: who comes first to
    write to one that others have, or that is remembered for others, writes to a copy (copy on write). The
    model makes that copy in the step that writes; until this step is done, the original is kept.
    """

    def __init__(self, pool: BlockPool, *, prefix_caching: bool) -> None:
        self.pool = pool
        self.prefix_caching = prefix_caching
        """Whether requests share what they have in common."""

    def known_prefix(self, sequence: EngineSequence, readable: int) -> list[int]:
        """The blocks in which the first tokens stand already; the last of `readable` is left to be read."""
        if not self.prefix_caching:
            return []
        # One token at least is left to read: the logits come from it.
        count = max(readable - 1, 0) // self.pool.block_size
        extend_keys(sequence.keys, sequence.tokens, self.pool.block_size, count, sequence.adapter)
        return self.pool.known(sequence.keys[:count])

    def begin(self, sequence: EngineSequence, prefix: list[int]) -> None:
        """The sequence, which has no blocks, goes on behind a prefix that is known."""
        self.pool.share(prefix)
        sequence.blocks = prefix
        sequence.remembered = len(prefix)
        sequence.past = len(prefix) * self.pool.block_size

    def fork(self, source: EngineSequence, sequence: EngineSequence, past: int) -> None:
        """The sequence, which has no blocks, goes on behind the first `past` tokens of another.

        Both begin with these, and the other has read them.
        """
        full = past // self.pool.block_size
        sequence.blocks = source.blocks[: self.pool.needed(past)]
        self.pool.share(sequence.blocks)
        sequence.keys = source.keys[:full]
        sequence.remembered = min(source.remembered, full)
        sequence.past = past

    def missing(self, sequence: EngineSequence, count: int) -> int:
        """How many blocks must be taken before so many tokens more are read."""
        more = max(0, self.pool.needed(sequence.past + count) - len(sequence.blocks))
        return more + (self._shared_place(sequence) is not None)

    def extend(self, sequence: EngineSequence, count: int) -> None:
        """Takes these blocks, which must be free."""
        place = self._shared_place(sequence)
        if place is not None:
            source = sequence.blocks[place]
            sequence.blocks[place] = self.pool.take_copy(source)
            sequence.copy = BlockCopy(source, sequence.blocks[place])
        sequence.blocks += self.pool.take(self.missing(sequence, count))

    def room_behind(self, sequence: EngineSequence, end: int) -> int:
        """How many tokens behind position `end` it has blocks for, or could have."""
        return (len(sequence.blocks) + self.pool.free) * self.pool.block_size - end

    def reach(self, sequence: EngineSequence, end: int) -> None:
        """Takes blocks for all before position `end`, of one that has taken those for its own tokens."""
        sequence.blocks += self.pool.take(max(0, self.pool.needed(end) - len(sequence.blocks)))

    def commit(self, sequence: EngineSequence, count: int) -> None:
        """So many tokens more are in the cache, which remembers the blocks that are full.

        What was read beyond them counts for nothing: its blocks are given back, or are written over.
        """
        self._end_copy(sequence)
        sequence.past += count
        needed = self.pool.needed(sequence.past)
        self.pool.give_back(sequence.blocks[needed:])
        del sequence.blocks[needed:]
        if not self.prefix_caching:
            return
        full = sequence.past // self.pool.block_size
        extend_keys(sequence.keys, sequence.tokens, self.pool.block_size, full, sequence.adapter)
        for place in range(sequence.remembered, full):
            self.pool.remember(sequence.blocks[place], sequence.keys[place])
        sequence.remembered = full

    def release(self, sequence: EngineSequence) -> None:
        """The sequence has no blocks any more, and nothing of it counts as read."""
        self._end_copy(sequence)
        self.pool.give_back(sequence.blocks)
        sequence.blocks, sequence.past, sequence.remembered, sequence.drafts = [], 0, 0, ()

    def _shared_place(self, sequence: EngineSequence) -> int | None:
        """Where among the sequence's blocks the next token would be written to one that is not its own."""
        place = sequence.past // self.pool.block_size
        if place < len(sequence.blocks) and not self.pool.is_writable(sequence.blocks[place]):
            return place
        return None

    def _end_copy(self, sequence: EngineSequence) -> None:
        if sequence.copy is not None:
            self.pool.give_back_original(sequence.copy.source)
            sequence.copy = None
