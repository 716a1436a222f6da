"""What a request takes of genai, and how much of it there is where genai must not run out of it."""

from __future__ import annotations

from math import ceil

from ovpipe.engines.admission import blocks_needed
from ovpipe.engines.genai.admission_queue import Demand, Room
from ovpipe.engines.genai.options import GenaiOptions
from ovpipe.engines.genai.sampling import SpeculativeDecoding
from ovpipe.engines.protocol import EngineInfo, GenerateRequest


def whole_room(info: EngineInfo, options: GenaiOptions) -> Room:
    """What may run at once when nothing runs.

    Where the cache is full genai preempts a sequence, which reads its text again later. Prompt lookup throws
    in step() when it cannot schedule all tokens that it has drafted, for want of room in the batch or in the
    cache. Cache eviction throws when it reads a text again of which it has evicted a part. So their requests
    get their room for good before they start.
    """
    if options.prompt_lookup:
        return Room(
            sequences=info.max_num_seqs, tokens=info.max_num_batched_tokens, blocks=info.num_kv_blocks
        )
    if options.cache_eviction_config is not None:
        return Room(sequences=info.max_num_seqs, blocks=info.num_kv_blocks)
    return Room(sequences=info.max_num_seqs)


def demand_of(
    request: GenerateRequest, speculation: SpeculativeDecoding, info: EngineInfo, options: GenaiOptions
) -> Demand:
    """What a request takes, up to its longest text."""
    sampling, prompt = request.sampling, len(request.prompt)
    blocks = blocks_needed(prompt, sampling, info.block_size)
    if options.cache_eviction_config is not None:
        # The whole prompt is read before anything of it is evicted. Then one block more than the cache may
        # keep is being filled.
        kept = options.cache_eviction_config.max_cache_size // info.block_size + 1
        blocks = min(blocks, max(kept, ceil((prompt + 1) / info.block_size)))
    return Demand(
        sequences=1 if sampling.beams is None else sampling.beams.width,
        tokens=1 + (speculation.num_assistant_tokens or 0),
        blocks=blocks,
    )
