"""Blocks of the cache: each is free, or one sequence's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovpipe.calculators.engine.paging.block_pool import BlockPool


def test_blocks_are_taken_and_given_back() -> None:
    pool = BlockPool(4, 32)
    first = pool.take(3)
    assert (len(set(first)), pool.free, pool.usage) == (3, 1, 0.75)
    pool.give_back(first[:2])
    assert (pool.free, pool.usage) == (3, 0.25)
    assert set(pool.take(3)).isdisjoint(first[2:])


def test_more_blocks_than_are_free_are_not_given() -> None:
    pool = BlockPool(2, 32)
    with pytest.raises(ValueError, match="3 blocks are wanted and 2 are free"):
        pool.take(3)
    assert pool.free == 2


def test_a_block_is_given_back_once() -> None:
    pool = BlockPool(2, 32)
    (block,) = pool.take(1)
    pool.give_back([block])
    with pytest.raises(ValueError, match="is free already"):
        pool.give_back([block])


@pytest.mark.parametrize(("tokens", "blocks"), [(0, 0), (1, 1), (32, 1), (33, 2)])
def test_tokens_take_whole_blocks(tokens: int, blocks: int) -> None:
    assert BlockPool(8, 32).needed(tokens) == blocks


@given(st.lists(st.integers(0, 5), max_size=60))
def test_no_block_is_lost_or_given_twice(sizes: list[int]) -> None:
    pool = BlockPool(12, 16)
    held: list[list[int]] = []
    for size in sizes:
        if size <= pool.free:
            held.append(pool.take(size))
        elif held:
            pool.give_back(held.pop(0))
        taken = [block for blocks in held for block in blocks]
        assert len(set(taken)) == len(taken) == 12 - pool.free
