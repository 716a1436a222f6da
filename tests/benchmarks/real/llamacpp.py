"""llama.cpp's own server, from the package xllamacpp: a program for that package's venv.

python -m tests.benchmarks.real.llamacpp MODEL.gguf --port 8000 --streams 8 --context 320 --threads 2
"""

from __future__ import annotations

import argparse
import threading

import xllamacpp


def main() -> None:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    for name in ("port", "streams", "context", "threads"):
        parser.add_argument(f"--{name}", type=int, required=True)
    asked = parser.parse_args()
    params = xllamacpp.CommonParams()
    params.model.path = asked.model
    params.hostnames = ["127.0.0.1"]
    params.port = asked.port
    params.n_parallel = asked.streams
    params.n_ctx = asked.streams * asked.context
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = asked.threads
    # No prompt comes twice, so a cache of prompts could only cost.
    params.cache_prompt = False
    params.cache_ram_mib = 0
    params.verbosity = 0
    server = xllamacpp.Server(params)
    threading.Event().wait()
    del server


if __name__ == "__main__":
    main()
