"""The engine's process with the core `graph`: `python -m ovpipe.engine_graph --fd N --parent PID`."""

from __future__ import annotations

from ovpipe.engine_graph.loading import load_graph_core
from ovpipe.engines.process.host import main

if __name__ == "__main__":
    main(load_graph_core)
