"""A short name for what answers: the same while model, settings, graph and libraries are."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import openvino as ov

from ovpipe.engines.graph.options import GraphCoreOptions


def fingerprint(options: GraphCoreOptions, graph: Path) -> str:
    """OpenAI's system_fingerprint: "fp_" and ten hexadecimal digits.

    Of the weights only size and time are looked at: they may be many gigabytes.
    """
    folder = Path(options.models_path)
    digest = hashlib.sha256(msgspec.json.encode(options, order="deterministic"))
    digest.update(ov.__version__.encode())
    files = (
        graph,
        *(folder / name for name in ("openvino_model.xml", "generation_config.json", "config.json")),
    )
    for file in files:
        digest.update(file.read_bytes() if file.is_file() else b"")
    weights = (folder / "openvino_model.bin").stat()
    digest.update(f"{weights.st_size} {weights.st_mtime_ns}".encode())
    return f"fp_{digest.hexdigest()[:10]}"
