"""The core `graph` with no server and no process around it, as bare_loop.py has openvino-genai.

    python -m tests.benchmarks.graph_loop '{"models_path": ..., "num_kv_blocks": ..., ...}'

The argument are the core's options. Jobs and answers are those of bare_loop.py. A job may have `sampling`,
fields of SamplingParams; without it, it is greedy.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from typing import Any

from ovpipe.engine_graph.core import GraphCore
from ovpipe.engine_graph.loading import load_graph_core
from ovpipe.engines.protocol import Delta, GenerateRequest, SamplingParams

request_ids = itertools.count(1_000_000)


def generate_all(
    core: GraphCore, prompts: list[list[int]], max_tokens: int, sampling: dict[str, Any]
) -> dict[str, Any]:
    """Adds all prompts at once and steps until each has its tokens."""
    params = SamplingParams(**{"temperature": 0, **sampling}, max_tokens=max_tokens, ignore_eos=True)
    tokens = [0] * len(prompts)
    first = [0.0] * len(prompts)
    began = time.perf_counter()
    live = {}
    for index, prompt in enumerate(prompts):
        request = GenerateRequest(next(request_ids), prompt, params)
        core.add(request)
        live[request.id] = index
    decoded = 0
    while live:
        deltas = core.step()
        before, together = sum(tokens), all(first)
        for delta in deltas:
            if not isinstance(delta, Delta):
                raise RuntimeError(delta.message)
            index = live[delta.request]
            tokens[index] += len(delta.tokens)
            first[index] = first[index] or time.perf_counter() - began
            if delta.finish is not None:
                del live[delta.request]
        decoded += sum(tokens) - before if together else 0
    return {
        "seconds": time.perf_counter() - began,
        "first": first,
        "prompt_tokens": [len(prompt) for prompt in prompts],
        "tokens": tokens,
        "decoded": decoded,
    }


def main() -> None:
    """Loads, and answers jobs until the input ends."""
    core = load_graph_core(json.loads(sys.argv[1]), lambda said: None)
    sys.stdout.write("{}\n")
    sys.stdout.flush()
    for line in sys.stdin:
        job = json.loads(line)
        answer = generate_all(core, job["prompts"], job["max_tokens"], job.get("sampling", {}))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
