"""Keys of prefixes: what stands for the tokens of a full block and all before them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np


def extend_keys(keys: list[bytes], tokens: Sequence[int], block_size: int, count: int) -> None:
    """Adds keys for the full blocks of `tokens`, until there are `count`.

    Each is a hash of the key before it and the block's tokens. 16 bytes of BLAKE2: nobody finds two texts
    with the same key, so no text gets what was read of another.
    """
    while len(keys) < count:
        begin = len(keys) * block_size
        content = np.asarray(tokens[begin : begin + block_size], np.int64).tobytes()
        before = keys[-1] if keys else b""
        keys.append(blake2b(before + content, digest_size=16).digest())
