"""The steps a core takes before its first request: the first of each shape compile and repack."""

from __future__ import annotations

import time
from collections.abc import Callable

from ovpipe.engines.backend import EngineCore
from ovpipe.engines.messages import Progress
from ovpipe.engines.protocol import Delta, EngineInfo, GenerateRequest, SamplingParams

_NEW_TOKENS = 4
_BATCH = 8
_SETTLE_STEPS = 8


def warm_up(core: EngineCore, report: Callable[[Progress], None]) -> float:
    """Runs a few small requests, alone and together, and leaves the cache empty.

    Returns the seconds a token that reading a long prompt has taken; 0 where there is no room for one.
    """
    rounds = _rounds(core.info)
    request_id, seconds_per_token = 0, 0.0
    for done, (detail, prompt_lengths) in enumerate(rounds):
        report(Progress(phase="warm_up", detail=detail, fraction=done / len(rounds)))
        waiting = set()
        for length in prompt_lengths:
            request_id += 1
            core.add(_request(request_id, length, core.info))
            waiting.add(request_id)
        began, read = time.perf_counter(), False
        while waiting:
            outcomes = core.step()
            if outcomes and not read:  # the longest prompt is the last
                read, seconds_per_token = True, (time.perf_counter() - began) / max(prompt_lengths)
            for outcome in outcomes:
                if not isinstance(outcome, Delta):
                    raise RuntimeError(f"a warm-up request was refused: {outcome.message}")
                if outcome.finish is not None:
                    waiting.discard(outcome.request)
    settle(core)
    report(Progress(phase="warm_up", detail="warm", fraction=1.0))
    return seconds_per_token


def settle(core: EngineCore) -> None:
    """Steps until the cache is empty by the core's own account, which is a few steps late."""
    for _ in range(_SETTLE_STEPS):
        core.step()
        if core.stats().kv_cache_usage == 0:
            break


def _rounds(info: EngineInfo) -> list[tuple[str, list[int]]]:
    """Lengths of prompts that run together, round by round; none that this engine must refuse."""
    room = info.cache_tokens if info.context_length is None else min(info.cache_tokens, info.context_length)
    longest = min(room - _NEW_TOKENS, info.max_num_batched_tokens)
    if longest < 1:
        return []
    short, above_a_block = min(8, longest), min(info.block_size + 8, longest)
    batch = [min(4 + 4 * n, longest) for n in range(min(_BATCH, info.max_num_seqs))]
    return [
        ("one short request", [short]),
        ("one request longer than a block", [above_a_block]),
        (f"{len(batch)} requests together", batch),
        (f"a prompt of {longest} tokens", [longest]),
    ]


def _request(request_id: int, length: int, info: EngineInfo) -> GenerateRequest:
    """Distinct prompts, so that none is found in the prefix cache; every other one sampled."""
    prompt = [(request_id * 31 + n * 7) % info.vocab_size for n in range(length)]
    sampling = SamplingParams(
        max_tokens=_NEW_TOKENS, temperature=float(request_id % 2), seed=request_id, ignore_eos=True
    )
    return GenerateRequest(request_id, prompt, sampling)
