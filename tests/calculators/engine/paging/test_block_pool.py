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


# --- copy on write


def test_a_block_is_written_to_when_one_alone_has_it_or_when_the_others_leave_it() -> None:
    pool = BlockPool(4, 32)
    (block,) = pool.take(1)
    assert pool.is_writable(block)
    pool.share([block])
    assert not pool.is_writable(block)
    pool.take_copy(block)
    assert pool.is_writable(block)
    assert pool.free == 2
    pool.give_back_original(block)
    assert (pool.is_writable(block), pool.free) == (True, 2)


def test_a_block_that_is_remembered_is_not_written_to() -> None:
    pool = BlockPool(4, 32)
    (block,) = pool.take(1)
    pool.remember(block, b"a")
    assert not pool.is_writable(block)


# --- prefixes


def test_a_full_block_is_shared_by_a_sequence_that_begins_alike() -> None:
    pool = BlockPool(4, 32)
    first = pool.take(2)
    pool.remember(first[0], b"a")
    pool.remember(first[1], b"ab")
    found = pool.known([b"a", b"ab", b"abc"])
    assert found == first
    pool.share(found)
    pool.give_back(first)
    assert pool.free == 2, "the other still has both"
    pool.give_back(found)
    assert (pool.free, pool.known([b"a", b"ab"])) == (4, first)


def test_a_prefix_ends_at_the_first_block_that_is_not_there() -> None:
    pool = BlockPool(4, 32)
    first = pool.take(2)
    pool.remember(first[1], b"ab")
    assert pool.known([b"a", b"ab"]) == []


def test_what_was_not_used_for_longest_is_forgotten_first_and_ends_before_beginnings() -> None:
    pool = BlockPool(3, 32)
    old = pool.take(1)
    pool.remember(old[0], b"old")
    pool.give_back(old)
    new = pool.take(2)
    pool.remember(new[0], b"a")
    pool.remember(new[1], b"ab")
    pool.give_back(new)
    pool.take(1)
    assert (pool.known([b"old"]), pool.known([b"a", b"ab"])) == ([], new)
    pool.take(1)
    assert pool.known([b"a", b"ab"]) == [new[0]]


def test_a_second_block_of_the_same_key_is_not_remembered() -> None:
    pool = BlockPool(2, 32)
    first, second = pool.take(2)
    pool.remember(first, b"a")
    pool.remember(second, b"a")
    pool.give_back([second])
    assert pool.known([b"a"]) == [first]
    assert pool.take(1) == [second], "it is blank"


def test_what_is_shared_is_not_free_for_others() -> None:
    pool = BlockPool(3, 32)
    blocks = pool.take(2)
    pool.remember(blocks[0], b"a")
    pool.give_back(blocks)
    assert (pool.free, pool.free_beside(blocks[:1])) == (3, 2)


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
