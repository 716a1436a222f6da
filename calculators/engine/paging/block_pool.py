"""BlockPool: which blocks of the KV cache are free, and which prefixes stand in them."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence


class BlockPool:
    """The blocks of the cache by number. Each is free, or belongs to one sequence or to several.

    A side packet: the scheduler alone takes blocks and gives them back. A full block may be remembered by a
    key that stands for its tokens and all before them. Then another sequence that begins alike shares it,
    instead of reading these tokens. A remembered block that nobody has counts as free; it is forgotten when
    its turn comes to be taken for something else, the one that was not used for longest first.
    """

    def __init__(self, count: int, block_size: int) -> None:
        self.count = count
        self.block_size = block_size
        """Tokens in a block."""
        self.queried_tokens = 0
        """Tokens of prompts that were looked up."""
        self.found_tokens = 0
        """Of these, the ones that stood in the cache."""
        self._blank = list(range(count - 1, -1, -1))
        self._idle: OrderedDict[int, None] = OrderedDict()
        """Remembered blocks that nobody has, the one unused for longest first."""
        self._owners: Counter[int] = Counter()
        self._leaving: Counter[int] = Counter()
        """Of a block's owners, those that write to a copy of it from the next step on."""
        self._blocks: dict[bytes, int] = {}
        self._keys: dict[int, bytes] = {}

    @property
    def free(self) -> int:
        """How many blocks can be taken."""
        return len(self._blank) + len(self._idle)

    @property
    def usage(self) -> float:
        """The part of the blocks that belong to a sequence, 0 to 1."""
        return len(self._owners) / self.count

    def needed(self, tokens: int) -> int:
        """How many blocks so many tokens take."""
        return -(-tokens // self.block_size)

    def take(self, count: int) -> list[int]:
        """Blocks to write to. Raises ValueError when not as many are free."""
        if count > self.free:
            raise ValueError(f"{count} blocks are wanted and {self.free} are free")
        blocks = [self._blank.pop() if self._blank else self._forgotten() for _ in range(count)]
        self._owners.update(blocks)
        return blocks

    def give_back(self, blocks: Iterable[int]) -> None:
        """A sequence needs its blocks no more. Raises ValueError for one that belongs to nobody."""
        # The last blocks of a sequence first: they are of use only together with those before them.
        for block in reversed(list(blocks)):
            if block not in self._owners:
                raise ValueError(f"block {block} is free already")
            self._owners[block] -= 1
            if self._owners[block]:
                continue
            del self._owners[block]
            if block in self._keys:
                self._idle[block] = None
            else:
                self._blank.append(block)

    # --- copy on write

    def is_writable(self, block: int) -> bool:
        """Whether one alone has the block, and nobody will look for what stands in it."""
        return self._owners[block] - self._leaving[block] <= 1 and block not in self._keys

    def take_copy(self, block: int) -> int:
        """A block for a copy of this one, whose owner keeps it until the copy is made."""
        (copy,) = self.take(1)
        self._leaving[block] += 1
        return copy

    def give_back_original(self, block: int) -> None:
        """The copy is made, or is not needed any more."""
        self._leaving[block] -= 1
        if not self._leaving[block]:
            del self._leaving[block]
        self.give_back([block])

    # --- prefixes

    def remember(self, block: int, key: bytes) -> None:
        """A block is full, and will not be written to again. Where another has the key, that one stays."""
        if key not in self._blocks and block not in self._keys:
            self._blocks[key] = block
            self._keys[block] = key

    def known(self, keys: Sequence[bytes]) -> list[int]:
        """The blocks with the first of these keys, up to the first that no block has."""
        found = []
        for key in keys:
            block = self._blocks.get(key)
            if block is None:
                break
            found.append(block)
        return found

    def free_beside(self, blocks: Iterable[int]) -> int:
        """How many blocks could be taken if somebody shared these."""
        return self.free - sum(block in self._idle for block in blocks)

    def share(self, blocks: Iterable[int]) -> None:
        """One more sequence has these blocks, which are known."""
        for block in blocks:
            self._idle.pop(block, None)
            self._owners[block] += 1

    def _forgotten(self) -> int:
        block, _ = self._idle.popitem(last=False)
        del self._blocks[self._keys.pop(block)]
        return block
