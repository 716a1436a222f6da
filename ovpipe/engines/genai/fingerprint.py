"""A short name for what answers: the same while model, settings and libraries are."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import openvino as ov
import openvino_genai

from ovpipe.engines.genai.options import GenaiOptions


def fingerprint(options: GenaiOptions, models_path: Path, precision: str) -> str:
    """OpenAI's system_fingerprint: "fp_" and ten hexadecimal digits.

    `precision` is what the model computes in, whichever option says so. Of the weights only size and time are
    looked at: they may be many gigabytes.
    """
    settings = msgspec.to_builtins(options)
    settings["precision"] = precision
    digest = hashlib.sha256(msgspec.json.encode(settings, order="deterministic"))
    digest.update(f"{ov.__version__} {openvino_genai.__version__}".encode())
    for name in ("openvino_model.xml", "generation_config.json", "config.json"):
        file = models_path / name
        digest.update(file.read_bytes() if file.is_file() else b"")
    weights = (models_path / "openvino_model.bin").stat()
    digest.update(f"{weights.st_size} {weights.st_mtime_ns}".encode())
    return f"fp_{digest.hexdigest()[:10]}"
