"""Which prompts genai's next step reads. genai itself does not say it; this follows its scheduler."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ovpipe.engines.genai.sequence import LiveSequence
from ovpipe.engines.protocol import EngineInfo


def read_next(running: Iterable[LiveSequence], info: EngineInfo, free_blocks: int) -> Iterator[LiveSequence]:
    """The sequences, in the order of their coming, of whose prompts the next step reads a part.

    With dynamic_split_fuse those that generate take a token each of the step's batch, and prompts share the
    rest. Without it, prompts come first and whole. A prompt that finds no block of the cache free waits.
    Where prompts share a cached beginning, genai is faster than this foresees.
    """
    running = list(running)
    if not any(one.prompt_read for one in running):  # none of them holds a block: the figure lags behind
        free_blocks = info.num_kv_blocks
    room = info.max_num_batched_tokens
    if info.dynamic_split_fuse:
        room -= sum(one.demand.sequences * one.demand.tokens for one in running if one.is_read)
    for sequence in running:
        if sequence.is_read:
            continue
        rest = len(sequence.request.prompt) - sequence.prompt_read
        taken = min(rest, room, free_blocks * info.block_size)
        if taken <= 0 or (not info.dynamic_split_fuse and taken < rest):
            return
        room -= taken
        free_blocks -= -(-taken // info.block_size)
        sequence.prompt_read += taken
        yield sequence
