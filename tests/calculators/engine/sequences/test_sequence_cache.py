"""Blocks of sequences: what begins alike is shared, and what is written to belongs to one."""

from __future__ import annotations

from ovpipe.calculators.engine.paging.block_pool import BlockPool
from ovpipe.calculators.engine.sequences.engine_sequence import EngineSequence
from ovpipe.calculators.engine.sequences.sequence_cache import SequenceCache


def read(cache: SequenceCache, sequence: EngineSequence, count: int) -> None:
    cache.extend(sequence, count)
    cache.commit(sequence, count)


def cache_of(blocks: int) -> SequenceCache:
    return SequenceCache(BlockPool(blocks, 4), prefix_caching=True)


def test_of_two_that_share_a_block_the_first_to_write_gets_a_copy_and_the_other_keeps_it() -> None:
    cache = cache_of(4)
    first, second = EngineSequence([1, 2, 3]), EngineSequence([1, 2, 3])
    read(cache, first, 3)
    cache.fork(first, second, 2)
    assert (first.blocks, cache.missing(second, 1)) == (second.blocks, 1)
    (shared,) = first.blocks
    cache.extend(second, 1)
    assert second.copy == (shared, second.blocks[0])
    assert cache.missing(first, 1) == 0, "the other leaves it in this very step"
    cache.extend(first, 1)
    assert (first.copy, first.blocks) == (None, [shared])


def test_an_original_is_kept_until_its_copy_is_made_even_if_its_other_owner_goes() -> None:
    cache = cache_of(2)
    first, second = EngineSequence([1, 2, 3]), EngineSequence([1, 2, 3])
    read(cache, first, 3)
    cache.fork(first, second, 2)
    cache.extend(second, 1)
    cache.release(first)
    assert cache.pool.free == 0
    cache.commit(second, 1)
    assert cache.pool.free == 1


def test_a_step_that_is_repeated_makes_the_same_copy_again() -> None:
    cache = cache_of(4)
    first, second = EngineSequence([1, 2, 3]), EngineSequence([1, 2, 3])
    read(cache, first, 3)
    cache.fork(first, second, 2)
    cache.extend(second, 1)
    planned = second.copy
    cache.extend(second, 1)
    assert (second.copy, cache.pool.free) == (planned, 2)


def test_one_that_goes_before_its_copy_is_made_leaves_nothing_behind() -> None:
    cache = cache_of(4)
    first, second = EngineSequence([1, 2, 3]), EngineSequence([1, 2, 3])
    read(cache, first, 3)
    cache.fork(first, second, 2)
    cache.extend(second, 1)
    cache.release(second)
    assert cache.pool.free == 3
    cache.release(first)
    assert cache.pool.free == 4


def test_a_full_block_that_others_may_look_for_is_not_written_to_even_by_its_only_owner() -> None:
    cache = cache_of(4)
    first, second = EngineSequence([1, 2, 3, 4]), EngineSequence([1, 2, 9])
    read(cache, first, 4)
    cache.fork(first, second, 2)
    cache.release(first)
    remembered = second.blocks[0]
    read(cache, second, 1)
    assert second.blocks != [remembered]
    assert cache.known_prefix(EngineSequence([1, 2, 3, 4, 5]), 5) == [remembered]


def test_a_fork_at_the_end_of_a_block_shares_full_blocks_and_copies_nothing() -> None:
    cache = cache_of(4)
    first, second = EngineSequence(list(range(9))), EngineSequence(list(range(9)))
    read(cache, first, 9)
    cache.fork(first, second, 8)
    cache.extend(second, 1)
    assert (second.blocks[:2], second.copy) == (first.blocks[:2], None)
    assert second.blocks[2] != first.blocks[2]
