"""openvino-genai with nothing around it: what a server's tokens a second are measured against.

    python tests/benchmarks/bare_loop.py '{"models_path": ..., "device": ..., "scheduler": {...}, ...}'

The process says a line when it has loaded. It then reads jobs from its standard input, a line of JSON
each, and answers with a line each, the same that light_client.py gives:

    {"max_tokens": 128, "prompts": [[1, 2, ...], ...]}
    {"seconds": 1.2, "first": [0.1, ...], "prompt_tokens": [64, ...], "tokens": [128, ...], "decoded": 3968}

`decoded` are the tokens that came after the step that brought the last of the first ones.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from typing import Any

import numpy as np
import openvino as ov
import openvino_genai

request_ids = itertools.count(1)


def load(options: dict[str, Any]) -> Any:
    """The pipeline. `scheduler` are fields of SchedulerConfig."""
    scheduler = openvino_genai.SchedulerConfig()
    for name, value in options["scheduler"].items():
        setattr(scheduler, name, value)
    return openvino_genai.ContinuousBatchingPipeline(
        options["models_path"], scheduler, options["device"], options["plugin_config"]
    )


def generate_all(pipeline: Any, prompts: list[list[int]], max_tokens: int) -> dict[str, Any]:
    """Adds all prompts at once and steps until each has its tokens."""
    config = openvino_genai.GenerationConfig()
    config.max_new_tokens = max_tokens
    config.ignore_eos = True
    tokens = [0] * len(prompts)
    first = [0.0] * len(prompts)
    began = time.perf_counter()
    live = {
        index: pipeline.add_request(next(request_ids), ov.Tensor(np.array([prompt], np.int64)), config)
        for index, prompt in enumerate(prompts)
    }
    decoded = 0
    while live:
        pipeline.step()
        before, together = sum(tokens), all(first)
        for index, handle in list(live.items()):
            if not handle.can_read():
                continue
            for output in handle.read().values():
                tokens[index] += len(output.generated_ids)
            first[index] = first[index] or time.perf_counter() - began
            if tokens[index] >= max_tokens:
                del live[index]
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
    pipeline = load(json.loads(sys.argv[1]))
    sys.stdout.write("{}\n")
    sys.stdout.flush()
    for line in sys.stdin:
        job = json.loads(line)
        sys.stdout.write(json.dumps(generate_all(pipeline, job["prompts"], job["max_tokens"])) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
