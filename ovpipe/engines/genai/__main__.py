"""The engine's process with the genai core: `python -m ovpipe.engines.genai --fd N --parent PID`."""

from __future__ import annotations

from ovpipe.engines.genai.loading import load_genai_core
from ovpipe.engines.process.host import main

if __name__ == "__main__":
    main(load_genai_core)
