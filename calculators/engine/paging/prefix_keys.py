"""Keys of prefixes: what stands for the tokens of a full block and all before them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np


def extend_keys(
    keys: list[bytes], tokens: Sequence[int], block_size: int, count: int, adapter: str | None = None
) -> None:
    """Adds keys for the full blocks of `tokens`, until there are `count`.

    Each is a hash of the key before it and the block's tokens. 16 bytes of BLAKE2: nobody finds two texts
    with the same key, so no text gets what was read of another. What was read through an `adapter` is of use
    to its own texts only, so its name begins their chain.
    """
    while len(keys) < count:
        begin = len(keys) * block_size
        content = np.asarray(tokens[begin : begin + block_size], np.int64).tobytes()
        first = b"" if adapter is None else blake2b(adapter.encode(), digest_size=16).digest()
        before = keys[-1] if keys else first
        keys.append(blake2b(before + content, digest_size=16).digest())
