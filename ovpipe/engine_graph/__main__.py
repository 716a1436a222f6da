"""The engine's process with the core `graph`: `python -m ovpipe.engine_graph --fd N --parent PID`.

`--calculators DIR`, once for each, names the folders of a project's own calculators.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from ovpipe.engine_graph.loading import load_graph_core
from ovpipe.engines.process.host import main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--calculators", type=Path, action="append", default=[])
    own, others = parser.parse_known_args()
    main(partial(load_graph_core, calculator_folders=own.calculators), others)
