"""BlockPool: which blocks of the KV cache are free."""

from __future__ import annotations

from collections.abc import Iterable


class BlockPool:
    """The blocks of the cache by number. Each belongs to one sequence, or is free.

    A side packet: the scheduler alone takes blocks and gives them back.
    """

    def __init__(self, count: int, block_size: int) -> None:
        self.count = count
        self.block_size = block_size
        """Tokens in a block."""
        self._free = list(range(count - 1, -1, -1))
        self._taken: set[int] = set()

    @property
    def free(self) -> int:
        """How many blocks are free."""
        return len(self._free)

    @property
    def usage(self) -> float:
        """The part of the blocks in use, 0 to 1."""
        return len(self._taken) / self.count

    def needed(self, tokens: int) -> int:
        """How many blocks so many tokens take."""
        return -(-tokens // self.block_size)

    def take(self, count: int) -> list[int]:
        """Blocks that were free. Raises ValueError when there are not as many."""
        if count > len(self._free):
            raise ValueError(f"{count} blocks are wanted and {len(self._free)} are free")
        blocks = [self._free.pop() for _ in range(count)]
        self._taken.update(blocks)
        return blocks

    def give_back(self, blocks: Iterable[int]) -> None:
        """Blocks are free again. Raises ValueError for one that is free already."""
        for block in blocks:
            if block not in self._taken:
                raise ValueError(f"block {block} is free already")
            self._taken.remove(block)
            self._free.append(block)
