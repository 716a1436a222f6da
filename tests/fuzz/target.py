"""`python -m tests.fuzz.target NAME FOLDER [libFuzzer's options]`: fuzzes one part, guided by its coverage.

What is found to lead to new code is kept in the folder, and is where the next time begins.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

INSTRUMENTED = [
    "ovpipe.calculators.llm",
    "ovpipe.engines.wire",
    "ovpipe.graph",
    "ovpipe.serving.config_file",
    "ovpipe.serving.requests",
]

with atheris.instrument_imports(include=INSTRUMENTED):
    from tests.fuzz.targets import TARGETS


def main(name: str, folder: Path, options: list[str]) -> None:
    """Never returns: libFuzzer ends the process."""
    target = TARGETS[name]
    corpus = folder / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = folder / f"{name}.dict"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words()))
    given = [f"-dict={words}", f"-artifact_prefix={folder}/found-{name}-", *options]
    atheris.Setup([name, str(corpus), *given], target.run)
    atheris.Fuzz()


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
